"""The deliverer: takes its share of the webhooks and runs a `WebhookStream` for each (law 3).

A webhook is leased by an advisory lock of the worker's own connection: one worker at a time delivers it, and when that
one dies another takes over. Workers share the webhooks evenly. Started by ``bootstrap``.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import structlog

from obmen.domain.webhooks.matching import Subscription
from obmen.ports import Http
from obmen.services.events.log import PLACED_CHANNEL
from obmen.services.webhooks.webhooks import CHANNEL, Webhooks
from obmen.storage.database import Connection
from obmen.storage.own_connection import keep_alive, own_connection
from obmen.workers.webhook_stream import WebhookStream

_LOOK_S: Final = 5.0
_SWEEP_S: Final = 3_600.0
_JOURNAL_S: Final = 5.0
"""A stream that has drained still writes its journal; where it cannot by then, it is done again."""

log = structlog.get_logger()


class Held(msgspec.Struct, frozen=True):
    """A webhook this worker delivers."""

    stream: WebhookStream
    task: "asyncio.Task[None]"


class Deliverer:
    """Any number may run."""

    def __init__(self, webhooks: Webhooks, http: Http) -> None:
        self._webhooks = webhooks
        self._http = http
        self._queries = webhooks.database.queries
        self._held: dict[int, Held] = {}
        self._untaken: set[int] = set()
        self._changed = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins in the background."""
        loop = asyncio.get_running_loop()
        run = keep_alive("Deliverer", self._work, is_stopping=lambda: self._stopping)
        sweep = keep_alive("Sweeper", self._sweep)
        self._tasks = [loop.create_task(run), loop.create_task(sweep)]

    async def stop(self) -> None:
        """Ends: requests under way are waited for (at most until they time out) and journaled."""
        self._stopping = True
        self._changed.set()
        if self._tasks:
            run, sweep = self._tasks
            sweep.cancel()
            await asyncio.gather(run, sweep, return_exceptions=True)

    async def _work(self) -> None:
        async with own_connection(self._webhooks.database, self._changed) as connection:
            await self._serve(connection)

    async def _serve(self, connection: Connection) -> None:
        """Holds leases on ``connection`` until it is lost or all ends."""
        await connection.add_listener(PLACED_CHANNEL, self._placed)
        await connection.add_listener(CHANNEL, lambda *_: self._changed.set())
        await connection.execute(self._queries["join_deliverers"])
        try:
            while not self._stopping:
                self._changed.clear()
                await self._reconcile(connection)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._changed.wait()
        finally:
            await self._let_go(list(self._held))

    def _placed(self, _connection: Any, _pid: int, _channel: str, payload: Any) -> None:
        """The sequencer says whose catalogs have new events; an empty payload means any."""
        catalogs = {int(catalog_id) for catalog_id in str(payload).split(",") if catalog_id}
        for held in self._held.values():
            if not catalogs or held.stream.subscription.catalog_id in catalogs:
                held.stream.wake()
        if self._untaken:
            self._changed.set()

    async def _reconcile(self, connection: Connection) -> None:
        """Takes and lets go, so that this worker has its share of what is subscribed now."""
        active = {found.id: found for found in await self._webhooks.subscriptions() if found.active}
        share = -(-len(active) // max(1, await connection.fetchval(self._queries["count_deliverers"])))
        ended = [hook for hook, held in self._held.items() if hook not in active or held.task.done()]
        kept = [hook for hook in self._held if hook not in ended]
        released = [*ended, *kept[share:]]
        await self._let_go(released)
        for hook in released:
            await connection.fetchval(self._queries["release_webhook"], hook)
        self._untaken.clear()
        for hook, subscription in active.items():
            if hook in self._held:
                stream = self._held[hook].stream
                if stream.subscription != subscription:
                    stream.subscription = subscription
            elif len(self._held) < share:
                await self._take(connection, subscription)

    async def _take(self, connection: Connection, subscription: Subscription) -> None:
        hook = subscription.id
        if not await connection.fetchval(self._queries["lease_webhook"], hook):
            return
        self._untaken.add(hook)
        taken = await self._webhooks.take(hook)
        if taken is None:
            await connection.fetchval(self._queries["release_webhook"], hook)
            return
        self._untaken.discard(hook)
        stream = WebhookStream(self._webhooks, self._http, subscription, *taken)
        task = asyncio.get_running_loop().create_task(stream.run(), name=f"webhook {hook}")
        self._held[hook] = Held(stream, task)

    async def _let_go(self, hooks: Iterable[int]) -> None:
        """Ends streams; their leases are still held when it returns."""
        ending = [self._held.pop(hook) for hook in hooks]
        for held in ending:
            held.stream.stop()
        if ending:
            patience_s = self._webhooks.settings.timeout_s + 1 + _JOURNAL_S
            await asyncio.wait([held.task for held in ending], timeout=patience_s)
        for held in ending:
            held.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                try:
                    await held.task
                except Exception:
                    log.exception("webhook_failed", webhook=held.stream.subscription.id)

    async def _sweep(self) -> None:
        """Keeps the journal as long as it is set to be kept."""
        await self._webhooks.sweep()
        await asyncio.sleep(_SWEEP_S)
