"""Indexes come and go with the records and the fields of a catalog, and nobody has to wait for them."""

import asyncio
import os
import subprocess
import sys
from functools import partial

import pytest
from large_catalog import LARGE, Shop, eventually, keeping
from structlog.testing import capture_logs

from obmen import bootstrap
from obmen.domain.queries.filters import AnyOf, Condition, Filter, Within
from obmen.domain.queries.queries import Page, Query
from obmen.domain.rights.policies import ADMINISTRATION, SYSTEM, Policy
from obmen.services.catalogs.indexes import Indexes
from obmen.settings import Settings
from obmen.workers.indexes import IndexKeeper

ALL = ("f1_order", "f2_order", "f3_order", "f3_members")


async def made(shop: Shop, *kinds: str) -> None:
    await eventually(partial(shop.has, *(kinds or ALL)), f"the indexes {kinds or ALL}")


async def test_a_catalog_gets_its_indexes_once_it_is_large(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE - 1)
    keeper.wake()
    indexes = Indexes(shop.obmen.database, shop.obmen.cache, LARGE)
    async with keeping(shop.obmen):
        assert await indexes.builds() == []
    assert await shop.indexes() == {}

    await shop.fill(1)
    keeper.wake()
    await made(shop)


async def test_what_postgresql_has_counted_decides(shop: Shop) -> None:
    """Most numbers may be those of records that are gone."""
    await shop.fill(LARGE * 2)
    await shop.sql.execute(f"delete from {shop.table} where id > 10")
    await shop.sql.execute(f"analyze {shop.table}")
    indexes = Indexes(shop.obmen.database, shop.obmen.cache, LARGE)
    assert await indexes.keep(shop.sql)
    assert await shop.indexes() == {}


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (Condition(field=2, test=Within(low=19_000, high=19_002)), "_by_2_order_"),
        (Condition(field=3, test=AnyOf(values=(2,))), "_by_3_members_"),
    ],
)
async def test_a_rare_value_is_found_by_its_index(shop: Shop, wanted: Filter, kind: str) -> None:
    await shop.fill(20_000)
    await shop.sql.execute(f"update {shop.table} set f3 = '{{1}}' where id > 3")
    indexes = Indexes(shop.obmen.database, shop.obmen.cache, LARGE)
    assert await indexes.keep(shop.sql)
    query = Query(catalog=shop.catalog.number, filter=wanted, page=Page(limit=20))
    statement = shop.obmen.cache.statements.page(Policy(others=ADMINISTRATION), query)
    async with shop.obmen.database.pool.acquire() as connection:
        plan = await connection.fetch(f"explain {statement.text}", *statement.arguments)
    assert any(kind in row[0] for row in plan), "\n".join(row[0] for row in plan)


async def test_statistics_of_new_indexes_are_gathered(shop: Shop) -> None:
    await shop.fill(LARGE)
    assert await Indexes(shop.obmen.database, shop.obmen.cache, LARGE).keep(shop.sql)
    assert await shop.sql.fetchval("select count(*) from pg_stats where tablename like '%\\_by\\_1\\_order\\_%'") > 0


async def test_parts_of_texts_are_indexed_where_pg_trgm_is_there(shop: Shop) -> None:
    there = await shop.sql.fetchval("select exists (select from pg_extension where extname = 'pg_trgm')")
    await shop.fill(LARGE)
    assert await Indexes(shop.obmen.database, shop.obmen.cache, LARGE).keep(shop.sql)
    assert ("f1_words" in await shop.kinds()) is there


async def test_a_field_that_is_not_filterable_any_more_loses_its_indexes(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE)
    keeper.wake()
    await made(shop)
    await shop.change(amount={"filterable": False})
    await made(shop, "f1_order", "f3_order", "f3_members")
    await shop.change(amount={"filterable": True}, status={})
    await made(shop, "f1_order", "f2_order")


async def test_items_in_another_order_are_indexed_anew(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE)
    keeper.wake()
    await made(shop)
    before = {name for name in await shop.indexes() if "_by_3_order_" in name}
    items = shop.obmen.cache.schema.catalog(shop.catalog_id).field("status").config["items"]
    turned = [{"id": item["id"], "name": item["name"]} for item in reversed(items)]
    await shop.change(status={"config": {"items": turned}})

    async def rebuilt() -> bool:
        return not before & set(await shop.indexes()) and await shop.has(*ALL)

    await eventually(rebuilt, "another index in the order of items")


async def test_indexes_of_a_removed_catalog_go(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE)
    keeper.wake()
    await made(shop)
    await shop.obmen.catalogs.remove(SYSTEM, shop.catalog_id)
    await eventually(partial(shop.has), "no index")


async def test_records_are_written_while_an_index_is_made(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE)
    async with shop.old_snapshot():
        keeper.wake()
        await eventually(shop.builder, "an index to be made")
        await shop.fill(10)
        await shop.sql.execute(f"update {shop.table} set f2 = 7 where id = 1")
        (build,) = await Indexes(shop.obmen.database, shop.obmen.cache, LARGE).builds()
        assert (build.catalog, build.field, build.phase) == (shop.catalog_id, "name", "waiting for old snapshots")
    await made(shop)
    assert await shop.sql.fetchval(f"select count(*) from {shop.table}") == LARGE + 10


