"""A real PostgreSQL for every test: one embedded server per session, a database cloned from a template per test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings as hypothesis_settings

from live_server import LiveServer
from obmen import bootstrap, settings
from obmen.bootstrap import Wired
from obmen.settings import Settings
from obmen.storage.embedded import EmbeddedPostgres

hypothesis_settings.register_profile("obmen", deadline=None)  # a busy machine is no failure
hypothesis_settings.load_profile("obmen")

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server, with the database ``template`` brought up to date."""
    folder = tmp_path_factory.mktemp("postgres")
    server = EmbeddedPostgres(folder)
    url = server.start("template")
    try:
        made = settings.load(folder, {"OBMEN_DATABASE_URL": url, "OBMEN_ADMIN_PASSWORD": "correct horse"})
        asyncio.run(bootstrap.prepare(made, "en"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def new_database(postgres: EmbeddedPostgres) -> Callable[[], str]:
    """Makes a database from the template; its URL."""

    def make() -> str:
        name = f"test_{next(_numbers)}"

        async def create() -> None:
            connection = await asyncpg.connect(postgres.url("postgres"))
            try:
                await connection.execute(f"create database {name} template template strategy file_copy")
            finally:
                await connection.close()

        asyncio.run(create())
        return postgres.url(name)

    return make


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """A database of the test's own."""
    return new_database()


@pytest.fixture
def test_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings on that database; loopback is open to outgoing connections."""
    return settings.load(tmp_path, {"OBMEN_DATABASE_URL": database_url, "OBMEN_EGRESS_ALLOW": "127.0.0.0/8"})


@pytest.fixture
async def obmen(test_settings: Settings) -> AsyncIterator[Wired]:
    """The use cases in this process."""
    async with bootstrap.running(test_settings) as wired:
        yield wired


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server process for the tests of a module."""
    with LiveServer(tmp_path_factory.mktemp("obmen") / "data", new_database()) as live:
        yield live
