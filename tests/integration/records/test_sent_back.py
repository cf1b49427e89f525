"""What was read can be sent back and changes nothing: records that Obmen alone writes, links whose catalog is gone, webhooks."""

from typing import Any

import pytest
from orders import ITEMS, Orders, refused

from problems import assert_problem
from scenario_files import ScenarioFile, listen

SCENARIO = ScenarioFile().start("say").set("say", _body="'done'").flow("say", "end").end().xml


@pytest.mark.parametrize("catalog", ["$catalogs", "$sections", "$processes"])
def test_records_that_nobody_writes_are_taken_as_they_were_read(orders: Orders, catalog: str) -> None:
    if catalog == "$processes":
        assert (
            orders.server.ask("POST", listen(orders.server, "sent-back", SCENARIO), {"n": 1.5}, auth=None).status == 200
        )
    found = orders.find("", catalog)
    assert found
    for record in found:
        path = f"/api/v1/catalogs/{catalog}/records/{record['id']}"
        number = record.get("prevId", record["id"])
        once = [record["values"], {key: value for key, value in record["values"].items() if key.startswith("$")}, {}]
        for values in once:
            assert orders.server.ask("PATCH", path, {"values": values}).status == 200, record
        assert orders.server.ask("PATCH", path, record).status == 200
        assert orders.server.ask("PATCH", path, {"id": number, "values": {}}).status == 200
        assert orders.read(record["id"], catalog)["values"] == record["values"]


@pytest.mark.parametrize("catalog", ["$catalogs", "$sections", "$processes"])
def test_a_difference_in_such_a_record_is_refused(orders: Orders, catalog: str) -> None:
    if catalog == "$processes":
        orders.server.ask("POST", listen(orders.server, "different", SCENARIO), {}, auth=None)
    record = orders.find("limit=1", catalog)[0]
    path = f"/api/v1/catalogs/{catalog}/records/{record['id']}"
    text = "$code" if catalog == "$processes" else "$name"
    for values in ({text: "Another"}, {**record["values"], text: None}):
        assert_problem(orders.server.ask("PATCH", path, {"values": values}), 403, "forbidden")
    for own in ("another", "$users" if record["id"] != "$users" else "$scripts"):
        answer = orders.server.ask("PATCH", path, {"id": own, "values": {}})
        assert answer.status in (403, 404)
    assert_problem(orders.server.ask("PATCH", path, {"values": {"nothing": 1}}), 400, "invalid_value")
    gone = f"/api/v1/catalogs/{catalog}/records/999999"
    assert_problem(orders.server.ask("PATCH", gone, {"values": {text: "x"}}), 404, "not_found")
    assert_problem(orders.server.ask("POST", path.rpartition("/")[0], {"values": {}}), 403, "forbidden")
    assert orders.read(record["id"], catalog)["values"] == record["values"]


def test_a_link_into_a_removed_catalog_by_the_ids_that_it_had(orders: Orders) -> None:
    name = {"id": "name", "name": "Name", "type": "text"}
    sent = {"id": "towns", "name": "Towns", "sectionId": orders.section, "fields": [name]}
    orders.server.api("POST", "/catalogs", sent)
    number = orders.server.api("GET", "/catalogs/towns")["prevId"]
    config = {"catalogs": [{"id": "towns"}, {"id": orders.clients}], "multiselect": True}
    catalog = orders.make("Places", {"id": "town", "name": "Town", "type": "object", "config": config})
    town = orders.add("towns", {"name": "Omsk"})
    place = orders.add(catalog, {"town": [{"catalogId": "towns", "recordId": town}]})
    other = orders.add(catalog, {})
    before = orders.values(place, catalog)
    orders.server.api("DELETE", "/catalogs/towns")
    after = orders.values(place, catalog)
    assert [link["isRemoved"] for link in after["town"]] == [True]

    def send_back() -> None:
        for values in (before, after, {"town": {"catalogId": int(number), "recordId": int(town)}}):
            assert orders.patch(place, values, catalog).status == 200
            assert orders.values(place, catalog) == after
            assert refused(orders.patch(other, values, catalog)) == ["town"]
            assert refused(orders.post(values, catalog)) == ["town"]

    send_back()
    orders.server.api("POST", "/catalogs", sent)  # another catalog takes the id
    send_back()
    described = orders.server.api("GET", f"/catalogs/{catalog}")
    assert orders.server.ask("PATCH", f"/api/v1/catalogs/{catalog}", {"fields": described["fields"]}).status == 200
    send_back()


