"""Who asks: Basic, session cookie and the tokens of processes, before any handler of the API runs.

Sets ``request.user`` to the `Caller`; a Basic sign-in answers with its session cookie, as documented.
"""

from http.cookies import SimpleCookie
from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Scope

from obmen.api.connections import Connection, application, client_address, count_address, count_user, session_token
from obmen.domain.field_types import shown
from obmen.domain.requests.addresses import is_own_origin
from obmen.domain.rights.policies import Caller
from obmen.errors import Forbidden, NotAuthenticated
from obmen.settings import Settings

OPEN: Final = "open_to_all"
"""The key in ``opt`` of handlers that anybody may call."""
_UNSAFE: Final = ("POST", "PUT", "PATCH", "DELETE")
_NEW_SESSION: Final = "obmen_new_session"


class Access(AbstractAuthenticationMiddleware):
    """Signs in, or `NotAuthenticated`."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, exclude_from_auth_key=OPEN, exclude_http_methods=(), scopes={ScopeType.HTTP})

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """The caller; counts how often they ask."""
        obmen = application(connection)
        header = connection.headers.get("authorization", "")
        scheme = header.partition(" ")[0].lower()
        if scheme == "bearer":
            try:  # a process: its steps are limited, not its requests
                return AuthenticationResult(user=obmen.accounts.bearer(header), auth=None)
            except NotAuthenticated:
                count_address(connection)
                raise
        count_address(connection)
        if scheme == "basic":
            signed_in = await obmen.accounts.basic(header, client_address(connection))
            remember(connection.scope, signed_in.token)
            caller = signed_in.caller
        else:
            caller = await obmen.accounts.session(session_token(connection))
            require_same_origin(connection)
        count_user(connection, caller.user_id)
        return AuthenticationResult(user=caller, auth=None)


async def cookie_caller(connection: Connection) -> Caller | None:
    """Whose session cookie comes with a request that needs none; ``None`` without one, or where another site may have sent it."""
    obmen = application(connection)
    if _other_site(connection) is not None:
        return None
    try:
        return await obmen.accounts.session(session_token(connection))
    except NotAuthenticated:
        return None


def remember(scope: Scope, token: str) -> None:
    """The answer to this request will carry the cookie of a new session; an empty token ends the old one."""
    scope["state"][_NEW_SESSION] = token


def session_cookie(scope: Scope, settings: Settings) -> str | None:
    """The ``Set-Cookie`` header that `remember` asked for."""
    token: str | None = scope["state"].get(_NEW_SESSION)
    if token is None:
        return None
    cookie: SimpleCookie = SimpleCookie()
    cookie[settings.http.cookie] = token
    morsel = cookie[settings.http.cookie]
    morsel["path"], morsel["samesite"], morsel["httponly"] = "/", "Lax", True
    morsel["secure"] = settings.url.startswith("https:")
    morsel["max-age"] = settings.http.session_days * 86_400 if token else 0
    return morsel.OutputString()


def require_same_origin(connection: Connection) -> None:
    """`Forbidden` where another site's page makes a browser change something with its cookie."""
    site = _other_site(connection) if connection.scope.get("method") in _UNSAFE else None
    if site is not None:
        raise Forbidden("access.other_origin", origin=shown(site))


def _other_site(connection: Connection) -> str | None:
    """What says that another site than Obmen's own may have made a browser send this request; ``None``: nothing does.

    The first of these headers decides: ``Origin``, ``Sec-Fetch-Site``, ``Referer``. A browser that opens a link over plain HTTP may send
    none of them, but does send ``Upgrade-Insecure-Requests``; a client that is no browser sends none of the four.
    """
    headers = connection.headers
    if (origin := headers.get("origin")) is not None:
        return None if _is_own(connection, origin) else origin
    if (site := headers.get("sec-fetch-site")) is not None:
        return None if site in ("none", "same-origin") else site
    if (referer := headers.get("referer")) is not None:
        return None if _is_own(connection, "/".join(referer.split("/", 3)[:3])) else referer
    return "unknown" if "upgrade-insecure-requests" in headers else None


def _is_own(connection: Connection, origin: str) -> bool:
    return is_own_origin(origin, connection.headers.get("host", ""), application(connection).settings.url)
