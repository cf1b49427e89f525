"""A receiver that writes the record it was told of is stopped; a busy record beside it is not."""

import asyncio

from webhook_company import eventually, every

from obmen.domain.rights.policies import SYSTEM


async def incident(company, hook):
    return (await company.read("$webhooks", hook))["values"]["$incident"]


async def test_a_receiver_that_writes_back_is_stopped_and_a_busy_record_is_not(company, receiver):
    await company.sequencer()
    worker = await company.deliverer(loop_changes=10)
    integration = await company.employee("robot")
    looping, busy = await company.order(name="looping"), await company.order(name="busy")
    writes = set()
    writes_back = True

    def answer(received, attempt):
        if writes_back and received.record == looping:
            amount = len(receiver.attempts)
            writes.add(asyncio.create_task(company.change(looping, by=integration, amount=amount)))
        return 200

    receiver.answer = answer
    hook = await company.hook(receiver, **{"$events": ["record.updated"]})
    await company.change(looping, name="begin")

    async def keep_busy():
        for amount in range(170):
            await company.change(busy, amount=amount)
            await asyncio.sleep(0.1)

    others = asyncio.create_task(keep_busy())
    rows = await company.journal(hook, until=every("paused", 1))
    await others
    await receiver.until(lambda: sum(item.record == busy for item in receiver.accepted) == 170)
    told = [item.body["payload"]["values"]["amount"] for item in receiver.accepted if item.record == busy]
    assert told == list(range(170))
    assert sum(item.record == looping for item in receiver.attempts) < 25
    (paused,) = [row for row in rows if row["status"] == "paused"]
    assert (paused["finished_at"], paused["due_at"], paused["attempts"]) == (None, None, 0)

    async def is_told():
        return await incident(company, hook)

    await eventually(is_told)
    text = await is_told()
    for fact in (f"Orders #{looping}", "employee robot", receiver.url, "clear the field $incident"):
        assert fact in text, text

    # what happens to the record meanwhile waits, also for another worker
    writes_back = False
    await asyncio.gather(*writes)
    await company.change(looping, note="meanwhile")
    await company.journal(hook, until=every("waiting", 1))
    await worker.stop()
    await company.deliverer(loop_changes=10)
    await company.change(busy, note="last")
    await receiver.until(lambda: receiver.accepted[-1].body["payload"]["values"] == {"note": "last"})
    assert await incident(company, hook) == text

    await company.update(SYSTEM, "$webhooks", hook, {"$incident": ""})
    await receiver.until(lambda: receiver.accepted[-1].body["payload"]["values"] == {"note": "meanwhile"})
    rows = await company.journal(hook, until=lambda rows: all(row["status"] == "delivered" for row in rows))
    amounts = [item.body["payload"]["values"].get("amount") for item in receiver.accepted if item.record == looping]
    assert amounts[1:-1] == sorted(amounts[1:-1])
    assert await incident(company, hook) == ""


async def test_a_removed_webhook_drops_what_is_paused(company, receiver):
    await company.sequencer()
    hook = await company.hook(receiver)
    await company.order(name="a")
    await company.placed()
    await company.database.pool.execute(
        "insert into obmen.deliveries (webhook_id, position, sequence_id, record_id, event, status) values ($1, 1, 1, 1, 'x', 'paused')",
        int(hook),
    )
    await company.delete(SYSTEM, "$webhooks", hook)
    (row,) = await company.journal(hook)
    assert row["status"] == "dropped"


async def test_repetitions_can_be_limited_down_to_none(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(0.02,) * 5)
    receiver.answer = lambda received, attempt: 500
    hooks = {}
    for retries in (0, 2, 100, None):
        path = f"{receiver.url}/{retries}"
        hooks[retries] = await company.hook(receiver, **{"$retries": retries, "$url": path})
    order = await company.order(name="a")
    for retries, attempts in ((0, 1), (2, 3), (100, 6), (None, 6)):
        (row,) = await company.journal(hooks[retries], until=every("failed", 1))
        assert (row["attempts"], row["response_status"]) == (attempts, 500)
    receiver.answer = lambda received, attempt: 410
    await company.change(order, name="b")
    for hook in hooks.values():
        await company.journal(hook, until=every("delivered", 1))
