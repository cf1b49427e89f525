"""Bodies of notifications: values as the API answers them, rendered from the event log, two queries per catalog.

An attempt that is made later is rendered anew from the same event: its values are those of the event, while titles of
linked records and employees are those of the moment. Called by ``services/webhooks``.
"""

from collections.abc import Sequence

from obmen.domain.events import CREATED, UPDATED, Event
from obmen.domain.rights.policies import SYSTEM, policy
from obmen.domain.schema import Catalog
from obmen.domain.webhooks.message import body
from obmen.services.files.files import Files
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Database
from obmen.storage.statements.compiler import Image, Statements
from obmen.storage.statements.rendering import CLIENTS


class WebhookBodies:
    """Renders what is sent."""

    def __init__(self, database: Database, cache: CatalogCache, files: Files) -> None:
        self._database = database
        self._cache = cache
        self._files = files

    async def render(self, webhook_id: int, events: Sequence[tuple[Event, int]]) -> list[bytes | None]:
        """The bodies of ``(event, sequence id)``; ``None`` where the event's catalog has been removed."""
        if any(event.catalog_id not in self._cache.schema.catalogs for event, _ in events):
            await self._cache.refresh()
        return await self._cache.with_current_schema(lambda statements: self._render(statements, webhook_id, events))

    async def _render(
        self, statements: Statements, webhook_id: int, events: Sequence[tuple[Event, int]]
    ) -> list[bytes | None]:
        values: dict[int, str] = {}
        previous: dict[int, str] = {}
        catalogs = {event.catalog_id: statements.schema.catalogs.get(event.catalog_id) for event, _ in events}
        for catalog in catalogs.values():
            if catalog is not None:
                own = [event for event, _ in events if event.catalog_id == catalog.number]
                updated = [event.position for event in own if event.type == UPDATED]
                values |= await self._images(
                    statements, catalog, "filled", [e.position for e in own if e.type == CREATED]
                )
                values |= await self._images(statements, catalog, "changed", updated)
                previous |= await self._images(statements, catalog, "before", updated)
        return [
            None
            if (catalog := catalogs[event.catalog_id]) is None
            else body(
                webhook_id,
                sequence_id,
                event,
                catalog.id,
                values.get(event.position, "{}"),
                previous.get(event.position, "{}"),
            )
            for event, sequence_id in events
        ]

    async def _images(
        self, statements: Statements, catalog: Catalog, image: Image, positions: list[int]
    ) -> dict[int, str]:
        if not positions:
            return {}
        allowed = policy(SYSTEM, statements.schema)
        statement = statements.images(allowed, catalog, image, positions, CLIENTS, self._files.links())
        rows = await self._database.pool.fetch(statement.text, *statement.arguments)
        return {row[0]: row[1] for row in rows}
