"""The log's order: dense, each event once, a record's events in their order, whatever the transactions do."""

import asyncio
import random
from collections import defaultdict

from webhook_company import eventually

from obmen.domain.rights.policies import SYSTEM
from obmen.storage.database import connect


async def read_all(company, until):
    """What a reader sees that follows the positions, until ``until()`` holds and nothing is left."""
    position, seen = 0, []
    while True:
        ended = until()
        rows = await company.database.pool.fetch(
            "select position, id, record_id, type, new, old from obmen.events where position > $1 "
            "order by position limit 100",
            position,
        )
        seen += rows
        if rows:
            position = rows[-1]["position"]
        elif ended and not await company.database.pool.fetchval(
            "select exists(select from obmen.events where position is null)"
        ):
            return seen
        await asyncio.sleep(0.005)


async def write(company, database, orders, chance):
    """A transaction with some changes and pauses; one in five is given up."""
    async with database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        for order in sorted(chance.sample(orders, chance.randint(1, 3)), key=int):
            await company.update(SYSTEM, company.orders, order, {"note": str(chance.random())}, connection)
            await asyncio.sleep(chance.random() * 0.03)
        await (transaction.rollback() if chance.random() < 0.2 else transaction.commit())


async def test_concurrent_writers_with_long_transactions(company, postgres_url):
    chance = random.Random(7)
    orders = [await company.order(name=str(number)) for number in range(8)]
    writers = await connect(postgres_url, "obmen", connections=12)
    first, second = await company.sequencer(), await company.sequencer()
    done = False

    async def work():
        for _ in range(25):
            await write(company, writers, orders, chance)

    async def switch():
        await asyncio.sleep(0.3)
        await first.stop()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read_all(company, lambda: done))
        group.create_task(switch())
        await asyncio.gather(*(work() for _ in range(10)))
        done = True
    await writers.close()
    await second.stop()
    seen = reading.result()
    assert [row["position"] for row in seen] == list(range(1, len(seen) + 1))
    assert len({row["id"] for row in seen}) == len(seen)
    assert len(seen) == await company.database.pool.fetchval("select count(*) from obmen.events")
    by_record = defaultdict(list)
    for row in seen:
        by_record[row["record_id"]].append(row["id"])
    assert all(ids == sorted(ids) for ids in by_record.values())
    await assert_chain(company, seen)


async def assert_chain(company, seen):
    """Each change of a record begins where the one before it ended."""
    column = company.cache.schema.catalog(company.orders).field("note").column
    rows = await company.database.pool.fetch(
        f"select record_id, new ->> '{column}' as new, old ->> '{column}' as old from obmen.events "
        "where type = 'record.updated' order by position"
    )
    assert len(rows) > 100
    last = {}
    for row in rows:
        assert row["old"] == last.get(row["record_id"])
        last[row["record_id"]] = row["new"]


async def test_an_event_committed_late_is_placed_after_those_that_were_read(company):
    await company.sequencer()
    order, other = await company.order(name="a"), await company.order(name="b")
    async with company.database.transaction() as connection:
        await company.update(SYSTEM, company.orders, order, {"name": "late"}, connection)
        for number in range(5):
            await company.change(other, amount=number)

        async def others_placed():
            return await company.database.fetchval("read_head") == 7

        await eventually(others_placed)
        await asyncio.sleep(2.5)
    await company.placed()
    rows = await company.database.pool.fetch("select record_id, position from obmen.events order by position")
    assert rows[-1]["record_id"] == int(order)
    assert [row["position"] for row in rows] == list(range(1, 9))


async def test_one_sequencer_works_and_another_takes_over(company):
    first, second = await company.sequencer(), await company.sequencer()
    await company.order(name="a")
    await company.placed()
    await first.stop()
    await company.order(name="b")
    await company.placed()
    await second.stop()
    await company.order(name="c")
    assert await company.database.fetchval("read_head") == 2


async def test_a_batch_larger_than_one_is_placed_to_the_end(company):
    await company.database.pool.execute(
        "insert into obmen.events (type, catalog_id, record_id) "
        "select 'record.created', 99, n from generate_series(1, 3500) n"
    )
    await company.sequencer()
    await company.placed()
    assert await company.database.fetchval("read_head") == 3500


async def test_the_last_position_is_found_without_reading_the_log(company):
    await company.database.pool.execute(
        "insert into obmen.events (type, catalog_id, record_id, position) "
        "select 'record.created', 99, n, n from generate_series(1, 20000) n"
    )
    await company.database.pool.execute("vacuum analyze obmen.events")
    plan = await company.database.pool.fetch(f"explain {company.database.queries['read_head']}")
    assert "Index Only Scan Backward" in "\n".join(row[0] for row in plan)
