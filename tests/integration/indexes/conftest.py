"""An empty catalog, and a keeper at work."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from large_catalog import FIELDS, Shop, keeping

from obmen.bootstrap import Wired
from obmen.domain.rights.policies import SYSTEM
from obmen.workers.indexes import IndexKeeper


@pytest.fixture
async def shop(obmen: Wired, database_url: str) -> AsyncIterator[Shop]:
    """An empty catalog."""
    app = obmen.application
    section = await app.sections.create(SYSTEM, {"name": "Sales"})
    made = await app.catalogs.create(SYSTEM, {"name": "Orders", "sectionId": section, "fields": FIELDS})
    sql = await asyncpg.connect(database_url)
    yield Shop(app, str(made.id), sql, database_url)
    await sql.close()


@pytest.fixture
async def keeper(obmen: Wired) -> AsyncIterator[IndexKeeper]:
    """One at work all the time."""
    async with keeping(obmen.application) as found:
        yield found
