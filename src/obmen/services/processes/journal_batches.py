"""Records of processes that end without having been journaled before, written together.

While one statement is under way others wait for the next. A process is answered when the statement that has its record
is committed, so nothing is acknowledged that could be lost. Ten records in one statement cost a quarter of ten
statements (16 requests at once: 40 instead of 165 µs of the server's time each). Called by `journal`.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

import asyncpg
import msgspec

from obmen.domain.schema import PROCESSES
from obmen.services.records.writing import RecordWriter
from obmen.storage.database import Database

_MOST: Final = 50


class _Waiting(msgspec.Struct, frozen=True):
    values: Mapping[str, Any]
    author: int | None
    written: "asyncio.Future[int]"


class JournalBatches:
    """Writes records into ``$processes``."""

    def __init__(self, database: Database, records: RecordWriter) -> None:
        self._database = database
        self._records = records
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def write(self, values: Mapping[str, Any], author: int | None) -> int:
        """The number of the new record; an error of the database is its own."""
        waiting = _Waiting(values, author, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_all())
        return await waiting.written

    async def _write_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            for author, members in groupby(batch, key=lambda one: one.author):
                await self._write(list(members), author)

    async def _write(self, batch: list[_Waiting], author: int | None) -> None:
        pool = (
            self._database.reserve
        )  # the run is locked: a step that holds a connection of the other pool may wait for it
        try:
            rows = [one.values for one in batch]
            numbers = await self._records.journal(pool, PROCESSES, rows, author)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            for one in batch:  # the fault is that of one of them
                await self._write([one], author)
        except Exception as error:  # noqa: BLE001 (it is raised where each record is waited for)
            for one in batch:
                _fail(one, error)
        else:
            for one, number in zip(batch, numbers, strict=True):
                if not one.written.done():
                    one.written.set_result(number)


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.written.done():
        one.written.set_exception(error)
