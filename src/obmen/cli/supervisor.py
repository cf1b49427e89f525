"""Runs a worker process beside the server: restarts it when it exits, terminates it with the server."""

import subprocess
import sys
import threading

import structlog

_AGAIN_S = 1.0
_DRAIN_S = 30.0

log = structlog.get_logger()


class WorkerProcess:
    """``obmen worker`` as a child."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="worker", daemon=True)

    def start(self) -> None:
        """Starts it, and watches over it from now on."""
        self._process = self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """Ends it: what it has under way is finished or journaled first."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_DRAIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join(_AGAIN_S * 2)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # a session of its own: a Ctrl-C at the terminal is the server's to answer
        return subprocess.Popen(
            [sys.executable, "-m", "obmen", "worker", "--with-server"], stdin=subprocess.PIPE, start_new_session=True
        )

    def _watch(self) -> None:
        while not self._stopping.is_set():
            assert self._process is not None
            code = self._process.wait()
            if self._stopping.is_set():
                return
            log.error("the worker ended; starting it again", code=code)
            self._stopping.wait(_AGAIN_S)
            if not self._stopping.is_set():
                self._process = self._spawn()
