"""Says that this server process lives: a lock of a session of its own, gone the moment the process dies.

The owner of a run of a process is the number of that lock; a run whose lock is free may be taken over. Started by ``bootstrap``
in every process that runs processes.
"""

import asyncio
import contextlib
import secrets

from obmen.services.processes.processes import Processes
from obmen.storage.own_connection import keep_alive, own_connection


class Presence:
    """Holds a lock from `start` to `stop`; a new number for each, so that what was held under a lost one is not saved by two."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """The lock is held when this returns."""
        ready = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(keep_alive("Presence", lambda: self._hold(ready)))
        await ready.wait()

    async def stop(self) -> None:
        """Lets the lock go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _hold(self, ready: asyncio.Event) -> None:
        database = self._processes.database
        self._lost.clear()
        async with own_connection(database, self._lost) as connection:
            holder = secrets.randbelow(2**31 - 1)
            await connection.execute(database.queries["lock_holder"], holder)
            self._processes.set_holder(holder)
            ready.set()
            await self._lost.wait()
