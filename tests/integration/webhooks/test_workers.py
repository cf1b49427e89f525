"""Several workers, workers that die, connections that break."""

import asyncio
import os
import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import asyncpg
from webhook_company import eventually, every

HERE = Path(__file__).parent


async def test_two_workers_deliver_each_event_once_and_share_the_webhooks(company, receiver):
    await company.sequencer()
    hooks = [await company.hook(receiver, **{"$url": f"{receiver.url}/{number}"}) for number in range(4)]
    first, second = await company.deliverer(), await company.deliverer()
    for number in range(50):
        await company.order(amount=number)
    for hook in hooks:
        await company.journal(hook, until=every("delivered", 50))
    counted = Counter((item.path, item.sequence_id) for item in receiver.attempts)
    assert set(counted.values()) == {1}
    assert len(counted) == 200

    async def shared():
        return len(first._held) == len(second._held) == 2

    await eventually(shared)


async def test_what_is_under_way_is_finished_when_the_worker_stops(company, receiver):
    await company.sequencer()
    worker = await company.deliverer()
    hook = await company.hook(receiver)
    for number in range(200):
        await company.order(amount=number)
    await receiver.until(lambda: len(receiver.attempts) > 5)
    await worker.stop()
    done = await company.journal(hook)
    assert {row["status"] for row in done} <= {"delivered", "waiting"}
    await company.deliverer()
    await company.journal(hook, until=every("delivered", 200))
    assert [item.sequence_id for item in receiver.accepted].count(1) == 1
    assert len(receiver.attempts) == 200


async def test_a_worker_killed_in_the_middle_of_a_request(company, receiver, postgres_url, tmp_path):
    await company.sequencer()
    hook = await company.hook(receiver, **{"$secret": "s"})
    receiver.answer = lambda received, attempt: "hang" if attempt == 1 else 200
    order = await company.order(name="a")
    await company.change(order, name="b")
    worker = await asyncio.create_subprocess_exec(sys.executable, HERE / "deliverer_process.py", postgres_url, tmp_path)
    await receiver.until(lambda: receiver.attempts)
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    assert await company.journal(hook) == []
    receiver.answer = lambda received, attempt: 200
    await company.deliverer()
    await receiver.until(lambda: len(receiver.accepted) == 2)
    assert [item.sequence_id for item in receiver.accepted] == [1, 2]
    assert receiver.attempts[0].headers["webhook-id"] == receiver.attempts[1].headers["webhook-id"]
    assert receiver.attempts[0].raw == receiver.attempts[1].raw


async def test_a_worker_killed_while_a_journaled_request_hangs(company, receiver, postgres_url, tmp_path):
    await company.sequencer()
    hook = await company.hook(receiver)
    receiver.answer = lambda received, attempt: "hang" if attempt == 1 else 200
    worker = await asyncio.create_subprocess_exec(sys.executable, HERE / "deliverer_process.py", postgres_url, tmp_path)
    order = await company.order(name="a")
    await company.change(order, name="b")
    await company.journal(hook, until=every("sending", 1))
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    await company.deliverer()
    await receiver.until(lambda: len(receiver.accepted) == 2)
    assert [item.sequence_id for item in receiver.accepted] == [1, 2]


async def written(company, number):
    """Whether the order could be made; a connection that was lost under it leaves that open."""
    try:
        await company.order(amount=number)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def test_every_connection_is_lost_again_and_again(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(0.05,) * 50)
    hook = await company.hook(receiver)
    await company.order(amount=0)
    await receiver.until(lambda: receiver.accepted)
    for number in range(1, 61):
        await eventually(partial(written, company, number))
        if number % 20 == 0:
            await company.database.pool.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
    await company.journal(
        hook,
        until=lambda rows: (
            rows and all(row["status"] == "delivered" for row in rows) and len(rows) == rows[-1]["sequence_id"] >= 61
        ),
    )
    assert {item.body["payload"]["values"]["amount"] for item in receiver.accepted} == set(range(61))
    seen = Counter(item.headers["webhook-id"] for item in receiver.accepted)
    assert len(seen) == len(await company.journal(hook))