async def test_a_catalog_is_changed_while_an_index_is_made(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE)
    async with shop.old_snapshot():
        keeper.wake()
        await eventually(shop.builder, "an index to be made")
        await shop.change(name={}, amount={"name": "Sum"})
        assert [field.name for field in shop.catalog.fields] == ["Sum", "Status"]
    await made(shop, "f2_order", "f3_order", "f3_members")


async def test_a_catalog_whose_index_is_made_over_and_over_is_changed_each_time(
    shop: Shop, keeper: IndexKeeper
) -> None:
    await shop.fill(LARGE)
    async with shop.old_snapshot():
        keeper.wake()
        for turn in range(3):
            await eventually(shop.builder, "an index to be made")
            added = {"id": f"added{turn}", "name": "Added", "type": "number"}
            fields = [{"id": field.id} for field in shop.catalog.fields]
            await shop.obmen.catalogs.change(SYSTEM, shop.catalog_id, {"fields": [*fields, added]})
    await made(shop, *ALL, "f4_order", "f5_order", "f6_order")


async def test_a_builder_that_is_killed_leaves_nothing_behind(shop: Shop, keeper: IndexKeeper) -> None:
    await shop.fill(LARGE)
    async with shop.old_snapshot():
        keeper.wake()
        pid = await eventually(shop.builder, "an index to be made")
        await shop.sql.execute("select pg_terminate_backend($1)", pid)

        async def is_another() -> bool:
            return await shop.builder() not in (None, pid)

        await eventually(is_another, "somebody else to go on")
    await made(shop)


async def test_a_keeper_stops_in_the_middle_of_an_index(shop: Shop) -> None:
    await shop.fill(LARGE)
    async with shop.old_snapshot():
        async with keeping(shop.obmen):
            await eventually(shop.builder, "an index to be made")
        async with keeping(shop.obmen):
            await eventually(shop.builder, "an index to be made again")
    async with keeping(shop.obmen):
        await made(shop)


async def test_an_index_that_cannot_be_made_keeps_the_others_from_nothing(shop: Shop) -> None:
    """What it is made of raises for every record."""
    await shop.fill(LARGE)
    indexes = Indexes(shop.obmen.database, shop.obmen.cache, LARGE)
    assert await indexes.keep(shop.sql)
    (first,) = [name for name in await shop.indexes() if "_by_1_order_" in name]
    await shop.sql.execute(f"drop index obmen.{first}")
    await shop.sql.execute(
        "create function obmen.refuse(text) returns text immutable strict language plpgsql as $$ begin raise 'no'; end $$"
    )
    await shop.sql.execute("alter function obmen.sort_key(text) rename to kept")
    await shop.sql.execute("alter function obmen.refuse(text) rename to sort_key")
    await shop.sql.execute(f"drop index obmen.{next(name for name in await shop.indexes() if '_by_2_' in name)}")
    with capture_logs() as logs:
        assert await indexes.keep(shop.sql)
    assert [line["field"] for line in logs if line["event"] == "index_failed"] == ["name"]
    assert await shop.has("f2_order", "f3_order", "f3_members")

    await shop.sql.execute("drop function obmen.sort_key(text) cascade")
    await shop.sql.execute("alter function obmen.kept(text) rename to sort_key")
    assert await indexes.keep(shop.sql)
    assert await shop.has(*ALL)


async def test_two_workers_make_each_index_once(shop: Shop, test_settings: Settings) -> None:
    await shop.fill(LARGE)
    async with bootstrap.running(test_settings) as other:
        with capture_logs() as logs:
            async with keeping(shop.obmen), keeping(other.application):
                await made(shop)
    events = [(line["event"], line["name"]) for line in logs if line["event"] in ("index_begun", "index_made")]
    assert len(events) == len(set(events)) == 2 * len(await shop.indexes())


async def test_the_index_of_somebody_else_is_left_alone(shop: Shop) -> None:
    await shop.fill(LARGE)
    await shop.sql.execute(f"create index of_the_company on {shop.table} (f1)")
    await shop.sql.execute("create table obmen.c_by_hand (id bigint)")
    assert await Indexes(shop.obmen.database, shop.obmen.cache, LARGE).keep(shop.sql)
    assert await shop.sql.fetchval("select to_regclass('obmen.of_the_company')") is not None


@pytest.mark.parametrize(
    ("locale", "said"), [("C.UTF-8", "An index is being made"), ("ru_RU.UTF-8", "Строится индекс")]
)
async def test_the_doctor_tells_what_is_being_made(
    shop: Shop, keeper: IndexKeeper, test_settings: Settings, locale: str, said: str
) -> None:
    await shop.fill(LARGE)
    environment = {
        **os.environ,
        "OBMEN_DATA": str(test_settings.data),
        "OBMEN_DATABASE_URL": shop.url,
        "LC_ALL": locale,
    }
    async with shop.old_snapshot():
        keeper.wake()
        await eventually(shop.builder, "an index to be made")
        command = [sys.executable, "-m", "obmen", "doctor"]
        done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=False)
    output = done.stdout.decode()
    assert said in output
    assert f" {shop.catalog_id}, " in output
    assert "waiting for old snapshots" in output
