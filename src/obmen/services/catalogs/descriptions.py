"""Reading the descriptions of sections and catalogs, and the transaction in which they change. Called by this package alone."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from obmen.domain.catalogs.schema import Schema
from obmen.domain.field_types import FieldType
from obmen.errors import Conflict
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Connection, Database


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

    async def newest(self) -> Schema:
        """The descriptions as they stand now: another server process may have changed them just now."""
        return await self._cache.refresh()

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Changing]:
        """A transaction that alone changes descriptions and tells everybody at its end.

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