def test_off_is_off_however_it_is_written(orders: Orders) -> None:
    catalog = orders.make("Switches", {"id": "on", "name": "On", "type": "switch"})
    records = [orders.add(catalog, values) for values in ({}, {"on": None}, {"on": False}, {"on": True})]
    assert orders.patch(records[3], {"on": None}, catalog).status == 200
    for filters in ({"on": False}, {"on": None}):
        assert sorted(orders.filtered(filters, catalog)) == sorted(records)
    assert [one["id"] for one in orders.find("sortField=on", catalog)] == records


class Hooks:
    """A catalog and webhooks on it."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.fields = [
            {"id": "name", "name": "Name", "type": "text"},
            {"id": "state", "name": "State", "type": "dropdown", "config": ITEMS},
            {"id": "about", "name": "About", "type": "group"},
        ]
        self.catalog = orders.make("Watched", *self.fields)

    def values(self, **more: Any) -> dict[str, Any]:
        link = [{"catalogId": "$catalogs", "recordId": more.pop("catalog", self.catalog)}]
        head = {"$name": "Hook", "$catalog": link, "$events": ["record.updated"], "$url": "http://127.0.0.1:9/"}
        return {**head, **more}


@pytest.fixture
def hooks(orders: Orders) -> Hooks:
    return Hooks(orders)


def test_fields_of_a_webhook_are_fields_of_its_catalog(orders: Orders, hooks: Hooks) -> None:
    for fields in ("name", "1", "name,state", "name 2", " name , 2 ", "", None):
        hook = orders.add("$webhooks", hooks.values(**{"$fields": fields}))
        assert orders.patch(hook, {"$fields": fields}, "$webhooks").status == 200
    for fields in ("nme", "name, nme", "99", "about", "Name", "$name", "name;state"):
        assert refused(orders.post(hooks.values(**{"$fields": fields}), "$webhooks")) == ["$fields"]
        assert refused(orders.patch(hook, {"$fields": fields}, "$webhooks")) == ["$fields"]
    assert refused(orders.post(hooks.values(catalog="$users", **{"$fields": "state"}), "$webhooks")) == ["$fields"]
    assert orders.add("$webhooks", hooks.values(catalog="$users", **{"$fields": "$email 1"}))


def test_another_catalog_needs_other_fields(orders: Orders, hooks: Hooks) -> None:
    hook = orders.add("$webhooks", hooks.values(**{"$fields": "state"}))
    elsewhere = {"$catalog": [{"catalogId": "$catalogs", "recordId": orders.clients}]}
    assert refused(orders.patch(hook, elsewhere, "$webhooks")) == ["$fields"]
    assert orders.patch(hook, {**elsewhere, "$fields": "name"}, "$webhooks").status == 200


def test_a_webhook_may_be_sent_back_when_its_field_is_gone(orders: Orders, hooks: Hooks) -> None:
    hook = orders.add("$webhooks", hooks.values(**{"$fields": "name, state"}))
    orders.server.api("PATCH", f"/catalogs/{hooks.catalog}", {"fields": hooks.fields[:1]})
    read = orders.values(hook, "$webhooks")
    assert orders.patch(hook, read, "$webhooks").status == 200
    assert orders.patch(hook, {"$fields": "state"}, "$webhooks").status == 200
    assert refused(orders.patch(hook, {"$fields": "state, other"}, "$webhooks")) == ["$fields"]
    assert refused(orders.post(hooks.values(**{"$fields": "state"}), "$webhooks")) == ["$fields"]
