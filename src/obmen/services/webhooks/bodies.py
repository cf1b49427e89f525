"""Bodies of notifications: values as the API answers them, rendered from the event log, two queries per catalog.

An attempt that is made later is rendered anew from the same event: its values are those of the event, while titles of
linked records and employees are those of the moment. Called by ``services/webhooks``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from obmen.domain.catalogs.schema import Catalog
from obmen.domain.events import CREATED, UPDATED, Event, changed_columns
from obmen.domain.records.values import value_fields
from obmen.domain.webhooks.message import body
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Database


class WebhookBodies:
    """Renders what is sent."""

    def __init__(self, database: Database, cache: CatalogCache) -> None:
        self._database = database
        self._cache = cache

    async def render(self, webhook_id: int, events: Sequence[tuple[Event, int]]) -> list[bytes | None]:
        """The bodies of ``(event, sequence id)``; ``None`` where the event's catalog has been removed."""
        if any(self._cache.schema.find(event.catalog_id) is None for event, _ in events):
            await self._cache.refresh()
        try:
            return await self._render(webhook_id, events)
        except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError):
            await self._cache.refresh()  # another process has changed a catalog, and its word is still on the way
            return await self._render(webhook_id, events)

    async def _render(self, webhook_id: int, events: Sequence[tuple[Event, int]]) -> list[bytes | None]:
        values: dict[int, dict[str, Any]] = {}
        previous: dict[int, dict[str, Any]] = {}
        catalogs = {event.catalog_id: self._cache.schema.find(event.catalog_id) for event, _ in events}
        for catalog in catalogs.values():
            if catalog is not None:
                own = [event for event, _ in events if event.catalog_id == catalog.id]
                values |= await self._images(catalog, "new", [e.position for e in own if e.type in (CREATED, UPDATED)])
                previous |= await self._images(catalog, "old", [e.position for e in own if e.type == UPDATED])
        return [
            None
            if (catalog := catalogs[event.catalog_id]) is None
            else body(
                webhook_id,
                sequence_id,
                event,
                catalog.key,
                _told(catalog, event, values.get(event.position, {})),
                previous.get(event.position, {}),
            )
            for event, sequence_id in events
        ]

    async def _images(self, catalog: Catalog, column: str, positions: list[int]) -> dict[int, dict[str, Any]]:
        if not positions:
            return {}
        table = self._cache.table(catalog)
        rows = await self._database.pool.fetch(table.images(column), positions)
        return {row["position"]: table.codec.values(row) for row in rows}


def _told(catalog: Catalog, event: Event, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """All values of a new record; of a change those that differ."""
    if event.type != UPDATED:
        return values
    changed = changed_columns(event)
    return {field.id: values[field.id] for field in value_fields(catalog) if field.column in changed}
