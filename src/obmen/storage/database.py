"""The connection pool, named queries and migrations. Called by ``services`` and ``workers``."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

from obmen.errors import SetupError
from obmen.storage import abilities, folding
from obmen.storage.abilities import Abilities
from obmen.storage.queries import texts

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Executor: TypeAlias = Connection | asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes take no type arguments when they run
    Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
    Executor = Connection | asyncpg.Pool

_PATIENCE_S: Final = 30.0
_RESERVE: Final = 4
_STATEMENTS: Final = 500
"""Prepared statements that a connection keeps."""
_MIGRATION_LOCK: Final = 7_101_001


class Database:
    """A pool of connections to one PostgreSQL and the queries of one schema in it."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        reserve: "asyncpg.Pool[asyncpg.Record]",
        own: Callable[[], Awaitable[Connection]],
        schema: str,
    ) -> None:
        self.pool = pool
        self.reserve = reserve
        """Connections for those who hold something that holders of the others may wait for: they must not wait in turn."""
        self.own = own
        """Opens a connection of no pool, for who keeps it for long; it is theirs to close."""
        self.schema = schema
        self.queries = {name: text.replace("{schema}", schema) for name, text in texts().items()}
        self.abilities = Abilities({}, has_cyrillic_trigrams=False)
        """What is there beyond PostgreSQL's core, as `connect` and `migrate` have found it."""

    @asynccontextmanager
    async def transaction(self, pool: "asyncpg.Pool[asyncpg.Record] | None" = None) -> AsyncIterator[Connection]:
        """A connection inside a transaction: committed at the end, rolled back by an error. ``TimeoutError`` where none comes free."""
        async with (pool or self.pool).acquire(timeout=_PATIENCE_S) as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of the named query."""
        return await self.pool.fetch(self.queries[query], *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """The first row of the named query."""
        return await self.pool.fetchrow(self.queries[query], *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the named query."""
        return await self.pool.fetchval(self.queries[query], *args)

    async def execute(self, query: str, *args: Any) -> str:
        """The command tag of the named query."""
        return await self.pool.execute(self.queries[query], *args)

    async def close(self) -> None:
        """Waits for connections in use, then closes all."""
        await self.pool.close()
        await self.reserve.close()


async def connect(url: str, schema: str, *, connections: int) -> Database:
    """A `Database` on ``url``; `SetupError` where PostgreSQL cannot be reached or is too old."""
    settings = {
        "application_name": "obmen",
        "timezone": "UTC",
        "jit": "off",
        "random_page_cost": "1.1",
        "plan_cache_mode": "force_generic_plan",  # statements are made so that one plan serves all values
    }
    session: dict[str, Any] = {"command_timeout": 60, "server_settings": settings, "statement_cache_size": _STATEMENTS}
    create = partial(asyncpg.create_pool, url, reset=_keep)
    try:
        pool = await create(min_size=1, max_size=connections, **session)
        reserve = await create(min_size=0, max_size=_RESERVE, **session)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SetupError("setup.database_unreachable", problem=error) from error
    database = Database(pool, reserve, partial(asyncpg.connect, url, **session), schema)
    async with pool.acquire() as connection:
        version = connection.get_server_version()
        if version.major >= 14:
            database.abilities = await abilities.read(connection, database.queries)
    if version.major < 14:
        await database.close()
        raise SetupError("setup.postgres_too_old", found=version.major)
    return database


async def _keep(connection: Connection) -> None:
    """Leaves the session as it is: nothing here changes one, and the customary reset costs a round trip per use."""


def migrations() -> list[tuple[int, str, str]]:
    """``(number, name, SQL)`` in order."""
    found = []
    for file in files("obmen.storage.migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append((int(number), name, file.read_text("utf-8")))
    return sorted(found)


async def missing_migrations(database: Database) -> int:
    """How many are not applied yet."""
    table = f"{database.schema}.migrations"
    if not await database.pool.fetchval("select to_regclass($1) is not null", table):
        return len(migrations())
    return len(migrations()) - int(await database.pool.fetchval(f"select count(*) from {table}"))


async def migrate(database: Database) -> int:
    """Applies what is missing, each migration in a transaction of its own; returns how many were.

    Before that it installs the extensions that the role may install, and defines ``fold``. Safe to run by several at once.
    `SetupError` where the database was made by a newer Obmen, or cannot compare text.
    """
    known = migrations()
    applied = 0
    async with database.pool.acquire() as connection:
        await connection.execute("select pg_advisory_lock($1)", _MIGRATION_LOCK)
        try:
            collation = await folding.collation(connection, database.queries)
            if not await connection.fetchval("select pg_catalog.to_regnamespace($1) is not null", database.schema):
                # not "if not exists", which asks for the privilege even where there is nothing to create
                await connection.execute(f"create schema {database.schema}")
            await connection.execute(
                f"create table if not exists {database.schema}.migrations "
                "(number integer primary key, name text not null, applied_at timestamptz not null default now())"
            )
            done = {row["number"] for row in await connection.fetch(f"select number from {database.schema}.migrations")}
            if done and max(done) > known[-1][0]:
                raise SetupError("setup.migration_newer", found=max(done), known=known[-1][0])
            await abilities.install(connection, database.queries, database.schema)
            database.abilities = await abilities.read(connection, database.queries)
            await folding.define(connection, database.queries, database.schema, database.abilities, collation)
            for number, name, sql in known:
                if number in done:
                    continue
                async with connection.transaction():
                    await connection.execute(sql.replace("{schema}", database.schema))
                    await connection.execute(
                        f"insert into {database.schema}.migrations (number, name) values ($1, $2)", number, name
                    )
                applied += 1
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _MIGRATION_LOCK)
    return applied
