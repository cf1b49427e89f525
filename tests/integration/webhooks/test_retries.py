"""A receiver that is down, hangs, resets, asks for time or is gone; order per record."""

import asyncio
from collections import defaultdict

from webhook_company import Receiver, every

from obmen.domain.rights.policies import SYSTEM


async def test_down_for_two_attempts_arrives_once_in_order(company, receiver):
    await company.sequencer()
    await company.deliverer()
    receiver.answer = lambda received, attempt: 503 if received.sequence_id == 1 and attempt <= 2 else 200
    hook = await company.hook(receiver, **{"$secret": "s"})
    order = await company.order(name="a")
    await company.change(order, name="b")
    await company.change(order, name="c")
    await receiver.until(lambda: len(receiver.accepted) == 3)
    assert [item.sequence_id for item in receiver.accepted] == [1, 2, 3]
    assert [item.sequence_id for item in receiver.attempts] == [1, 1, 1, 2, 3]
    first, *repeated = receiver.attempts[:3]
    assert {item.headers["webhook-id"] for item in repeated} == {first.headers["webhook-id"]}
    assert {item.raw for item in repeated} == {first.raw}
    assert all(item.verifies("s") for item in receiver.attempts)
    rows = await company.journal(hook, until=every("delivered", 3))
    assert [row["attempts"] for row in rows] == [3, 1, 1]


async def test_a_waiting_record_lets_the_others_flow(company, receiver):
    await company.sequencer()
    await company.deliverer()
    stuck = await company.order(name="stuck")
    receiver.answer = lambda received, attempt: 500 if received.record == stuck and held else 200
    held = True
    hook = await company.hook(receiver)
    await company.deliverer(retries_s=(0.05,) * 1_000)
    for turn in range(5):
        await company.change(stuck, amount=turn)
        await company.order(name=f"free {turn}")
    await receiver.until(lambda: len(receiver.accepted) == 5)
    assert stuck not in {item.record for item in receiver.accepted}
    rows = await company.journal(hook, until=lambda rows: len(rows) == 10)
    assert sum(row["status"] == "waiting" for row in rows) == 4


async def test_a_record_that_waited_goes_on_in_order(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(0.05,) * 1_000)
    up = False
    receiver.answer = lambda received, attempt: 200 if up else 500
    hook = await company.hook(receiver)
    order = await company.order(name="stuck", amount=0)
    for amount in range(1, 140):
        await company.change(order, amount=amount)
    await company.journal(hook, until=lambda rows: len(rows) == 140)
    up = True
    for amount in range(140, 160):
        await company.change(order, amount=amount)
    await receiver.until(lambda: len(receiver.accepted) == 160)
    assert [item.body["payload"]["values"]["amount"] for item in receiver.accepted] == list(range(160))
    await company.journal(hook, until=every("delivered", 160))
    await company.change(order, amount=1_000)
    await receiver.until(lambda: len(receiver.accepted) == 161)


async def test_after_the_last_attempt_it_has_failed_and_the_record_goes_on(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(0.02, 0.02))
    receiver.answer = lambda received, attempt: 500 if received.sequence_id == 1 else 200
    hook = await company.hook(receiver)
    order = await company.order(name="a")
    await company.change(order, name="b")
    await receiver.until(lambda: receiver.accepted)
    failed, delivered = await company.journal(hook, until=every("delivered", 1))
    assert (failed["status"], failed["attempts"], failed["response_status"]) == ("failed", 3, 500)
    assert "500" in failed["error"]
    assert delivered["sequence_id"] == 2


async def test_a_receiver_that_resets_and_one_that_hangs(company, receiver):
    await company.sequencer()
    await company.deliverer(timeout_s=0.3)
    answers = {1: "reset", 2: "hang"}
    receiver.answer = lambda received, attempt: answers.get(attempt, 204)
    hook = await company.hook(receiver)
    await company.order(name="a")
    await receiver.until(lambda: receiver.accepted)
    (row,) = await company.journal(hook, until=every("delivered", 1))
    assert (row["attempts"], row["response_status"]) == (3, 204)


