"""A database of its own for each test, with two catalogs of a company and an empty log."""

import asyncio
import uuid
from pathlib import Path

import asyncpg
import pytest
from webhook_company import PlainHttp, Receiver, company_settings, open_company

from obmen import bootstrap
from obmen.domain.rights.policies import SYSTEM

FIELDS = [
    {"id": "name", "name": "Name", "type": "text"},
    {"id": "amount", "name": "Amount", "type": "number"},
    {"id": "when", "name": "When", "type": "date", "config": {"time": True}},
    {"id": "note", "name": "Note", "type": "text"},
    {"id": "key", "name": "Key", "type": "text", "config": {"type": "secret"}},
    {"id": "choice", "name": "Choice", "type": "radiobutton", "config": {"items": [{"name": "One"}, {"name": "Two"}]}},
]


@pytest.fixture(scope="session")
def company_database(new_database, tmp_path_factory):
    """The name of a database to make others from."""
    url = new_database()

    async def make():
        async with bootstrap.running(company_settings(url, tmp_path_factory.mktemp("template"))) as wired:
            made = wired.application
            section = await made.sections.create(SYSTEM, {"name": "Sales"})
            for name in ("Orders", "Clients"):
                await made.catalogs.create(SYSTEM, {"name": name, "sectionId": section, "fields": FIELDS})
            await made.database.pool.execute("truncate obmen.events restart identity")

    asyncio.run(make())
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
async def postgres_url(postgres, company_database):
    """A database of the test's own."""
    name = f"t{uuid.uuid4().hex}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    try:
        await admin.execute(f"create database {name} template {company_database} strategy file_copy")
        yield postgres.url(name)
        await admin.execute(f"drop database {name} with (force)")
    finally:
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
async def company(postgres_url, tmp_path: Path, http):
    found = await open_company(postgres_url, tmp_path, http)
    yield found
    await found.close()
