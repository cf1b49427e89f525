"""The current `Schema` of this process, replaced when another process changes a catalog (``NOTIFY obmen_schema``)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from obmen.domain.field_types import FieldType
from obmen.domain.schema import Catalog, Field, Schema, Section
from obmen.errors import InvalidFilter, InvalidValue, NotFound, SetupError
from obmen.storage import refusals
from obmen.storage.database import Connection, Database
from obmen.storage.statements.compiler import Statements

CHANNEL: Final = "obmen_schema"
Result = TypeVar("Result")

_ATTEMPTS: Final = 5
"""Under descriptions that others keep changing."""


class CatalogCache:
    """Holds one snapshot and the statements compiled for it."""

    def __init__(self, database: Database, types: Mapping[str, FieldType]) -> None:
        self.types = types
        self.statements = Statements(Schema(0, (), ()), database.schema)
        self._database = database
        self._lock = asyncio.Lock()

    @property
    def schema(self) -> Schema:
        """The snapshot."""
        return self.statements.schema

    async def refresh(self, connection: Connection | None = None) -> Schema:
        """The newest snapshot, read again only where the version moved; on ``connection`` where the caller holds one."""
        if connection is not None:
            return await self._refresh(connection)
        async with self._lock, self._database.pool.acquire() as own:
            return await self._refresh(own)

    async def _refresh(self, connection: Connection) -> Schema:
        if await connection.fetchval(self._database.queries["read_schema_version"]) != self.schema.version:
            schema = await self.read(connection)
            if schema.version > self.schema.version:
                self.statements = Statements(schema, self._database.schema)
        return self.schema

    async def with_current_schema(self, attempt: Callable[[Statements], Awaitable[Result]]) -> Result:
        """``attempt(statements)``, again while it fails under descriptions that have been changed meanwhile.

        Outside of transactions: an error of the database breaks the one it comes in. What PostgreSQL refuses is raised as
        `obmen.storage.refusals` names it.
        """
        for _ in range(_ATTEMPTS):
            statements = self.statements
            try:
                with refusals.named():
                    return await attempt(statements)
            except (
                InvalidValue,
                NotFound,
                InvalidFilter,
                asyncpg.UndefinedColumnError,
                asyncpg.UndefinedTableError,
            ):
                if (await self.refresh()).version == statements.schema.version:
                    raise
        with refusals.named():
            return await attempt(self.statements)

    async def notified(self, version: str) -> None:
        """Handles the notification that another process has changed a catalog."""
        if not version or int(version) > self.schema.version:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self.refresh()

    async def read(self, connection: Connection) -> Schema:
        """The descriptions as they stand in the transaction of ``connection``; the snapshot stays as it is."""
        queries = self._database.queries
        version = await connection.fetchval(queries["read_schema_version"])
        sections = [
            Section(**{**row, "catalog_order": tuple(row["catalog_order"])})
            for row in await connection.fetch(queries["read_sections"])
        ]
        catalogs = [
            Catalog(
                **{
                    **row,
                    "fields": tuple(self._field(stored) for stored in msgspec.json.decode(row["fields"])),
                    "removed_fields": tuple(row["removed_fields"]),
                }
            )
            for row in await connection.fetch(queries["read_catalogs"])
        ]
        removed = {row["number"]: row["text_id"] for row in await connection.fetch(queries["read_removed_catalogs"])}
        return Schema(version, sections, catalogs, removed)

    def _field(self, stored: dict[str, Any]) -> Field:
        name = stored["type"]
        if name not in self.types:
            raise SetupError("setup.no_field_type", type=name, known=", ".join(self.types))
        return Field(**{**stored, "type": self.types[name]})


def stored_fields(fields: Iterable[Field]) -> str:
    """The descriptions of fields as they are stored, in JSON."""
    return msgspec.json.encode(tuple(fields), enc_hook=lambda kind: kind.name).decode()
