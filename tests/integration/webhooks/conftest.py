"""A PostgreSQL for the session, a database of its own for each test."""

import asyncio
import shutil
import tempfile
import uuid
from pathlib import Path

import asyncpg
import pytest
from webhook_company import PlainHttp, Receiver, open_company

from obmen.domain.rights.policies import SYSTEM
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import connect, migrate
from obmen.storage.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
def postgres():
    folder = Path(tempfile.mkdtemp(prefix="obmen-webhooks-"))
    server = EmbeddedPostgres(folder)
    try:
        yield server.start("template")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres):
    """A database with the system's catalogs and two of the company's."""

    async def make():
        database = await connect(postgres, "obmen", connections=2)
        await migrate(database)
        cache = CatalogCache(database)
        catalogs = Catalogs(database, cache)
        await cache.refresh()
        await catalogs.create_system("en")
        section = await catalogs.create_section(SYSTEM, {"name": "Sales"})
        fields = [
            {"id": "name", "name": "Name", "type": "text"},
            {"id": "amount", "name": "Amount", "type": "number"},
            {"id": "when", "name": "When", "type": "date"},
            {"id": "note", "name": "Note", "type": "text"},
            {"id": "key", "name": "Key", "type": "text", "config": {"type": "secret"}},
        ]
        for name in ("Orders", "Clients"):
            await catalogs.create(SYSTEM, {"name": name, "sectionId": section, "fields": fields})
        await database.close()

    asyncio.run(make())
    return postgres


@pytest.fixture
async def postgres_url(template):
    """A database of the test's own."""
    name = f"t{uuid.uuid4().hex}"
    admin = await asyncpg.connect(template.replace("/template?", "/postgres?"))
    await admin.execute(f"create database {name} template template")
    yield template.replace("/template?", f"/{name}?")
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def receiver():
    found = Receiver()
    await found.start()
    yield found
    await found.close()


@pytest.fixture
async def http():
    found = PlainHttp()
    yield found
    await found.close()


@pytest.fixture
async def company(postgres_url, tmp_path, http):
    found = await open_company(postgres_url, tmp_path, http)
    yield found
    await found.close()
