"""Records without a value come last: neither they nor the others are looked for among all records."""

from itertools import product

from large_catalog import LARGE, Shop

from obmen.domain.queries.queries import After, Page, Query, Sort
from obmen.domain.rights.policies import ADMINISTRATION, Policy
from obmen.services.catalogs.indexes import Indexes


async def test_both_halves_of_an_order_come_from_its_index(shop: Shop) -> None:
    await shop.fill(20_000)
    await shop.sql.execute(f"update {shop.table} set f1 = null, f2 = null, f3 = null where id % 5000 = 0")
    assert await Indexes(shop.obmen.database, shop.obmen.cache, LARGE).keep(shop.sql)
    for field, descending, after in product((1, 2, 3), (False, True), (None, After("2", 5), After(None, 5))):
        query = Query(catalog=shop.catalog.number, sort=Sort(field, descending), page=Page(limit=20, after=after))
        statement = shop.obmen.cache.statements.page(Policy(others=ADMINISTRATION), query)
        async with shop.obmen.database.pool.acquire() as connection:
            plan = [row[0] for row in await connection.fetch(f"explain {statement.text}", *statement.arguments)]
        scans = [line.strip() for line in plan if f" on c{shop.catalog_id} " in line]
        assert len(scans) == (2 if after is None or after.key else 1)
        assert all(f" using c{shop.catalog_id}_by_{field}_order_" in scan for scan in scans), "\n".join(plan)
