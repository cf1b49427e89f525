"""Listens to notifications of other processes (PostgreSQL's ``LISTEN``) and reconnects when the connection is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from obmen.storage.database import Connection, Database
from obmen.storage.own_connection import keep_alive, own_connection

Heard = Callable[[str], Awaitable[None] | None]


class Notifications:
    """Calls a function for each notification on a set of channels.

    After a lost connection every function is called once with an empty payload, since notifications may have been missed.
    """

    def __init__(self, database: Database, channels: Mapping[str, Heard]) -> None:
        self._database = database
        self._channels = channels
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listens from here on."""
        ready = asyncio.Event()
        self._keeper = asyncio.get_running_loop().create_task(keep_alive("Notifications", lambda: self._listen(ready)))
        await ready.wait()

    async def _listen(self, ready: asyncio.Event) -> None:
        self._lost.clear()
        async with own_connection(self._database, self._lost) as connection:
            await self._hear(connection, ready)

    async def _hear(self, connection: Connection, ready: asyncio.Event) -> None:
        for channel in self._channels:
            await connection.add_listener(channel, self._notified)
        if ready.is_set():
            for channel in self._channels:
                self._call(channel, "")
        ready.set()
        await self._lost.wait()

    def _notified(self, _connection: Any, _pid: int, channel: str, payload: Any) -> None:
        self._call(channel, str(payload))

    def _call(self, channel: str, payload: str) -> None:
        result = self._channels[channel](payload)
        if result is not None:
            task = asyncio.ensure_future(result)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stops listening."""
        tasks = [task for task in (self._keeper, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
