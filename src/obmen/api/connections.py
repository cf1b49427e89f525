"""What every connection has: the application it came to, the client's address, how often that one asks."""

from typing import Any, Final, TypeAlias, cast

from litestar.connection import ASGIConnection
from litestar.types import Scope

from obmen.api.body_budget import BodyBudget
from obmen.api.rates import Rates, Window, require_left
from obmen.domain.requests.addresses import TrustedProxies, network_of
from obmen.domain.requests.cookies import read_cookies
from obmen.services.application import Application

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]

_WINDOW: Final = "obmen_window"


def application(connection: Connection) -> Application:
    """The use cases."""
    return cast("Application", connection.app.state.obmen)


def body_budget(connection: Connection) -> BodyBudget:
    """What the bodies of all requests share."""
    return cast("BodyBudget", connection.app.state.bodies)


def client_address(connection: Connection) -> str:
    """The address of the client; behind trusted proxies the one they tell."""
    headers = connection.headers
    told = (headers.getall(name, []) for name in ("x-forwarded-for", "forwarded"))
    return _proxies(connection).client(_peer(connection), *told)


def session_token(connection: Connection) -> str:
    """The value of the session cookie; empty without one."""
    sent = connection.headers.getall("cookie", [])
    return read_cookies(sent, application(connection).settings.http.cookie).session


def root_address(connection: Connection) -> str:
    """Scheme and host as the client wrote them, as far as that is known: ``https://obmen.example``."""
    settings = application(connection).settings
    if settings.http.url:
        return settings.url
    scheme, told = connection.scope["scheme"], connection.headers.get("x-forwarded-proto", "")
    if told in ("http", "https") and _proxies(connection).trusts(_peer(connection)):
        scheme = told
    return f"{scheme}://{connection.headers.get('host', '')}"


def count_address(connection: Connection) -> None:
    """One more request of the client's address; `TooManyRequests` past the limit."""
    rates = _rates(connection)
    if rates.counts_addresses:
        _counted(connection.scope, rates.count_address(network_of(client_address(connection))))


def count_user(connection: Connection, user_id: int | None) -> None:
    """One more request of an employee; `TooManyRequests` past the limit."""
    _counted(connection.scope, _rates(connection).count_user(user_id))


def window_of(scope: Scope) -> Window | None:
    """What the limit that was counted last has left."""
    return cast("Window | None", scope["state"].get(_WINDOW))


def _counted(scope: Scope, window: Window | None) -> None:
    if window is not None:
        scope["state"][_WINDOW] = window
        require_left(window)


def _rates(connection: Connection) -> Rates:
    return cast("Rates", connection.app.state.rates)


def _proxies(connection: Connection) -> TrustedProxies:
    return cast("TrustedProxies", connection.app.state.proxies)


def _peer(connection: Connection) -> str:
    return connection.client.host if connection.client else ""
