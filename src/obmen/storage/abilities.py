"""What the connected PostgreSQL can do beyond its core: the extensions that make searches fast.

Obmen works without them, slower. `connect` reads them, `migrate` installs those that its role may install.
"""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

if TYPE_CHECKING:
    from obmen.storage.database import Connection

EXTENSIONS: Final = ("pg_trgm", "unaccent", "btree_gin")


class Abilities(msgspec.Struct, frozen=True):
    """What statements may use."""

    extensions: dict[str, str]
    """The schema of each of `EXTENSIONS` that is installed and open to the role; quoted where SQL needs it."""
    has_cyrillic_trigrams: bool
    """Whether ``pg_trgm`` is there and takes Cyrillic letters for letters; in a database with the locale ``C`` it does not."""

    @property
    def trigram_operators(self) -> str | None:
        """The qualified operator class of trigram indexes; none where such an index would not help to find Russian text."""
        return f"{self.extensions['pg_trgm']}.gin_trgm_ops" if self.has_cyrillic_trigrams else None


class Missing(msgspec.Struct, frozen=True):
    """An extension that the role cannot use."""

    name: str
    schema: str | None
    """Where it is installed, if it is: a schema that is closed to the role."""
    role: str
    available: bool
    """Whether the server has its files, so that it can be installed."""


async def read(connection: "Connection", queries: Mapping[str, str]) -> Abilities:
    """What is there now."""
    extensions = {row["name"]: row["schema"] for row in await connection.fetch(queries["read_extensions"], EXTENSIONS)}
    has_trigrams = False
    schema = extensions.get("pg_trgm")
    if schema and connection.get_settings().server_encoding == "UTF8":  # another may not even have the letters
        has_trigrams = await connection.fetchval(f"select pg_catalog.cardinality({schema}.show_trgm('ёж')) > 0")
    return Abilities(extensions, has_trigrams)


async def missing(connection: "Connection", queries: Mapping[str, str]) -> list[Missing]:
    """Those of `EXTENSIONS` that are not there, in their order."""
    rows = await connection.fetch(queries["read_missing_extensions"], EXTENSIONS)
    return [Missing(row["name"], row["schema"], row["role"], row["available"]) for row in rows]


async def install(connection: "Connection", queries: Mapping[str, str], schema: str) -> None:
    """Installs in ``schema`` what the role may install and the server has; what the server refuses is left out."""
    for row in await connection.fetch(queries["read_installable_extensions"], EXTENSIONS):
        with contextlib.suppress(asyncpg.PostgresError):
            async with connection.transaction():
                await connection.execute(f"create extension {row['name']} with schema {schema}")
