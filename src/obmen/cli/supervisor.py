"""Runs a worker process beside the server: restarts it when it exits, terminates it with the server."""

import os
import subprocess
import sys
import threading

import structlog

_AGAIN_S = 1.0
_DRAIN_S = 30.0

log = structlog.get_logger()


class WorkerProcess:
    """``obmen worker`` as a child, started when a byte is written to ``ready_fd``.

    A server process writes it, so that the two do not compete for the processor while people wait for the server.
    """

    def __init__(self) -> None:
        self._server, self.ready_fd = os.pipe()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="worker", daemon=True)

    def start(self) -> None:
        """Waits for the server from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the worker: what it has under way is finished or journaled first."""
        with self._lock:
            self._stopping.set()
        os.write(self.ready_fd, b"\n")  # the server may not have got so far
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_DRAIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join(_AGAIN_S * 2)
        os.close(self._server)
        os.close(self.ready_fd)

    def _watch(self) -> None:
        os.read(self._server, 1)
        while self._spawn():
            assert self._process is not None
            code = self._process.wait()
            if not self._stopping.is_set():
                log.error("the worker ended; starting it again", code=code)
                self._stopping.wait(_AGAIN_S)

    def _spawn(self) -> bool:
        with self._lock:
            if self._stopping.is_set():
                return False
            # a session of its own: a Ctrl-C at the terminal is the server's to answer
            self._process = subprocess.Popen(
                [sys.executable, "-m", "obmen", "worker", "--with-server"],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
            return True
