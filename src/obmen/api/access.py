"""Who asks: Basic, session cookie and the tokens of processes, before any handler of the API runs.

Sets ``request.user`` to the `Caller`; a Basic sign-in answers with its session cookie, as documented.
"""

from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Message, Scope

from obmen.domain.rights.policies import Caller
from obmen.errors import Forbidden, NotAuthenticated
from obmen.settings import Settings

if TYPE_CHECKING:
    from obmen.api.rates import Rates
    from obmen.services.application import Application

OPEN: Final = "open_to_all"
"""The key in ``opt`` of handlers that anybody may call."""
_UNSAFE: Final = ("POST", "PUT", "PATCH", "DELETE")
_NEW_SESSION: Final = "obmen_new_session"

Connection = ASGIConnection[Any, Any, Any, Any]


class Access(AbstractAuthenticationMiddleware):
    """Signs in, or `NotAuthenticated`."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, exclude_from_auth_key=OPEN, exclude_http_methods=(), scopes={ScopeType.HTTP})

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """The caller; counts how often they ask."""
        obmen: Application = connection.app.state.obmen
        rates: Rates = connection.app.state.rates
        address = client_address(connection)
        rates.count_address(address)
        header = connection.headers.get("authorization", "")
        if header[:6].lower() == "basic ":
            signed_in = await obmen.accounts.basic(header, address)
            remember(connection.scope, signed_in.token)
            caller = signed_in.caller
        elif header[:7].lower() == "bearer ":
            caller = obmen.accounts.bearer(header)
        else:
            caller = await obmen.accounts.session(_token(connection, obmen.settings))
            require_same_origin(connection, obmen.settings)
        rates.count_user(caller.user_id)
        return AuthenticationResult(user=caller, auth=None)


async def cookie_caller(connection: Connection) -> Caller | None:
    """Whose session cookie comes with a request that needs none; ``None`` without one, or where another site sent it."""
    obmen: Application = connection.app.state.obmen
    try:
        caller: Caller = await obmen.accounts.session(_token(connection, obmen.settings))
        require_same_origin(connection, obmen.settings)
    except (NotAuthenticated, Forbidden):
        return None
    return caller


def _token(connection: Connection, settings: Settings) -> str:
    token = connection.cookies.get(settings.http.cookie)
    if not token:
        raise NotAuthenticated("access.sign_in")
    return token


def remember(scope: Scope, token: str) -> None:
    """The answer to this request will carry the cookie of a new session; an empty token ends the old one."""
    scope["state"][_NEW_SESSION] = token


async def send_cookie(message: Message, scope: Scope) -> None:
    """Adds the cookie of `remember` to the answer."""
    token = scope["state"].get(_NEW_SESSION)
    if token is None or message["type"] != "http.response.start":
        return
    settings: Settings = scope["litestar_app"].state.obmen.settings
    cookie: SimpleCookie = SimpleCookie()
    cookie[settings.http.cookie] = token
    morsel = cookie[settings.http.cookie]
    morsel["path"], morsel["samesite"], morsel["httponly"] = "/", "Lax", True
    morsel["secure"] = settings.url.startswith("https:")
    morsel["max-age"] = settings.http.session_days * 86_400 if token else 0
    headers = list(message.get("headers", ()))
    message["headers"] = [*headers, (b"set-cookie", morsel.OutputString().encode())]


def client_address(connection: Connection) -> str:
    """The address the request comes from."""
    return connection.client.host if connection.client else ""


def require_same_origin(connection: Connection, settings: Settings) -> None:
    """`Forbidden` where another site's page makes a browser change something with its cookie."""
    if connection.scope.get("method") not in _UNSAFE:
        return
    origin = connection.headers.get("origin")
    if origin is None:
        site = connection.headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin"):
            raise Forbidden("access.other_origin", origin=site)
    elif urlsplit(origin).netloc not in (connection.headers.get("host"), urlsplit(settings.url).netloc):
        raise Forbidden("access.other_origin", origin=origin)
