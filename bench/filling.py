"""Fills a catalog with very many records, past the API, and waits until their indexes are made. Called by ``rows``."""

from contextlib import asynccontextmanager

import msgspec

from bench import company
from bench.company import FIELDS
from bench.stage import Stage, until
from obmen import bootstrap
from obmen.domain.schema import Catalog
from obmen.services.catalogs.indexes import Indexes
from obmen.services.schema.cache import CatalogCache
from obmen.settings import Database as Settings
from obmen.storage.database import Database, connect
from obmen.storage.statements.conditions import table

RARE = 4
"""So many records have a value that the others do not have, in a catalog of any size."""
_KIND = {"id": "kind", "name": "Kind", "type": "radiobutton", "config": company.ITEMS}
_PATIENCE_S = 600.0


class Filled(msgspec.Struct, frozen=True):
    """A catalog, and the catalog with two records that its records link to."""

    catalog_id: str
    clients_id: str
    clients: tuple[str, str]
    """All link to the first, those with rare values to the second."""
    records: int


async def fill(stage: Stage, records: int) -> Filled:
    """A catalog of so many records, evenly strewn with rare values, ready to be asked."""
    section = (await stage.api("POST", "/sections", {"name": "Growth"}))["id"]
    clients_id = await company.catalog(stage, section, "Clients", [{"id": "name", "name": "Name", "type": "text"}])
    clients = [await company.create(stage, clients_id, {"name": name}) for name in ("Most of all", "One of few")]
    fields = [
        {**field, "config": {"catalogs": [{"id": clients_id}]}} if field["type"] == "object" else field
        for field in (*FIELDS, _KIND)
    ]
    catalog_id = await company.catalog(stage, section, "Orders", fields)
    filled = Filled(catalog_id, clients_id, (clients[0], clients[1]), records)
    async with _opened(stage) as (database, cache):
        catalog = cache.schema.catalog(catalog_id)
        await database.pool.execute(_insert(catalog, filled, int(stage.user_id)), timeout=_PATIENCE_S)
        await database.pool.execute("select pg_notify('obmen_schema', '')")  # the keeper looks every half minute
        indexes = Indexes(database, cache, Settings().index_from)
        await until(indexes.are_complete, "indexes", _PATIENCE_S)
        await database.pool.execute(f"vacuum analyze obmen.{table(catalog)}", timeout=_PATIENCE_S)
    return filled


@asynccontextmanager
async def _opened(stage: Stage):
    database: Database = await connect(stage.database_url, "obmen", connections=2)
    try:
        cache = CatalogCache(database, bootstrap.registered().field_types)
        await cache.refresh()
        yield database, cache
    finally:
        await database.close()


def _insert(catalog: Catalog, filled: Filled, user: int) -> str:
    """Numbers, dates, names and phones differ from record to record."""
    link = f"{filled.clients_id}:"
    values = {
        "name": "case when rare then 'Zebra ' else 'Order ' end || n",
        "amount": "n",
        "due": "timestamptz '2026-01-01' + n * interval '1 minute'",
        "status": "case when rare then '{3}'::int[] else array[n % 2 + 1] end",
        "tags": "case when rare then '{1,3}'::int[] else '{1,2}' end",
        "paid": "rare",
        "phone": "jsonb_build_array(jsonb_build_object('contact', "
        "case when rare then '+7 999 5550' else '+7 900 ' || lpad(n::text, 7, '0') end, 'comment', 'in the evening'))",
        "client": f"array['{link}' || case when rare then '{filled.clients[1]}' else '{filled.clients[0]}' end]",
        "done": "case when rare then 100 else n % 100 end",
        "owner": f"case when rare then array[{user}::bigint] end",
        "rating": "case when rare then 5 else n % 5 end",
        "kind": "case when rare then 3 else n % 2 + 1 end",
    }
    columns = ", ".join(catalog.field(name).column for name in values)
    return (
        f"insert into obmen.{table(catalog)} ({columns}) select {', '.join(values.values())} "
        f"from (select n, n % {filled.records // RARE} = 1 as rare from generate_series(1, {filled.records}) n) g"
    )
