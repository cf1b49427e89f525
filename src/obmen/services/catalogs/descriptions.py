"""Reading the descriptions of sections and catalogs, and the transaction in which they change. Called by this package alone."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import msgspec

from obmen.domain.field_types import FieldType
from obmen.domain.schema import Catalog, Schema
from obmen.errors import Conflict
from obmen.services.schema.cache import CatalogCache, stored_fields
from obmen.storage.database import Connection, Database
from obmen.storage.statements import ddl

_PATIENCE_S: Final = 5.0
_TURN_S: Final = 0.05


class Changing(msgspec.Struct, frozen=True):
    """A transaction that alone changes descriptions, and the descriptions as they stand in it."""

    connection: Connection
    schema: Schema


class Descriptions:
    """The newest descriptions of this installation."""

    def __init__(self, database: Database, cache: CatalogCache) -> None:
        self._database = database
        self._cache = cache

    @property
    def types(self) -> Mapping[str, FieldType]:
        """The field types by name."""
        return self._cache.types

    @property
    def namespace(self) -> str:
        """Name of the PostgreSQL schema."""
        return self._database.schema

    @property
    def queries(self) -> Mapping[str, str]:
        """The named queries."""
        return self._database.queries

    @property
    def known(self) -> Schema:
        """The descriptions as this process knows them: milliseconds behind the newest."""
        return self._cache.schema

    async def newest(self) -> Schema:
        """The descriptions as they stand now: another server process may have changed them just now."""
        return await self._cache.refresh()

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Changing]:
        """A transaction with exclusive access to the descriptions; other processes are notified at commit.

        `Conflict` where it does not get its turn within some seconds.
        """
        try:
            async with self._database.transaction() as connection:
                await connection.execute(self.queries["limit_lock_waits"])
                await connection.fetchval(self.queries["bump_schema"])
                yield Changing(connection, await self._cache.read(connection))
        except asyncpg.LockNotAvailableError:
            raise Conflict("catalog.changed_meanwhile") from None
        await self._cache.refresh()

    async def store(
        self, change: Changing, catalog: Catalog, described_by: str | None = None, unique: Iterable[str] = ()
    ) -> Catalog:
        """The new catalog with its number, stored; a table is made for it, or a view of the table ``described_by``.

        No two of its records will share the text of a field in ``unique``.
        """
        number = await change.connection.fetchval(
            self.queries["create_catalog"],
            catalog.number or None,
            catalog.text_id,
            catalog.section,
            catalog.name,
            catalog.icon,
            catalog.history,
            stored_fields(catalog.fields),
            catalog.next_field,
        )
        made = msgspec.structs.replace(catalog, number=number)
        statements = [
            ddl.create_view(made, described_by, self.namespace)
            if described_by is not None
            else ddl.create_table(made, self.namespace),
            *(ddl.unique_index(made, made.field(field_id), self.namespace) for field_id in unique),
        ]
        for statement in statements:
            await change.connection.execute(statement)
        return made

    async def store_change(self, change: Changing, before: Catalog, after: Catalog) -> None:
        """Stores the new description; the table follows."""
        await change.connection.execute(
            self.queries["update_catalog"],
            after.number,
            after.text_id,
            after.section,
            after.name,
            after.icon,
            after.history,
            stored_fields(after.fields),
            after.next_field,
            list(after.removed_fields),
        )
        statements = ddl.alter_table(before, after, self.namespace)
        if statements:
            await self._hold_back_indexing(change.connection, after)
        for statement in statements:
            await change.connection.execute(statement)

    async def _hold_back_indexing(self, connection: Connection, catalog: Catalog) -> None:
        """Interrupts the building of an index on the table: a change would wait for its end. It begins again after this transaction."""
        for _ in range(round(_PATIENCE_S / _TURN_S)):
            if await connection.fetchval(self.queries["hold_back_indexing"], catalog.number):
                return
            await connection.execute(self.queries["interrupt_indexing"], catalog.number)
            await asyncio.sleep(_TURN_S)
        raise Conflict("catalog.changed_meanwhile")
