"""Takes processes that are due (started asynchronously, waiting for a timer, left by a dead server) and carries them on.

Any number may run. Started by ``bootstrap``; woken by ``NOTIFY obmen_processes`` through `wake`.
"""

import asyncio
import contextlib

import structlog

from obmen.clients.clock import now
from obmen.services.processes import Processes
from obmen.storage.own_connection import FAULTS

_LOOK_S = 1.0
_DRAIN_S = 10.0
_BATCH = 20

log = structlog.get_logger()


class ProcessRunner:
    """Looks for work until stopped."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends; what is under way has a while to finish, then others carry it on."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._processes.drain(_DRAIN_S)

    def wake(self, _: str = "") -> None:
        """There may be something to take."""
        self._wake.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                wanted = min(_BATCH, self._processes.free)
                if wanted and await self._processes.carry_on(wanted) == wanted:
                    continue
                pause_s = await self._pause_s()
            except FAULTS as error:
                log.warning("processes_not_taken", problem=str(error))
                pause_s = _LOOK_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    async def _pause_s(self) -> float:
        due = await self._processes.next_wake()
        return _LOOK_S if due is None else min(_LOOK_S, max(0.02, (due - now()).total_seconds()))
