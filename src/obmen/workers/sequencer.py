"""The sequencer: gives committed events their dense position, in batches, ordered by id (law 3).

One session at a time does it, the holder of an advisory lock, on the very connection that holds the lock: when the
holder dies, its lock and its unfinished batch die together. It is woken by ``NOTIFY`` and looks once a second anyway.
Started by ``bootstrap``.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

import structlog

from obmen.services.event_log import CHANNEL
from obmen.storage.database import Connection, Database
from obmen.storage.own_connection import FAULTS, own_connection

_BATCH: Final = 1_000
_LOOK_S: Final = 1.0

log = structlog.get_logger()


class Sequencer:
    """Any number may run; one works."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends after the batch under way; what is not placed is placed by the next."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            try:
                async with own_connection(self._database, self._wake) as connection:
                    await self._lead(connection)
            except FAULTS as error:
                log.warning("sequencer_lost_connection", problem=str(error))
                await self._pause()
            except Exception:
                log.exception("sequencer_failed")
                await self._pause()

    async def _lead(self, connection: Connection) -> None:
        queries = self._database.queries
        while not await connection.fetchval(queries["lead_sequencing"]):
            await self._pause()
            if self._stopping:
                return
        await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
        floor = Floor(connection, queries)
        while not self._stopping:
            self._wake.clear()
            if await connection.fetchval(queries["sequence_events"], _BATCH, floor.event_id) < _BATCH:
                await floor.all_placed()
                await self._pause()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await self._wake.wait()


class Floor:
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
