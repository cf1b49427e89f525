"""Webhooks: subscriptions, their cursors on the event log, and the journal of deliveries (law 3).

A webhook begins behind the event of its own creation. While it is switched off its cursor stands still and what it owes
waits; when it is on again, what happened meanwhile is passed over: the changes of its own record in the log say exactly
from where to where. Before an event is delivered nothing is written about it: what became of deliveries is journaled in
bulk, in one transaction with the move of the cursor and of ``$sequenceId``. Called by ``workers``.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import structlog

from obmen import messages
from obmen.clients.clock import now
from obmen.clients.secrets import SecretBox
from obmen.domain import items
from obmen.domain.events import Event, changed_columns, columns
from obmen.domain.queries.filters import EVERYTHING, HasId
from obmen.domain.rights.policies import SYSTEM
from obmen.domain.schema import USERS, WEBHOOKS, Catalog
from obmen.domain.webhooks.deliveries import Delivery, Status
from obmen.domain.webhooks.matching import Subscription, matches, unknown_fields, watched_columns
from obmen.errors import Conflict, NotFound, SetupError
from obmen.services.records.reading import RecordReader
from obmen.services.records.writing import RecordChange, RecordWriter
from obmen.services.schema.cache import CatalogCache
from obmen.services.system_catalogs.webhooks import cursor_name
from obmen.services.webhooks.bodies import WebhookBodies
from obmen.settings import Webhook
from obmen.storage.database import Database

CHANNEL = "obmen_webhooks"
_ON = "$on"
_READ = (
    "$status", "$catalog", "$events", "$fields", "$url", "$initiator", "$secret", "$retries", "$incident",
)  # fmt: skip
_INCIDENTS = 20
"""Maximum of paused records named in ``$incident``."""

log = structlog.get_logger()


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a webhook stands in the log, and whether it was on there; its holder's while nobody raises ``epoch``."""

    webhook_id: int
    epoch: int
    position: int
    sequence_id: int
    active: bool


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What follows a cursor in the log: deliveries in order, where the page ends, and whether the webhook is on there.

    ``more``: the log went on behind the page.
    """

    deliveries: list[Delivery]
    changed_at: list[datetime]
    """When each of them happened."""
    position: int
    sequence_id: int
    active: bool
    more: bool


class Webhooks:
    """Everything about webhooks that is in the database."""

    def __init__(
        self,
        database: Database,
        cache: CatalogCache,
        reader: RecordReader,
        writer: RecordWriter,
        bodies: WebhookBodies,
        secrets: SecretBox,
        settings: Webhook,
    ) -> None:
        self._database = database
        self._cache = cache
        self._reader = reader
        self._writer = writer
        self._bodies = bodies
        self._secrets = secrets
        self.settings = settings
        self._told: dict[int, list[str]] = {}

    @property
    def database(self) -> Database:
        """Where leases are taken."""
        return self._database

    # subscriptions

    async def subscriptions(self) -> list[Subscription]:
        """All webhooks as they stand now."""
        await self._cache.refresh()
        rows = await self._reader.stored(WEBHOOKS, EVERYTHING, _READ)
        return [found for row in rows if (found := self._subscription(row)) is not None]

    def _subscription(self, row: Mapping[str, Any]) -> Subscription | None:
        try:
            secret = self._secrets.open(row["$secret"]) if row["$secret"] else None
        except SetupError as error:
            log.warning("webhook_not_usable", webhook=row["id"], problem=str(error))
            return None
        hooks = self._catalog
        catalog_id = int((row["$catalog"] or ["0:0"])[0].partition(":")[2])
        catalog = self._cache.schema.catalogs.get(catalog_id)
        self._tell_of_lost_fields(row["id"], row["$fields"], catalog)
        return Subscription(
            id=row["id"],
            active=self._is_on(row["$status"]),
            catalog_id=catalog_id,
            events=items.ids_of(hooks.field("$events"), row["$events"] or ()),
            columns=watched_columns(row["$fields"], catalog),
            initiators=frozenset(row["$initiator"] or ()),
            url=row["$url"] or "",
            secret=secret,
            retries=None if row["$retries"] is None else int(row["$retries"]),
            incident=row["$incident"] or "",
        )

    def _tell_of_lost_fields(self, webhook_id: int, fields: str | None, catalog: Catalog | None) -> None:
        """Logs, once, that a webhook waits for changes of fields that have been removed."""
        lost = [] if catalog is None else unknown_fields(fields, catalog)
        if lost and self._told.get(webhook_id) != lost:
            log.warning("webhook_fields_removed", webhook=webhook_id, fields=lost)
        self._told[webhook_id] = lost

    @property
    def _catalog(self) -> Catalog:
        return self._cache.schema.catalog(WEBHOOKS)

    def _is_on(self, status: Sequence[int] | None) -> bool:
        return items.number_of(self._catalog.field("$status"), _ON) in (status or ())

    # the log

    async def take(self, webhook_id: int) -> tuple[Cursor, list[int]] | None:
        """The webhook's cursor, nobody else's from here on, and the records with open deliveries.

        The first of each is due then. ``None`` while its own creation has no position yet.
        """
        catalog = self._catalog
        queries = self._database.queries
        name = cursor_name(webhook_id)
        status = catalog.field("$status")
        on = items.number_of(status, _ON)
        async with self._database.transaction() as connection:
            await connection.execute(queries["open_cursor"], name, catalog.number, webhook_id, status.column, on)
            row = await connection.fetchrow(queries["take_cursor"], name)
            if row is None:
                return None
            records = await connection.fetch(queries["resume_deliveries"], webhook_id, now())
        return Cursor(webhook_id=webhook_id, **row), [record["record_id"] for record in records]

    async def read(self, subscription: Subscription, position: int, sequence_id: int, active: bool, limit: int) -> Page:
        """The deliveries of the subscription among the next ``limit`` events after ``position``; numbers follow ``sequence_id``."""
        head = await self._database.fetchval("read_head")
        hooks = self._catalog
        rows = await self._database.fetch(
            "read_webhook_events",
            position,
            subscription.catalog_id,
            list(subscription.events),
            head,
            limit,
            hooks.number,
            subscription.id,
        )
        matched: list[tuple[Event, int]] = []
        for row in rows:
            if row["own"]:
                active = self._status(row["new"], active)
            if row["wanted"] and active:
                event = _event(row)
                if matches(subscription, event, changed_columns(event)):
                    sequence_id += 1
                    matched.append((event, sequence_id))
        more = len(rows) == limit
        return Page(
            deliveries=await self._deliveries(subscription.id, matched),
            changed_at=[event.at for event, _ in matched],
            position=rows[-1]["position"] if more else head,
            sequence_id=sequence_id,
            active=active,
            more=more,
        )

    async def _deliveries(self, webhook_id: int, matched: Sequence[tuple[Event, int]]) -> list[Delivery]:
        bodies = await self._bodies.render(webhook_id, matched)
        return [
            Delivery(
                position=event.position,
                sequence_id=sequence_id,
                record_id=event.record_id,
                event=event.type,
                actor=event.actor,
                body=body,
            )
            for (event, sequence_id), body in zip(matched, bodies, strict=True)
        ]

    def _status(self, new: str, active: bool) -> bool:
        """Whether a webhook is on after a change of its record."""
        changed = columns(new)
        column = self._catalog.field("$status").column
        return self._is_on(changed[column]) if column in changed else active

    # the journal

    async def claim_due(self, cursor: Cursor, limit: int) -> list[int]:
        """The records of deliveries that are due; they are the caller's to make."""
        rows = await self._database.fetch("claim_deliveries", cursor.webhook_id, now(), limit)
        return [row["record_id"] for row in rows]

    async def next_due(self, cursor: Cursor) -> datetime | None:
        """When the next delivery is due."""
        due: datetime | None = await self._database.fetchval("read_next_due", cursor.webhook_id)
        return due

    async def open_deliveries(
        self, cursor: Cursor, records: Sequence[int], per_record: int
    ) -> dict[int, list[Delivery]]:
        """The first open deliveries of each record, ready to be sent."""
        rows = await self._database.fetch("read_open_deliveries", cursor.webhook_id, list(records), per_record)
        events = {
            row["position"]: _event(row)
            for row in await self._database.fetch("read_events_at", [row["position"] for row in rows])
        }
        deliveries = await self._deliveries(
            cursor.webhook_id, [(events[row["position"]], row["sequence_id"]) for row in rows]
        )
        found: dict[int, list[Delivery]] = {record: [] for record in records}
        for row, delivery in zip(rows, deliveries, strict=True):
            delivery.attempts = row["attempts"]
            delivery.stored = True
            found[delivery.record_id].append(delivery)
        return found

    async def journal(self, cursor: Cursor, deliveries: Iterable[Delivery]) -> None:
        """Writes what became of deliveries and moves the cursor, in one transaction; may be repeated.

        `Conflict` where another worker has taken the cursor, or the webhook has been removed: then nothing is written.
        """
        arrays = _arrays(deliveries)
        queries = self._database.queries
        name = cursor_name(cursor.webhook_id)
        count = self._cache.statements.set_silently(self._catalog, "$sequenceId")
        async with self._database.transaction() as connection:
            # the record first: whoever removes a webhook locks in this order too
            await connection.execute(count, cursor.webhook_id, cursor.sequence_id)
            held = await connection.fetchval(
                queries["move_cursor"], name, cursor.epoch, cursor.position, cursor.sequence_id, cursor.active
            )
            if not held:
                raise Conflict("webhook.taken_over", webhook=cursor.webhook_id)
            if arrays[0]:
                await connection.execute(queries["journal_deliveries"], cursor.webhook_id, *arrays)

    # loops

    async def clock(self) -> datetime:
        """The time by the clock that dates the events."""
        time: datetime = await self._database.fetchval("read_clock")
        return time

    async def loop(self, subscription: Subscription, delivery: Delivery, count: int, seconds: float) -> str:
        """What is told of a record whose notifications are paused."""
        catalog = self._cache.schema.catalogs.get(subscription.catalog_id)
        initiator = messages.text("webhook.nobody")
        if delivery.actor is not None:
            rows = await self._reader.stored(USERS, HasId((delivery.actor,)), ("$name",))
            name = rows[0]["$name"] if rows else ""
            initiator = messages.text("webhook.employee", name=name, id=delivery.actor)
        record = f"{catalog.name if catalog else subscription.catalog_id} #{delivery.record_id}"
        facts = {"record": record, "url": subscription.url, "count": count, "seconds": round(seconds, 1)}
        return messages.text("webhook.loop", initiator=initiator, **facts)

    async def report(self, webhook_id: int) -> None:
        """Writes into the webhook's record why deliveries are paused, if any are; an event as any other."""
        rows = await self._database.fetch("read_paused", webhook_id, _INCIDENTS)
        if rows:
            text = "\n".join(row["error"] or "" for row in rows)
            with suppress(NotFound):
                await self._writer.change(SYSTEM, WEBHOOKS, [RecordChange(str(webhook_id), {"$incident": text})])

    async def remove(self, webhook_id: int) -> None:
        """Removes the webhook, as its receiver asked; the removal is an event as any other."""
        with suppress(NotFound):
            await self._writer.remove(SYSTEM, WEBHOOKS, [str(webhook_id)])

    async def sweep(self) -> None:
        """Removes finished deliveries that are older than the journal is kept."""
        await self._database.execute("sweep_deliveries", now() - timedelta(days=self.settings.journal_days))


def _event(row: asyncpg.Record) -> Event:
    return Event(
        position=row["position"],
        at=row["at"],
        type=row["type"],
        catalog_id=row["catalog_id"],
        record_id=row["record_id"],
        text_id=row["text_id"],
        actor=row["actor"],
        new=row["new"],
        old=row["old"],
    )


def _arrays(deliveries: Iterable[Delivery]) -> tuple[list[object], ...]:
    """The columns of `journal_deliveries`."""
    names = (
        "position", "sequence_id", "record_id", "event", "status", "attempts",
        "due_at", "response_status", "error", "duration_ms", "finished_at",
    )  # fmt: skip
    found: tuple[list[object], ...] = tuple([] for _ in names)
    for delivery in deliveries:
        waiting = delivery.status is Status.WAITING
        for column, name in zip(found, names, strict=True):
            value = getattr(delivery, name)
            column.append(None if waiting and name == "due_at" else value)
    return found
