"""The current `Schema` of this process, dropped when another process changes a catalog (``NOTIFY obmen_schema``)."""

import asyncio
import contextlib

import asyncpg
import msgspec

from obmen.domain.catalogs.schema import Catalog, Field, Schema, Section
from obmen.storage.database import Connection, Database
from obmen.storage.statements.catalog_tables import CatalogTable

CHANNEL = "obmen_schema"


class CatalogCache:
    """Holds one snapshot and the statements compiled for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.schema = Schema(0, (), ())
        self._tables: dict[int, CatalogTable] = {}
        self._lock = asyncio.Lock()

    def table(self, catalog: Catalog) -> CatalogTable:
        """Statements on the table of ``catalog``, a member of the current snapshot."""
        table = self._tables.get(catalog.id)
        if table is None or table.catalog is not catalog:
            table = self._tables[catalog.id] = CatalogTable(catalog, self.schema, self._database.schema)
        return table

    async def refresh(self, connection: Connection | None = None) -> Schema:
        """The newest snapshot, read again only where the version moved; on ``connection`` where the caller holds one."""
        if connection is not None:
            return await self._read(connection)
        async with self._lock, self._database.pool.acquire() as own:
            return await self._read(own)

    async def _read(self, connection: Connection) -> Schema:
        if await connection.fetchval(self._database.queries["read_schema_version"]) != self.schema.version:
            schema = await read_schema(self._database, connection)
            if schema.version > self.schema.version:
                self._tables = {}
                self.schema = schema
        return self.schema

    async def notified(self, version: str) -> None:
        """Another process says that a catalog has changed."""
        if not version or int(version) > self.schema.version:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self.refresh()


async def read_schema(database: Database, connection: Connection) -> Schema:
    """The descriptions as they stand in the transaction of ``connection``."""
    version = await connection.fetchval(database.queries["read_schema_version"])
    sections = [
        Section(
            id=row["id"],
            text_id=row["text_id"],
            name=row["name"],
            icon=row["icon"],
            catalog_order=tuple(row["catalog_order"]),
        )
        for row in await connection.fetch(database.queries["read_sections"])
    ]
    catalogs = [
        Catalog(
            id=row["id"],
            text_id=row["text_id"],
            section_id=row["section_id"],
            name=row["name"],
            icon=row["icon"],
            fields=msgspec.json.decode(row["fields"], type=tuple[Field, ...]),
            next_field=row["next_field"],
            version=row["version"],
        )
        for row in await connection.fetch(database.queries["read_catalogs"])
    ]
    return Schema(version, sections, catalogs)
