"""Takes processes that are due (started asynchronously, waiting for a timer, left by a dead server) and carries them on.

Any number may run. Started by ``bootstrap``; woken by ``NOTIFY obmen_processes`` through `wake`.
"""

import structlog

from obmen.clients.clock import now
from obmen.services.processes.processes import Processes
from obmen.storage.own_connection import FAULTS
from obmen.workers.loop import Loop

_LOOK_S = 1.0
_DRAIN_S = 10.0
_BATCH = 20

log = structlog.get_logger()


class ProcessRunner(Loop):
    """Looks for work until stopped."""

    def __init__(self, processes: Processes) -> None:
        super().__init__()
        self._processes = processes

    async def stop(self) -> None:
        """Ends; what is under way has a while to finish, then others carry it on."""
        await super().stop()
        await self._processes.drain(_DRAIN_S)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                wanted = min(_BATCH, self._processes.free)
                if wanted and await self._processes.carry_on(wanted) == wanted:
                    continue
                pause_s = await self._pause_s()
            except FAULTS as error:
                log.warning("processes_not_taken", problem=str(error))
                pause_s = _LOOK_S
            except Exception:
                log.exception("processes_failed")
                pause_s = _LOOK_S
            await self._pause(pause_s)

    async def _pause_s(self) -> float:
        due = await self._processes.next_wake()
        return _LOOK_S if due is None else min(_LOOK_S, max(0.02, (due - now()).total_seconds()))
