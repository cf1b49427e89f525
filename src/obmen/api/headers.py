"""Headers that every answer of Obmen gets: the cookie of a new session, what is left of the limits, and that it is not cached."""

from typing import TYPE_CHECKING, Final, cast

from litestar.types import Message, Scope

from obmen.api.access import session_cookie
from obmen.api.connections import window_of

if TYPE_CHECKING:
    from obmen.services.application import Application

_NOT_CACHED: Final = ("/api/v1/", "/auth/")


async def add_headers(message: Message, scope: Scope) -> None:
    """Called before an answer goes out."""
    if message["type"] != "http.response.start":
        return
    headers = list(message.get("headers", ()))
    if scope["path"].startswith(_NOT_CACHED) and not any(name == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    application = cast("Application", scope["litestar_app"].state.obmen)
    if (cookie := session_cookie(scope, application.settings)) is not None:
        headers.append((b"set-cookie", cookie.encode()))
    if (window := window_of(scope)) is not None:
        limits = {
            "ratelimit-policy": f"{window.limit};w={window.length_s}",
            "ratelimit-limit": str(window.limit),
            "ratelimit-remaining": str(max(0, window.left)),
            "ratelimit-reset": str(window.seconds),
        }
        headers += [(name.encode(), value.encode()) for name, value in limits.items()]
    message["headers"] = headers
