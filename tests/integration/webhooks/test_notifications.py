"""What is sent, to whom, in which form."""

import asyncio

import pytest
from webhook_company import every, open_company

from obmen.domain.rights.policies import SYSTEM
from obmen.services.records.writing import NewRecord, RecordChange


async def test_created_updated_deleted_in_the_documented_form_and_signed(company, receiver):
    await company.sequencer()
    await company.deliverer()
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    hook = await company.hook(receiver, **{"$secret": secret})
    boss = await company.employee("boss")
    order = await company.order(
        by=boss, name="Order", amount=12.5, when="2026-01-02T03:04:05.678Z", key="hidden", choice="2"
    )
    await company.change(order, by=boss, name="Order", amount=13, note=None)
    await company.delete(boss, company.orders, order)
    await receiver.until(lambda: len(receiver.accepted) == 3)

    created, updated, deleted = receiver.accepted
    values = {
        "name": "Order",
        "amount": 12.5,
        "when": "2026-01-02T03:04:05.678Z",
        "key": "********",
        "choice": ["2"],
    }
    assert created.path == "/hook"
    assert created.body == {
        "timestamp": created.body["timestamp"],
        "hook": {"id": hook, "event": "record.created", "sequenceId": 1},
        "payload": {"catalogId": company.orders, "recordId": order, "values": values},
        "user": {"id": str(boss.user_id)},
    }
    assert created.body["timestamp"].isdecimal()
    assert updated.body["payload"] == {
        "catalogId": company.orders,
        "recordId": order,
        "values": {"amount": 13},
        "prevValues": {**values, "note": ""},
    }
    assert deleted.body["payload"] == {"catalogId": company.orders, "recordId": order}
    assert [item.sequence_id for item in receiver.accepted] == [1, 2, 3]
    assert all(item.verifies(secret) for item in receiver.accepted)
    assert created.headers["content-type"] == "application/json; charset=utf-8"
    assert created.headers["user-agent"].startswith("Obmen/")
    rows = await company.journal(hook, until=every("delivered", 3))
    assert [(row["event"], row["response_status"], row["attempts"]) for row in rows] == [
        ("record.created", 200, 1),
        ("record.updated", 200, 1),
        ("record.deleted", 200, 1),
    ]
    stored = await company.read("$webhooks", hook)
    assert stored["values"]["$sequenceId"] == 3


async def test_subscriptions_choose_catalog_event_field_and_initiator(company, receiver):
    await company.sequencer()
    await company.deliverer()
    first, second = await company.employee("first"), await company.employee("second")
    hooks = {
        "catalog": {"catalog": company.clients},
        "events": {"$events": ["record.deleted"]},
        "fields": {"$events": ["record.updated"], "$fields": "name, note"},
        "initiator": {"$initiator": [str(second.user_id)]},
    }
    for name, values in hooks.items():
        await company.hook(receiver, **{"$url": f"{receiver.url}/{name}", **values})
    order = await company.order(by=first, name="a", amount=1)
    await company.change(order, by=first, amount=2)
    await company.change(order, by=second, name="b", amount=2)
    await company.delete(first, company.orders, order)
    await company.create(first, company.clients, {"name": "client"})
    await receiver.until(lambda: len(receiver.accepted) == 4)
    await asyncio.sleep(0.3)
    told = sorted((item.path, item.body["hook"]["event"]) for item in receiver.accepted)
    assert told == [
        ("/catalog", "record.created"),
        ("/events", "record.deleted"),
        ("/fields", "record.updated"),
        ("/initiator", "record.updated"),
    ]


@pytest.mark.parametrize("amount", [10_000, 1e4, "1e4", "10000.00", "1E+4"])
async def test_numbers_are_sent_as_plain_decimals(company, receiver, amount):
    await company.sequencer()
    await company.deliverer()
    await company.hook(receiver)
    order = await company.order(name="a")
    await company.change(order, amount=amount)
    await company.change(order, amount=0.00001)
    await receiver.until(lambda: len(receiver.accepted) == 3)
    _, first, second = receiver.accepted
    assert b'"values":{"amount":10000}' in first.raw
    assert b'"values":{"amount":0.00001}' in second.raw
    assert b'"amount":10000,' in second.raw


async def test_a_created_record_is_told_of_with_its_filled_fields_alone(company, receiver):
    await company.sequencer()
    await company.deliverer()
    await company.hook(receiver)
    await company.order(name="", amount=0)
    await company.order()
    await receiver.until(lambda: len(receiver.accepted) == 2)
    assert [told.body["payload"]["values"] for told in receiver.accepted] == [{"amount": 0}, {}]