async def test_one_hanging_request_does_not_hold_the_journal_of_the_rest(company, receiver):
    await company.sequencer()
    await company.deliverer(timeout_s=20)
    receiver.answer = lambda received, attempt: "hang" if received.sequence_id == 1 else 200
    hook = await company.hook(receiver)
    for number in range(20):
        await company.order(amount=number)
    rows = await company.journal(hook, until=every("delivered", 19))
    assert rows[0]["status"] == "sending"
    assert (await company.cursor(hook))["position"] >= rows[-1]["position"]
    await receiver.close()


async def test_nobody_listens_at_first(company, receiver, http):

    await company.sequencer()
    await company.deliverer(retries_s=(0.1,) * 100)
    late = Receiver()
    await late.start()
    await late.close()
    hook = await company.hook(late)
    await company.order(name="a")
    (row,) = await company.journal(hook, until=every("retrying", 1))
    assert row["response_status"] is None
    assert row["error"]
    await company.update(SYSTEM, "$webhooks", hook, {"$url": receiver.url})
    await receiver.until(lambda: receiver.accepted)


async def test_retry_after_is_obeyed(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(0.02, 0.02))
    receiver.answer = lambda received, attempt: (429, {"Retry-After": "600"})
    hook = await company.hook(receiver)
    await company.order(name="a")
    (row,) = await company.journal(hook, until=every("retrying", 1))
    assert (row["due_at"] - row["created_at"]).total_seconds() > 590
    await asyncio.sleep(0.2)
    assert len(receiver.attempts) == 1


async def test_a_redirect_is_success_and_is_not_followed(company, receiver):
    await company.sequencer()
    await company.deliverer()
    receiver.answer = lambda received, attempt: (302, {"Location": f"{receiver.url}/elsewhere"})
    hook = await company.hook(receiver)
    await company.order(name="a")
    (row,) = await company.journal(hook, until=every("delivered", 1))
    assert row["response_status"] == 302
    assert [item.path for item in receiver.attempts] == ["/hook"]


async def test_gone_removes_the_webhook_and_what_waits_for_it(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(60,))
    receiver.answer = lambda received, attempt: 410 if received.body["payload"]["values"].get("name") == "last" else 500
    hook = await company.hook(receiver)
    await company.order(name="waits")
    await company.journal(hook, until=every("retrying", 1))
    await company.order(name="last")
    rows = await company.journal(hook, until=every("dropped", 1))
    assert [(row["status"], row["response_status"]) for row in rows] == [("dropped", 500), ("delivered", 410)]
    await company.order(name="unheard")
    await company.placed()
    assert await company.cursor(hook) is None
    events = await company.database.pool.fetch(
        "select type from obmen.events where catalog_id = $1 and record_id = $2 order by id",
        company.cache.schema.catalog("$webhooks").number,
        int(hook),
    )
    assert [row["type"] for row in events] == ["record.created", "record.deleted"]
    assert len(receiver.attempts) == 2


async def test_order_of_each_record_under_random_failures(company, receiver):
    await company.sequencer()
    await company.deliverer(concurrency=8, retries_s=(0.01,) * 50)
    receiver.answer = lambda received, attempt: 500 if (received.sequence_id * 7 + attempt) % 5 == 0 else 200
    hook = await company.hook(receiver)
    orders = [await company.order(amount=0) for _ in range(10)]
    for amount in range(1, 25):
        await asyncio.gather(*(company.change(order, amount=amount) for order in orders))
    await company.journal(hook, until=every("delivered", 250))
    seen = defaultdict(list)
    for item in receiver.accepted:
        seen[item.record].append(item.body["payload"]["values"]["amount"])
    assert seen == {order: list(range(25)) for order in orders}
    assert sorted(item.sequence_id for item in receiver.accepted) == list(range(1, 251))


async def test_old_deliveries_leave_the_journal(company, receiver):
    await company.sequencer()
    await company.deliverer()
    hook = await company.hook(receiver)
    await company.order(name="old")
    await company.order(name="new")
    await company.journal(hook, until=every("delivered", 2))
    await company.database.pool.execute(
        "update obmen.deliveries set finished_at = now() - interval '31 days' where sequence_id = 1"
    )
    await company.webhooks().sweep()
    assert [row["sequence_id"] for row in await company.journal(hook)] == [2]
