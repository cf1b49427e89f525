"""Takes processes that are due (started asynchronously, waiting for a timer, left by a dead server) and carries them on.

Any number may run. Started by ``bootstrap``; woken by ``NOTIFY obmen_processes`` through `wake`.
"""

from obmen.clients.clock import now
from obmen.services.processes.processes import Processes
from obmen.workers.loop import Loop

_LOOK_S = 1.0
_DRAIN_S = 10.0
_BATCH = 20


class ProcessRunner(Loop):
    """Looks for work until stopped."""

    def __init__(self, processes: Processes) -> None:
        super().__init__()
        self._processes = processes
        processes.when_free(self.wake)

    async def stop(self) -> None:
        """Ends; what is under way has a while to finish, then others carry it on."""
        await super().stop()
        await self._processes.drain(_DRAIN_S)

    async def _work(self) -> None:
        self._woken.clear()
        if not await self._processes.carry_on(_BATCH):
            await self._pause(await self._pause_s())

    async def _pause_s(self) -> float:
        due = await self._processes.next_wake()
        return _LOOK_S if due is None else min(_LOOK_S, max(0.02, (due - now()).total_seconds()))
