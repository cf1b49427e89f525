"""Extensions are installed where the role may, and Obmen works without them."""

import re
from pathlib import Path

import pytest
from databases import make_database, make_guest, opened, session

from live_server import EMAIL, PASSWORD
from obmen import bootstrap, settings
from obmen.storage import abilities
from obmen.storage.abilities import EXTENSIONS
from obmen.storage.database import Database, migrate
from obmen.storage.embedded import EmbeddedPostgres


async def missing(database: Database) -> dict[str, str | None]:
    async with database.pool.acquire() as connection:
        return {found.name: found.schema for found in await abilities.missing(connection, database.queries)}


async def test_the_embedded_server_has_them(database_url: str) -> None:
    async with opened(database_url) as database:
        assert database.abilities.extensions == dict.fromkeys(EXTENSIONS, "obmen")
        assert database.abilities.trigram_operators == "obmen.gin_trgm_ops"
        assert await missing(database) == {}


async def test_the_embedded_server_brings_contrib(database_url: str) -> None:
    async with session(database_url) as connection:
        names = {row["name"] for row in await connection.fetch("select name from pg_available_extensions")}

    assert names >= {*EXTENSIONS, "postgres_fdw", "pg_stat_statements"}


async def test_a_role_without_privileges_gets_none(postgres: EmbeddedPostgres) -> None:
    async with opened(await make_guest(postgres, "poor_guest")) as database:
        await migrate(database)

        assert database.abilities.extensions == {}
        assert database.abilities.trigram_operators is None
        assert await missing(database) == dict.fromkeys(EXTENSIONS)


async def test_a_role_that_may_create_in_the_database_gets_them(postgres: EmbeddedPostgres) -> None:
    async with opened(await make_guest(postgres, "rich_guest", "connect, create")) as database:
        await migrate(database)

        assert set(database.abilities.extensions) == set(EXTENSIONS)
        assert await missing(database) == {}


async def test_one_that_the_server_refuses_stops_nothing(postgres: EmbeddedPostgres) -> None:
    url = await make_database(postgres, "refusing")
    async with session(url) as admin:
        await admin.execute(
            "create schema obmen; create function obmen.show_trgm(text) returns text[] language sql as 'select null::text[]'"
        )
    async with opened(url) as database:
        await migrate(database)

        assert set(database.abilities.extensions) == {"unaccent", "btree_gin"}
        assert set(await missing(database)) == {"pg_trgm"}


@pytest.mark.parametrize("schema", ["public", "Other Schema", "o'brien"])
async def test_those_of_another_schema_are_used(postgres: EmbeddedPostgres, schema: str) -> None:
    url = await make_guest(postgres, "other_schema")
    quoted = f'"{schema}"' if schema != "public" else schema
    async with session(postgres.url("other_schema")) as admin:
        await admin.execute(f"create schema if not exists {quoted}; grant usage on schema {quoted} to other_schema")
        for name in EXTENSIONS:
            await admin.execute(f"create extension {name} with schema {quoted}")
    async with opened(url) as database:
        await migrate(database)

        assert database.abilities.extensions == dict.fromkeys(EXTENSIONS, quoted)
        assert await database.pool.fetchval("select obmen.fold('Café Ё')") == "cafe е"
        operators = database.abilities.trigram_operators
        await database.pool.execute("create table obmen.words (x text)")
        await database.pool.execute(f"create index on obmen.words using gin (obmen.fold(x) {operators})")


async def test_a_schema_that_is_closed_counts_as_missing(postgres: EmbeddedPostgres) -> None:
    url = await make_guest(postgres, "closed_schema")
    async with session(postgres.url("closed_schema")) as admin:
        await admin.execute("create schema theirs; create extension unaccent with schema theirs")
    async with opened(url) as database:
        await migrate(database)

        assert database.abilities.extensions == {}
        assert (await missing(database))["unaccent"] == "theirs"


async def test_obmen_works_for_a_role_without_privileges(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url = await make_guest(postgres, "whole_guest")
    made = settings.load(tmp_path, {"OBMEN_DATABASE_URL": url, "OBMEN_ADMIN_PASSWORD": PASSWORD})

    assert not await bootstrap.is_prepared(made)
    await bootstrap.prepare(made, "ru")
    assert await bootstrap.is_prepared(made)
    async with bootstrap.running(made) as wired:
        assert (await wired.application.accounts.sign_in(EMAIL, PASSWORD, "127.0.0.1")).caller.is_admin


@pytest.mark.parametrize("as_owner", [True, False])
async def test_the_sql_of_the_how_to_page(postgres: EmbeddedPostgres, *, as_owner: bool) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "use-your-own-postgresql.md").read_text("utf-8")
    database, extensions = re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    async with session(postgres.url("postgres")) as admin:
        await admin.execute("drop database if exists how_to with (force)")
        await admin.execute("drop role if exists how_to")
        for statement in renamed(database).strip().removesuffix(";").split(";"):
            await admin.execute(statement)
        if not as_owner:
            await admin.execute("alter database how_to owner to obmen")
    async with session(postgres.url("how_to")) as admin:
        if not as_owner:
            await admin.execute(renamed(extensions))
    address = postgres.url("how_to").partition("@")[2]
    async with opened(f"postgresql://how_to:a%20long%20password@{address}") as opened_database:
        await migrate(opened_database)

        assert opened_database.abilities.extensions == dict.fromkeys(EXTENSIONS, "obmen")


def renamed(sql: str) -> str:
    """For a role that is not the administrator of the tests."""
    return re.sub(r"(ROLE|DATABASE|OWNER|AUTHORIZATION) obmen", r"\1 how_to", sql)
