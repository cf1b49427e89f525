"""The SQL function ``fold(text)``: text as a person compares it, for comparison, search and order.

Letters are lower case and «ё» is «е»; where the extension ``unaccent`` is there, accents and ligatures are gone too («Café» is
«cafe», «ß» is «ss»). It is immutable, so indexes may be made on it. Its definition depends on what the database offers, so `migrate`
makes it before the migrations and renews it, with the indexes, when that has changed.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import asyncpg

from obmen.errors import SetupError
from obmen.storage.abilities import Abilities

if TYPE_CHECKING:
    from obmen.storage.database import Connection

_COLLATIONS: Final = ("pg_c_utf8", "default", "und-x-icu", "C.utf8")
"""The first is PostgreSQL's own (17 and newer): it changes only with PostgreSQL, and is the fastest."""
_REINDEX_S: Final = 86_400.0
_PROBE: Final = ("ЁЖÀI", "ёжài")


async def collation(connection: "Connection", queries: Mapping[str, str]) -> str:
    """The qualified name of a collation that can lower all letters, whatever the locale of the database is.

    `SetupError` where there is none, or the database cannot store all letters: its encoding is not UTF-8.
    """
    database = await connection.fetchrow(queries["read_locale"])
    assert database is not None
    if database["encoding"] == "UTF8":
        for row in await connection.fetch(queries["read_collations"], _COLLATIONS):
            try:
                lowered = await connection.fetchval(f"select lower($1::text collate {row['collation']})", _PROBE[0])
            except asyncpg.PostgresError:
                continue  # the operating system has lost this locale
            if lowered == _PROBE[1]:
                return str(row["collation"])
    raise SetupError("setup.locale", **database)


async def is_current(connection: "Connection", queries: Mapping[str, str], abilities: Abilities) -> bool:
    """Whether the function is there and uses what the database offers now; `SetupError` as `collation`."""
    _, body = _definition(abilities, await collation(connection, queries))
    return bool(await connection.fetchval(queries["read_fold"]) == body)


async def define(
    connection: "Connection", queries: Mapping[str, str], schema: str, abilities: Abilities, collation: str
) -> None:
    """Makes the function, or renews it together with the indexes that hold what it has returned."""
    language, body = _definition(abilities, collation)
    async with connection.transaction():
        known = await connection.fetchval(queries["read_fold"])
        if known == body:
            return
        await connection.execute(
            f"create or replace function {schema}.fold(text) returns text "
            f"language {language} immutable parallel safe strict as $fold${body}$fold$"
        )
        if known is not None:
            for row in await connection.fetch(queries["read_expression_indexes"]):
                await connection.execute(f"reindex index {row['name']}", timeout=_REINDEX_S)


def _definition(abilities: Abilities, collation: str) -> tuple[str, str]:
    """Language and body.

    ``unaccent`` is only stable, since its rules could be changed: PL/pgSQL hides that, where SQL would neither be inlined nor
    be as fast (a million rows: 1.2 s against 2.1 s). Without it plain SQL is inlined.
    """
    if schema := abilities.extensions.get("unaccent"):
        dictionary = f"{schema}.unaccent".replace("'", "''")
        return "plpgsql", f"begin return lower({schema}.unaccent('{dictionary}', $1) collate {collation}); end"
    return "sql", f"select translate(lower($1 collate {collation}), 'ё', 'е')"
