"""A process that answers HTTP requests: one worker of granian on a socket that its parent has opened.

granian's own supervisor is left out: it ends everything where a process dies twice within 5.5 seconds. Connections that come while
a process is started again wait in the socket, which stays open. Started by ``obmen serve``.
"""

import resource
import socket
from functools import partial
from typing import Final

from granian._granian import SocketHolder
from granian._internal import load_target
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from obmen.errors import SetupError
from obmen.settings import Settings

_BACKLOG: Final = 4_096
_CONNECTIONS: Final = 20_000
"""Per server process: slow clients must not exhaust the connections of the others."""
_OPEN_FILES: Final = 65_536
_OWN_FILES: Final = 256
"""Left to the database, other systems and stored files when connections have taken the rest."""
_REQUEST_LINE_BYTES: Final = 65_536


def listen(settings: Settings) -> socket.socket:
    """The socket that all server processes share; `SetupError` where another program listens there."""
    host, port = settings.http.host, settings.http.port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SetupError("setup.port_in_use", host=host, port=port, problem=error) from error
    listener.setblocking(False)
    return listener


def serve_requests(settings: Settings, listener: socket.socket) -> None:
    """Answers until SIGTERM, and what has come until then. The application takes its settings from the environment (`bootstrap.app`).

    The buffer holds more than the limits allow, so that the application refuses headers with an answer that names the
    setting; past the buffer the server itself answers 431 without a body.
    """
    head_bytes = _REQUEST_LINE_BYTES + 2 * settings.limits.headers_bytes
    _Worker(
        "obmen.bootstrap:app",
        factory=True,
        interface=Interfaces.ASGI,
        websockets=False,
        http=HTTPModes.auto if settings.http.http2 else HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.http.idle_s * 1_000), max_buffer_size=head_bytes, pipeline_flush=False
        ),
        http2_settings=HTTP2Settings(max_headers_size=head_bytes),
        backlog=_BACKLOG,
        backpressure=min(_CONNECTIONS, max(_allowed_files() - _OWN_FILES, _OWN_FILES)),
        log_level=LogLevels.warning,
        runtime_mode=RuntimeModes.mt,
    ).work(listener)


def _allowed_files() -> int:
    """How many files and sockets a process may have open, after raising that to what the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


class _Worker(MPServer):
    def work(self, listener: socket.socket) -> None:
        """Is the worker, in this process."""
        self._ssp, self._sso = None, None
        self._shd = SocketHolder(listener.fileno(), False, self.backlog)  # type: ignore[assignment, call-arg]
        load = partial(load_target, self.target, factory=self.factory)
        self._spawn_worker(0, self._spawn_asgi_lifespan_worker, load).inner.run()
