"""The index keeper: makes and drops indexes of catalogs in the background.

One session at a time does it in the cluster, the holder of an advisory lock. It is woken when a catalog is changed and looks
every half minute whether one has grown. Started by ``bootstrap``.
"""

import asyncio
import contextlib
from typing import Final

from obmen.services.catalogs.indexes import Indexes
from obmen.services.schema.cache import CHANNEL
from obmen.storage.database import Connection
from obmen.storage.own_connection import own_connection
from obmen.workers.loop import Loop

_LOOK_S: Final = 30.0
_LEAD_S: Final = 5.0
_BACK_OFF_S: Final = 1.0


class IndexKeeper(Loop):
    """Any number may run; one works."""

    def __init__(self, indexes: Indexes) -> None:
        super().__init__()
        self._indexes = indexes

    async def stop(self) -> None:
        """Ends at once: an index that is being made is given up, and made anew after the next start."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        async with own_connection(self._indexes.database, self._woken) as connection:
            await self._lead(connection)

    async def _lead(self, connection: Connection) -> None:
        queries = self._indexes.database.queries
        await connection.execute(queries["prepare_indexing"])
        while not await connection.fetchval(queries["lead_indexing"]):
            self._woken.clear()
            await self._pause(_LEAD_S)
        await connection.add_listener(CHANNEL, lambda *_: self.wake())
        while not self._stopping:
            self._woken.clear()
            undisturbed = await self._indexes.keep(connection)
            await self._pause(_LOOK_S if undisturbed else _BACK_OFF_S)
