"""A process that answers HTTP requests: one worker of granian on a socket that its parent has opened.

granian's own supervisor is left out: it ends everything where a process dies twice within 5.5 seconds. Connections that come while
a process is started again wait in the socket, which stays open. Started by ``obmen serve``.
"""

import socket
from functools import partial
from typing import Final

from granian._granian import SocketHolder
from granian._internal import load_target
from granian.constants import Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer

from obmen.errors import SetupError
from obmen.settings import Settings

_BACKLOG: Final = 4_096
_BACKPRESSURE: Final = 20_000
"""Requests under way at once in a server process: those whose bodies only trickle in must not keep the others out."""


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


def serve_requests(listener: socket.socket) -> None:
    """Answers until SIGTERM, and what has come until then. Settings come by the environment (`bootstrap.app`)."""
    _Worker(
        "obmen.bootstrap:app",
        factory=True,
        interface=Interfaces.ASGI,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_BACKPRESSURE,
        log_level=LogLevels.warning,
        runtime_mode=RuntimeModes.mt,
    ).work(listener)


class _Worker(MPServer):
    def work(self, listener: socket.socket) -> None:
        """Is the worker, in this process."""
        self._ssp, self._sso = None, None
        self._shd = SocketHolder(listener.fileno(), False, self.backlog)  # type: ignore[assignment, call-arg]
        load = partial(load_target, self.target, factory=self.factory)
        self._spawn_worker(0, self._spawn_asgi_lifespan_worker, load).inner.run()
