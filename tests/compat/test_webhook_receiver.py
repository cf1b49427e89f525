"""A system that takes webhooks, stores their ``timestamp``, and writes records back as they came."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from company import CLIENT, DUE, FILES, ITEMS, NAME, PAYMENT, SERVICES, STAFF, STATUS, SUM, Company
from live_server import Answer, LiveServer
from webhook_receiver import Receiver, receiving

PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, company: Company) -> Iterator[Receiver]:
    with receiving(tmp_path_factory.mktemp("receiver")) as listening:
        catalog = [{"catalogId": "$catalogs", "recordId": company.orders}]
        events = ["record.created", "record.updated"]
        hook = {"$status": "$on", "$name": "compat", "$url": listening.url, "$events": events, "$catalog": catalog}
        hook_id = company.add("$webhooks", hook)
        yield listening
        company.server.api("DELETE", f"/catalogs/$webhooks/records/{hook_id}")


@pytest.fixture(scope="module")
def employee(server: LiveServer) -> str:
    values = {"$name": "Ольга", "$email": "olga@example.com"}
    return str(server.api("POST", "/catalogs/$users/records", {"values": values})["id"])


@pytest.fixture(scope="module")
def message(company: Company, receiver: Receiver, employee: str) -> dict[str, Any]:
    """The webhook of an order with a value of every kind; the linked client and the employee are removed after it."""
    gone = company.add(company.clients, {"1": "Ушедший"})
    values = {
        NAME: "Из вебхука",
        SUM: 10_000,
        STATUS: ["1", "3"],
        PAYMENT: "1",
        SERVICES: ["2"],
        DUE: "2026-03-09T10:00:00Z",
        STAFF: [{"id": employee}, {"id": "1"}],
        CLIENT: company.link(gone) + company.link(company.perm),
        FILES: [{"title": "dot.gif", "src": PICTURE}, {"src": "https://example.com/a%20b/price.pdf?x=1"}],
    }
    record = company.add(company.orders, values)
    (received,) = [one for one in receiver.wait_for(1) if json.loads(one["body"])["payload"]["recordId"] == record]
    company.server.api("DELETE", f"/catalogs/{company.clients}/records/{gone}")
    company.server.api("DELETE", f"/catalogs/$users/records/{employee}")
    return dict(json.loads(received["body"]))


def write(company: Company, message: dict[str, Any], values: Any) -> Answer:
    return company.server.ask("PATCH", f"{company.records}/{message['payload']['recordId']}", {"values": values})


def test_the_message_has_the_documented_shapes(message: dict[str, Any]) -> None:
    assert (message["hook"]["event"], message["timestamp"].isdecimal()) == ("record.created", True)
    values = message["payload"]["values"]
    assert (values[SUM], values[PAYMENT], values[STATUS]) == (10_000, ["1"], ["1", "3"])
    assert b'"10000"' not in json.dumps(values[SUM]).encode()
    assert [set(one) for one in values[FILES]] == [{"id", "title", "url", "size", "mimeType", "metadata"}] * 2
    assert [one["title"] for one in values[FILES]] == ["dot.gif", "price.pdf"]


def test_the_timestamp_is_a_date(company: Company, message: dict[str, Any]) -> None:
    for sent in (message["timestamp"], int(message["timestamp"]), f"{message['timestamp']}000"):
        assert write(company, message, {DUE: sent}).status == 200
        found = company.server.api(
            "GET", f"/catalogs/{company.orders}/records?filters[0][fieldId]={DUE}&filters[0][value]={sent}"
        )
        assert [one["id"] for one in found] == [message["payload"]["recordId"]]
    assert write(company, message, {DUE: message["payload"]["values"][DUE]}).status == 200


def test_what_came_can_be_written_back(company: Company, message: dict[str, Any], receiver: Receiver) -> None:
    before = company.read(message["payload"]["recordId"])
    assert [one["isRemoved"] for one in before["values"][CLIENT]] == [True, False]
    assert [one["isRemoved"] for one in before["values"][STAFF]] == [True, False]
    seen = len(receiver.settle())
    for values in (
        message["payload"]["values"],
        before["values"],
        *({key: one} for key, one in before["values"].items()),
    ):
        answer = write(company, message, values)
        assert answer.status == 200, (values, answer.body)
    assert company.read(message["payload"]["recordId"]) == before
    assert len(receiver.settle()) == seen


def test_a_whole_record_and_a_catalog_can_be_written_back(company: Company, message: dict[str, Any]) -> None:
    record = company.read(message["payload"]["recordId"])
    path = f"/catalogs/{company.orders}"
    company.server.api("PATCH", f"{path}/records/{record['id']}", record)
    assert company.read(record["id"]) == record
    described = company.server.api("GET", path)
    company.server.api("PATCH", path, described)
    assert company.server.api("GET", path) == described


def test_items_that_were_removed_stay(company: Company, message: dict[str, Any]) -> None:
    path = f"/catalogs/{company.orders}"
    described = company.server.api("GET", path)
    status = next(field for field in described["fields"] if field["id"] == STATUS)
    status["config"]["items"] = [one for one in status["config"]["items"] if one["name"] != ITEMS["items"][2]["name"]]
    company.server.api("PATCH", path, {"fields": described["fields"]})
    before = company.read(message["payload"]["recordId"])
    assert write(company, message, before["values"]).status == 200
    assert company.read(before["id"]) == before
    assert company.server.ask("PATCH", f"{company.records}/{company.ids[0]}", {"values": {STATUS: ["3"]}}).status == 400


@pytest.mark.parametrize("catalog", ["$webhooks", "$users"])
def test_records_of_the_system_can_be_written_back(server: LiveServer, receiver: Receiver, catalog: str) -> None:
    """Under both ids as they come, and under each of them alone."""
    described = server.api("GET", f"/catalogs/{catalog}")["fields"]
    numbers = {field["id"] for field in described if field["id"].isdecimal()}
    (first,) = server.api("GET", f"/catalogs/{catalog}/records?limit=1&sortField=id")
    path = f"/catalogs/{catalog}/records/{first['id']}"
    before = server.api("GET", path)
    values = before["values"]
    assert numbers
    assert set(values) > numbers
    for some in (values, {key: values[key] for key in numbers}, {key: values[key] for key in set(values) - numbers}):
        answer = server.ask("PATCH", f"/api/v1{path}", {"values": some})
        assert answer.status == 200, (some, answer.body)
        assert server.api("GET", path) == before
