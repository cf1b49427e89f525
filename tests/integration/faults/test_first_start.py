"""The first start: several at once make one administrator, and one that was cut off is completed by the next."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from at_work import session

from live_server import EMAIL, PASSWORD
from obmen import bootstrap, settings
from obmen.settings import Settings
from obmen.storage.embedded import EmbeddedPostgres


@pytest.fixture
async def empty(postgres: EmbeddedPostgres, tmp_path: Path) -> Settings:
    """Settings on a database without anything in it."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        await connection.execute("drop database if exists empty with (force)")
        await connection.execute("create database empty")
    finally:
        await connection.close()
    given = {"OBMEN_DATABASE_URL": postgres.url("empty"), "OBMEN_ADMIN_PASSWORD": PASSWORD}
    return settings.load(tmp_path, given)


async def signs_in(made: Settings) -> bool:
    async with bootstrap.running(made) as wired:
        return (await wired.application.accounts.sign_in(EMAIL, PASSWORD, "127.0.0.1")).caller.is_admin


async def test_three_start_at_once_on_an_empty_database(empty: Settings) -> None:
    prepared = await asyncio.gather(*(bootstrap.prepare(empty, "en") for _ in range(3)))

    assert [found.email for found in prepared if found is not None] == [EMAIL]
    async with session(empty.database.url) as other:
        assert await other.fetchval("select count(*) from obmen.accounts") == 1
        names = [row[0] for row in await other.fetch("select text_id from obmen.catalogs")]
        assert len(names) == len(set(names)) > 5
    assert await signs_in(empty)


@pytest.mark.parametrize(
    "lost",
    [
        "update obmen.accounts set password_hash = null, is_admin = false",
        "update obmen.accounts set password_hash = null",
    ],
    ids=["with the right", "with the password"],
)
async def test_a_start_that_was_killed_is_completed_by_the_next(test_settings: Settings, lost: str) -> None:
    made = settings.load(
        test_settings.data, {"OBMEN_DATABASE_URL": test_settings.database.url, "OBMEN_ADMIN_PASSWORD": PASSWORD}
    )
    async with session(made.database.url) as other:
        await other.execute(lost)
    prepared = await bootstrap.prepare(made, "en")

    assert prepared is not None
    assert prepared.email == EMAIL
    assert await signs_in(made)
    async with session(made.database.url) as other:
        assert await other.fetchval("select count(*) from obmen.accounts") == 1
