"""Tells the sequencer that events were committed, without a NOTIFY in the transaction of every change.

NOTIFY takes a lock of the whole database at commit, which would serialise the commits of all writers; so one is sent
after them, at most one under way at a time. The sequencer looks once a second all the same: a lost one costs a second.
"""

import asyncio
import contextlib

import asyncpg

from obmen.storage.database import Database

CHANNEL = "obmen_events"
PLACED_CHANNEL = "obmen_placed"
_GATHER_S = 0.004
"""Commits of so long are told of together: a NOTIFY costs as much as a small statement."""


class EventLog:
    """Wakes the sequencer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def wake(self) -> None:
        """Says that something was committed."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._notify())
        else:
            self._again = True

    async def _notify(self) -> None:
        while True:
            await asyncio.sleep(_GATHER_S)
            self._again = False
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._database.pool.execute(f"notify {CHANNEL}")
            if not self._again:
                return

    async def close(self) -> None:
        """Waits for the last word to be said."""
        if self._task is not None:
            await self._task
