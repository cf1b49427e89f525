"""Headers that every answer gets: the cookie of a new session, what is left of the limits, its process, that it is not cached."""

from typing import TYPE_CHECKING, Final, cast

from litestar.types import Message, Scope

from obmen.api.access import session_cookie
from obmen.api.connections import window_of

if TYPE_CHECKING:
    from obmen.services.application import Application

_NOT_CACHED: Final = ("/api/v1/", "/auth/", "/health/")
_PROCESS: Final = "obmen_process"


def about_process(scope: Scope, record: object) -> None:
    """The answer will name ``record`` of ``$processes``, which tells of it, in ``X-Process-Id``; ``None`` changes nothing."""
    if record is not None:
        scope["state"][_PROCESS] = record


async def add_headers(message: Message, scope: Scope) -> None:
    """Called before an answer goes out."""
    if message["type"] != "http.response.start":
        return
    headers = list(message.get("headers", ()))
    application = cast("Application", scope["litestar_app"].state.obmen)
    cookie = session_cookie(scope, application.settings)
    is_private = cookie is not None or scope["path"].startswith(_NOT_CACHED)
    if is_private and not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    if cookie is not None:
        headers.append((b"set-cookie", cookie.encode()))
    if (process := scope["state"].get(_PROCESS)) is not None:
        headers = [(name, value) for name, value in headers if name.lower() != b"x-process-id"]
        headers.append((b"x-process-id", str(process).encode()))
    if (window := window_of(scope)) is not None:
        limits = {
            "ratelimit-policy": f"{window.limit};w={window.length_s}",
            "ratelimit-limit": str(window.limit),
            "ratelimit-remaining": str(max(0, window.left)),
            "ratelimit-reset": str(window.seconds),
        }
        headers += [(name.encode(), value.encode()) for name, value in limits.items()]
    message["headers"] = headers
