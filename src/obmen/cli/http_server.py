"""The HTTP server in front of the application: what it takes before the application sees a request. Made by ``obmen serve``."""

import resource
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import Server
from granian.server.common import AbstractServer

from obmen.settings import Settings

_DRAIN_S: Final = 15
_BACKLOG: Final = 4_096
_CONNECTIONS: Final = 20_000
"""Of each server process: those whose requests only trickle in must not keep the others out."""
_OPEN_FILES: Final = 65_536
_OWN_FILES: Final = 256
"""Left to the database, other systems and stored files when connections have taken the rest."""
_REQUEST_LINE_BYTES: Final = 65_536


def http_server(settings: Settings) -> AbstractServer[Any]:
    """A server that is not started yet.

    Its buffer holds more than the limits allow, so that the application refuses headers with an answer that names the
    setting; past the buffer the server itself answers 431 without a body.
    """
    head_bytes = _REQUEST_LINE_BYTES + 2 * settings.limits.headers_bytes
    return Server(
        "obmen.bootstrap:app",
        factory=True,
        address=settings.http.host,
        port=settings.http.port,
        interface=Interfaces.ASGI,
        workers=settings.http.workers,
        websockets=False,
        http=HTTPModes.auto if settings.http.http2 else HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.http.idle_s * 1_000), max_buffer_size=head_bytes, pipeline_flush=False
        ),
        http2_settings=HTTP2Settings(max_headers_size=head_bytes),
        backlog=_BACKLOG,
        backpressure=min(_CONNECTIONS, max(_allowed_files() - _OWN_FILES, _OWN_FILES)),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_DRAIN_S,
    )


def _allowed_files() -> int:
    """How many files and sockets a process may have open, after raising that to what the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
