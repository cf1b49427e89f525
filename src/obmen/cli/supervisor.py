"""Keeps the processes of ``obmen serve`` running: PostgreSQL, the HTTP processes, the worker.

Whichever ends is started again, at once the first time, then after pauses that grow while it ends soon after each start; the others
are left alone. All of it is one thread, because a child ends with the thread that has started it (`obmen.children`).
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn, Protocol

import structlog

from obmen.children import adopt, bury, end_with
from obmen.errors import ObmenError
from obmen.storage import process_states
from obmen.storage.process_states import ProcessState

_PAUSES_S: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 10.0)
_STEADY_S: Final = 10.0
"""A process that runs for so long has started successfully: its count of failures is reset."""
_POLL_S: Final = 0.02
_HANDLED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)

log = structlog.get_logger()


class Process(Protocol):
    """A child process (`subprocess.Popen` is one)."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, or the number of the signal that ended it below zero; None while it runs."""

    def send_signal(self, sig: int, /) -> None:
        """Sends it a signal; nothing happens where it has ended."""


class Forked:
    """A process that does ``work`` with all that is imported here already; it is killed when this one ends."""

    def __init__(self, work: Callable[[], None]) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal for the child must not reach handlers of the parent, which it has until it changes them.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        self.pid = os.fork()
        if not self.pid:
            _become(work, parent, mask)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._code: int | None = None

    def poll(self) -> int | None:
        """As `Process` says."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def send_signal(self, sig: int, /) -> None:
        """As `Process` says."""
        if self.poll() is None:
            os.kill(self.pid, sig)


def _become(work: Callable[[], None], parent: int, mask: set[signal.Signals] | set[int]) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.setsid()  # a Ctrl-C at the terminal is the parent's to answer
        end_with(parent, signal.SIGKILL)
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        log.exception("a process failed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Kept:
    """One supervised process and its state.

    ``spawn`` starts it; ``running`` is one that was started before. At the end it gets ``drain_s`` to finish or journal what it has
    under way; None: it is somebody else's to end.
    """

    def __init__(
        self, name: str, spawn: Callable[[], Process], *, drain_s: float | None, running: Process | None = None
    ) -> None:
        self._name = name
        self.drain_s = drain_s
        self._spawn = spawn
        self._process = running
        self._starts = int(running is not None)
        self._started = time.monotonic()
        self._next = self._started
        self._failures = 0
        self._ended: str | None = None

    def look(self) -> None:
        """Notes that it has ended, or has been well for a while; starts it where that is due."""
        moment = time.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if moment - self._started >= _STEADY_S:
                self._failures = 0
            if code is None:
                return
            self._process = None
            self._failed(f"signal {-code}" if code < 0 else f"exit code {code}", moment)
        if moment >= self._next:
            self._start(moment)

    def due_s(self) -> float | None:
        """In how many seconds `look` may have something to do that no signal tells of."""
        if self._process is None:
            return max(0.0, self._next - time.monotonic())
        return max(0.0, self._started + _STEADY_S - time.monotonic()) if self._failures else None

    def state(self) -> ProcessState:
        """How it is."""
        return ProcessState(
            name=self._name,
            running=self._process is not None,
            failures=self._failures,
            restarts=max(0, self._starts - 1),
            ended=self._ended,
        )

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal where it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    @property
    def pid(self) -> int | None:
        """Its number where it runs."""
        return None if self._process is None else self._process.pid

    def is_gone(self) -> bool:
        """Whether it does not run."""
        return self._process is None or self._process.poll() is not None

    def _start(self, moment: float) -> None:
        self._started = moment
        self._starts += 1
        try:
            self._process = self._spawn()
        except (OSError, ObmenError) as error:
            self._failed(str(error), moment)

    def _failed(self, how: str, moment: float) -> None:
        pause = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
        self._failures += 1
        self._ended = how
        self._next = moment + pause
        log.error("a process ended; it is started again", process=self._name, ended=how, pause_s=pause)


class NeverReady(Exception):
    """An HTTP process ended before any could answer: Obmen does not start as it is set up."""


class Supervisor:
    """Keeps ``first`` running from the beginning, ``later`` from when a byte is written to ``ready_fd``.

    A server process writes it as soon as it can answer, so that the others do not compete with it for the processor. ``chore`` is done
    every few seconds. How the processes are is written into ``folder`` (`storage.process_states`).
    """

    def __init__(self, folder: Path, chore: Callable[[], None]) -> None:
        self._folder = folder
        self._chore = chore
        self._ready, self.ready_fd = os.pipe()
        self._told: tuple[ProcessState, ...] = ()

    def run(self, first: Sequence[Kept], later: Sequence[Kept]) -> None:
        """Until SIGINT or SIGTERM; ends the processes then. `NeverReady` where one of ``first`` ends before any is ready."""
        with _signals() as signals:
            try:
                self._keep(first, later, signals)
            finally:
                for processes in (first, later):
                    _stop([process for process in processes if process.drain_s is not None])
                self._close()

    def _keep(self, first: Sequence[Kept], later: Sequence[Kept], signals: int) -> None:
        kept, is_ready = list(first), False
        adopt()
        while True:
            for process in kept:
                process.look()
            bury({process.pid for process in kept})
            if not is_ready and any(process.state().ended for process in first):
                raise NeverReady
            self._tell(kept)
            readable = self._wait(kept, signals)
            if signals in readable and {signal.SIGINT, signal.SIGTERM} & set(os.read(signals, 4_096)):
                return
            if self._ready in readable:
                os.read(self._ready, 4_096)
                kept, is_ready = [*first, *later], True
            self._chore()

    def _wait(self, kept: Sequence[Kept], signals: int) -> list[int]:
        due = [seconds for process in kept if (seconds := process.due_s()) is not None]
        return select.select([signals, self._ready], [], [], min([_STEADY_S, *due]))[0]

    def _tell(self, kept: Sequence[Kept]) -> None:
        states = tuple(process.state() for process in kept)
        if states != self._told:
            self._told = states
            try:
                process_states.write(self._folder, states)
            except OSError as error:
                log.warning("the states of processes cannot be written", problem=str(error))

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            process_states.forget(self._folder)
        os.close(self._ready)
        os.close(self.ready_fd)


def _stop(processes: Sequence[Kept]) -> None:
    """Ends them and waits for that."""
    begun = time.monotonic()
    for process in processes:
        process.send(signal.SIGTERM)
    while remaining := [process for process in processes if not process.is_gone()]:
        for process in remaining:
            if time.monotonic() - begun > (process.drain_s or 0):
                process.send(signal.SIGKILL)
        time.sleep(_POLL_S)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """A file descriptor from which the numbers of signals can be read, a byte each."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, lambda *_: None) for number in _HANDLED}
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
