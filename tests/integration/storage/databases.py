"""Databases of other people: made by an administrator for a role that may do less, or in another locale."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from obmen.storage.database import Database, connect
from obmen.storage.embedded import EmbeddedPostgres


@asynccontextmanager
async def session(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session of PostgreSQL that is not Obmen's."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database as Obmen opens it, not migrated."""
    database = await connect(url, "obmen", connections=2)
    try:
        yield database
    finally:
        await database.close()


async def make_database(server: EmbeddedPostgres, name: str, options: str = "") -> str:
    """An empty database of the superuser; its URL."""
    async with session(server.url("postgres")) as admin:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.execute(f"create database {name} {options}")
    return server.url(name)


async def make_guest(server: EmbeddedPostgres, name: str, privileges: str = "connect") -> str:
    """An empty database with a schema ``obmen`` of a role of the same name that has only ``privileges``; its URL for that role."""
    url = await make_database(server, name)
    async with session(url) as admin:
        await admin.execute(f"drop role if exists {name}")
        await admin.execute(f"create role {name} login password 'guest'")
        await admin.execute(f"revoke all on database {name} from public")
        await admin.execute(f"grant {privileges} on database {name} to {name}")
        await admin.execute(f"create schema obmen authorization {name}")
    return f"postgresql://{name}:guest@{url.partition('@')[2]}"