async def test_a_record_is_named_by_its_own_id(company, receiver):
    await company.sequencer()
    await company.deliverer()
    await company.hook(receiver)
    writer = company.obmen.writer
    await writer.create(SYSTEM, company.orders, [NewRecord({"name": "a"}, "own")])
    await writer.change(SYSTEM, company.orders, [RecordChange("own", {"name": "b"})])
    await writer.change(SYSTEM, company.orders, [RecordChange("own", {"name": "c"}, "renamed")])
    await writer.change(SYSTEM, company.orders, [RecordChange("renamed", {"name": "d"}, None)])
    await writer.change(SYSTEM, company.orders, [RecordChange("1", {"name": "e"}, "last")])
    await writer.remove(SYSTEM, company.orders, ["last"])
    await receiver.until(lambda: len(receiver.accepted) == 6)
    assert [told.record for told in receiver.accepted] == ["own", "own", "renamed", "1", "last", "last"]
    assert [told.body["payload"].get("values") for told in receiver.accepted] == [{"name": x} for x in "abcde"] + [None]


async def test_a_webhook_begins_behind_its_own_creation_also_without_a_worker(company, receiver):
    await company.order(name="before")
    hook = await company.hook(receiver)
    after = await company.order(name="after")
    await company.sequencer()
    await company.placed()
    await company.deliverer()
    await receiver.until(lambda: receiver.accepted)
    later = await company.order(name="later")
    await receiver.until(lambda: len(receiver.accepted) == 2)
    assert [item.record for item in receiver.accepted] == [after, later]
    await company.journal(hook, until=every("delivered", 2))


async def test_a_webhook_that_is_off_is_not_told_and_not_told_later(company, receiver):
    await company.sequencer()
    hook = await company.hook(receiver)
    owed = await company.order(name="owed")
    await company.update(SYSTEM, "$webhooks", hook, {"$status": "$off"})
    await company.order(name="missed")
    await company.placed()
    worker = await company.deliverer()
    await asyncio.sleep(0.3)
    assert receiver.attempts == []
    await company.update(SYSTEM, "$webhooks", hook, {"$status": ["$on"]})
    told = await company.order(name="told")
    await receiver.until(lambda: len(receiver.accepted) == 2)
    assert [item.record for item in receiver.accepted] == [owed, told]
    await company.update(SYSTEM, "$webhooks", hook, {"$status": "$off"})
    await company.order(name="missed again")
    await company.placed()
    await worker.stop()
    await company.deliverer()
    await company.update(SYSTEM, "$webhooks", hook, {"$status": "$on"})
    again = await company.order(name="told again")
    await receiver.until(lambda: len(receiver.accepted) == 3)
    assert [item.record for item in receiver.accepted] == [owed, told, again]


async def test_a_webhook_on_webhooks_is_told_of_itself_without_an_end(company, receiver):
    await company.sequencer()
    await company.deliverer()
    hook = await company.hook(receiver, catalog=str(company.cache.schema.catalog("$webhooks").number))
    await company.update(SYSTEM, "$webhooks", hook, {"$name": "Mirror", "$secret": "now signed"})
    await receiver.until(lambda: receiver.accepted)
    await asyncio.sleep(0.3)
    (told,) = receiver.accepted
    payload = told.body["payload"]
    name, secret = (company.cache.schema.catalog("$webhooks").field(field).number for field in ("$name", "$secret"))
    assert payload["catalogId"] == "$webhooks"
    assert payload["values"] == {
        "$name": "Mirror",
        str(name): "Mirror",
        "$secret": "********",
        str(secret): "********",
    }
    assert payload["prevValues"]["$url"] == f"{receiver.url}/hook"


async def test_new_address_and_secret_hold_for_what_is_sent_from_then_on(company, receiver):
    await company.sequencer()
    await company.deliverer(retries_s=(0.05,) * 100)
    hook = await company.hook(receiver, **{"$url": f"{receiver.url}/old", "$secret": "old"})
    receiver.answer = lambda received, attempt: 500 if received.path == "/old" else 200
    order = await company.order(name="a")
    await receiver.until(lambda: receiver.attempts)
    await company.update(SYSTEM, "$webhooks", hook, {"$url": f"{receiver.url}/new", "$secret": "new"})
    await receiver.until(lambda: receiver.accepted)
    (told,) = receiver.accepted
    assert (told.path, told.record, told.verifies("new")) == ("/new", order, True)


async def test_a_catalog_removed_before_its_events_are_told(company, receiver):
    await company.sequencer()
    hook = await company.hook(receiver)
    await company.order(name="a")
    await company.catalogs.remove(SYSTEM, company.orders)
    await company.deliverer()
    (row,) = await company.journal(hook, until=every("failed", 1))
    assert "catalog" in row["error"]
    assert receiver.attempts == []


async def test_a_field_added_and_dropped_by_another_process(company, receiver, postgres_url, tmp_path, http):

    await company.sequencer()
    await company.deliverer()
    await company.hook(receiver)
    other = await open_company(postgres_url, tmp_path, http)
    kept = [{"id": field.id} for field in other.cache.schema.catalog(other.orders).fields if field.id != "note"]
    await other.catalogs.change(
        SYSTEM, other.orders, {"fields": [*kept, {"id": "added", "name": "Added", "type": "text"}]}
    )
    await other.order(name="a", added="new")
    await receiver.until(lambda: receiver.accepted)
    await other.close()
    (told,) = receiver.accepted
    assert "note" not in told.body["payload"]["values"]
