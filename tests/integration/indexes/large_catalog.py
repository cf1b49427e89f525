"""A catalog of a shop, and keepers of indexes for catalogs of a hundred records and more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from obmen.domain.rights.policies import SYSTEM
from obmen.domain.schema import Catalog
from obmen.services.application import Application
from obmen.services.catalogs.indexes import Indexes
from obmen.workers.indexes import IndexKeeper

LARGE = 100
PATIENCE_S = 30.0
ITEMS = {"items": [{"id": "1", "name": "New"}, {"id": "2", "name": "Paid"}, {"id": "3", "name": "Sent"}]}
FIELDS: list[dict[str, Any]] = [
    {"id": "name", "name": "Name", "type": "text"},
    {"id": "amount", "name": "Amount", "type": "number"},
    {"id": "status", "name": "Status", "type": "dropdown", "config": ITEMS},
]


class Shop(msgspec.Struct, frozen=True):
    """A catalog, and a session of PostgreSQL that is not Obmen's."""

    obmen: Application
    catalog_id: str
    sql: "asyncpg.Connection[asyncpg.Record]"
    url: str

    @property
    def catalog(self) -> Catalog:
        return self.obmen.cache.schema.catalog(self.catalog_id)

    @property
    def table(self) -> str:
        return f"obmen.c{self.catalog_id}"

    async def fill(self, records: int) -> None:
        """Amounts are 1, 2, 3 … and each status has a third of the records."""
        await self.sql.execute(
            f"insert into {self.table} (f1, f2, f3) "
            f"select 'Order ' || n, n, array[n % 3 + 1] from generate_series(1, {records}) n"
        )

    async def indexes(self) -> dict[str, bool]:
        """``{name: whether it is valid}``."""
        rows = await self.sql.fetch(
            "select i.relname, x.indisvalid from pg_index x join pg_class i on i.oid = x.indexrelid "
            "where x.indrelid = $1::regclass and i.relname like '%\\_by\\_%'",
            self.table,
        )
        return dict(rows)

    async def kinds(self) -> set[str]:
        """``f2_order`` and the like of those that are valid."""
        found = [name.partition("_by_")[2].rsplit("_", 1)[0] for name, valid in (await self.indexes()).items() if valid]
        return {f"f{kind}" for kind in found}

    async def has(self, *kinds: str) -> bool:
        """Whether there are these and no others, valid or not; those that need ``pg_trgm`` may be there."""
        found = await self.indexes()
        return all(found.values()) and {kind for kind in await self.kinds() if "words" not in kind} == set(kinds)

    async def change(self, **changes: dict[str, Any]) -> None:
        """Changes fields; ``{}`` removes one."""
        fields = [{**field, **changes.get(field["id"], {})} for field in FIELDS if changes.get(field["id"]) != {}]
        await self.obmen.catalogs.change(SYSTEM, self.catalog_id, {"fields": fields})

    @asynccontextmanager
    async def old_snapshot(self) -> AsyncIterator[None]:
        """A transaction elsewhere in the database, for whose end the building of every index waits."""
        other = await asyncpg.connect(self.url)
        try:
            async with other.transaction(isolation="repeatable_read"):
                await other.fetchval("select count(*) from obmen.sections")
                yield
        finally:
            await other.close()

    async def builder(self) -> int | None:
        """The process of PostgreSQL that is building an index."""
        return await self.sql.fetchval(
            "select pid from pg_stat_progress_create_index where relid = $1::regclass and phase like 'waiting for old%'",
            self.table,
        )


async def eventually(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """The first true value of ``await condition()``; fails the test where there is none."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await condition()):  # noqa: ASYNC110 - PostgreSQL sets no event
                await asyncio.sleep(0.02)
            return found
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


@asynccontextmanager
async def keeping(obmen: Application) -> AsyncIterator[IndexKeeper]:
    """A keeper at work."""
    keeper = IndexKeeper(Indexes(obmen.database, obmen.cache, LARGE))
    await keeper.start()
    try:
        yield keeper
    finally:
        await keeper.stop()
