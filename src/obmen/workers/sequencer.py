"""The sequencer: gives committed events their dense position, in batches, ordered by id (law 3).

One session at a time does it, the holder of an advisory lock, on the very connection that holds the lock: when the
holder dies, its lock and its unfinished batch die together. It is woken by ``NOTIFY`` and looks once a second anyway.
Started by ``bootstrap``.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from obmen.services.events.log import CHANNEL
from obmen.storage.database import Connection, Database
from obmen.storage.own_connection import own_connection
from obmen.workers.loop import Loop

_BATCH: Final = 1_000
_LOOK_S: Final = 1.0


class Sequencer(Loop):
    """Any number may run; one works. Stopped, it ends after the batch under way: what is not placed is placed by the next."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def _work(self) -> None:
        async with own_connection(self._database, self._woken) as connection:
            await self._lead(connection)

    async def _lead(self, connection: Connection) -> None:
        queries = self._database.queries
        while not await connection.fetchval(queries["lead_sequencing"]):
            await self._pause(_LOOK_S)
            if self._stopping:
                return
        await connection.add_listener(CHANNEL, lambda *_: self.wake())
        mark = LowWaterMark(connection, queries)
        while not self._stopping:
            self._woken.clear()
            if await connection.fetchval(queries["sequence_events"], _BATCH, mark.event_id) < _BATCH:
                await mark.all_placed()
                await self._pause(_LOOK_S)


class LowWaterMark:
    """An event id at or below which nothing can appear any more.

    Without it a long transaction anywhere in the cluster would make every look slower: the index of events without a
    position keeps its dead entries as long as somebody may see them. A writer locks the log before it takes an id, so
    an id is settled once all who held that lock after it was handed out have ended, and what they left has been placed.
    """

    def __init__(self, connection: Connection, queries: Mapping[str, str]) -> None:
        self.event_id = 0
        self._connection = connection
        self._queries = queries
        self._following = 0
        self._candidate = 0
        self._writers: set[str] = set()
        self._looked_s = 0.0

    async def all_placed(self) -> None:
        """Call after all that was visible has been placed."""
        self.event_id = self._following
        time = asyncio.get_running_loop().time()
        if time - self._looked_s < _LOOK_S:
            return
        self._looked_s = time
        last = await self._connection.fetchval(self._queries["read_last_event_id"])
        writers = {row[0] for row in await self._connection.fetch(self._queries["read_event_writers"])}
        if not writers & self._writers:
            self._following = self._candidate
            self._candidate, self._writers = last, writers
