"""What a record has may stay in it: links, employees and items that have been removed meanwhile."""

from typing import Any

import pytest
from orders import ITEMS, Orders, refused


def test_a_removed_client_may_be_sent_back_beside_a_new_one(orders: Orders) -> None:
    gone, here = orders.client("Gone"), orders.client("Here")
    order, other = orders.order(client=[orders.link(gone)]), orders.order(title="other")
    orders.remove(orders.clients, gone)
    read = orders.values(order)
    assert read["client"][0]["isRemoved"] is True

    assert orders.patch(order, read).status == 200
    assert orders.values(order) == read
    assert orders.patch(order, {"client": [*read["client"], orders.link(here)]}).status == 200
    assert [link["recordId"] for link in orders.values(order)["client"]] == [gone, here]
    assert [link["isRemoved"] for link in orders.values(order)["client"]] == [True, False]

    assert refused(orders.patch(other, {"client": read["client"]})) == ["client"]
    assert refused(orders.post({"client": read["client"]})) == ["client"]
    assert orders.patch(order, {"client": []}).status == 200
    assert refused(orders.patch(order, {"client": read["client"]})) == ["client"]


def test_a_removed_employee_may_be_sent_back(orders: Orders) -> None:
    gone, here = orders.employee("Leaving"), orders.employee("Staying")
    order, other = orders.order(who=[gone]), orders.order(title="other")
    orders.remove("$users", gone)
    read = orders.values(order)
    assert read["who"] == [{"id": gone, "title": "Leaving", "isRemoved": True}]

    assert orders.patch(order, read).status == 200
    assert orders.patch(order, {"who": [{"id": gone}, here]}).status == 200
    assert [(one["id"], one["isRemoved"]) for one in orders.values(order)["who"]] == [(gone, True), (here, False)]
    assert refused(orders.patch(other, {"who": [gone]})) == ["who"]
    assert refused(orders.post({"who": [gone]})) == ["who"]
    assert orders.filtered({"who": [gone]}) == [order]


@pytest.mark.parametrize("kind", ["dropdown", "checkboxes", "radiobutton"])
def test_a_removed_item_may_be_sent_back(orders: Orders, kind: str) -> None:
    field = {"id": "state", "name": "State", "type": kind, "config": ITEMS}
    catalog = orders.make(kind, field)
    record, other = orders.add(catalog, {"state": ["2"]}), orders.add(catalog, {"state": ["1"]})
    kept = {**ITEMS, "items": [item for item in described(orders, catalog)["items"] if item["id"] != "2"]}
    orders.server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{**field, "config": kept}]})

    assert orders.values(record, catalog) == {"state": ["2"]}
    assert orders.patch(record, {"state": ["2"]}, catalog).status == 200
    assert orders.values(record, catalog) == {"state": ["2"]}
    assert refused(orders.patch(other, {"state": ["2"]}, catalog)) == ["state"]
    assert refused(orders.post({"state": ["2"]}, catalog)) == ["state"]
    assert refused(orders.patch(record, {"state": ["9"]}, catalog)) == ["state"]


def test_a_link_into_a_removed_catalog_may_be_sent_back(orders: Orders) -> None:
    towns = orders.make("Towns", {"id": "name", "name": "Name", "type": "text"})
    config = {"catalogs": [{"id": towns}, {"id": orders.clients}], "multiselect": True}
    catalog = orders.make("Places", {"id": "town", "name": "Town", "type": "object", "config": config})
    town = orders.add(towns, {"name": "Omsk"})
    place, other = orders.add(catalog, {"town": [{"catalogId": towns, "recordId": town}]}), orders.add(catalog, {})
    orders.server.api("DELETE", f"/catalogs/{towns}")

    read = orders.values(place, catalog)
    assert [(link["catalogId"], link["recordId"], link["isRemoved"]) for link in read["town"]] == [(towns, town, True)]
    assert orders.patch(place, read, catalog).status == 200
    assert orders.values(place, catalog) == read
    assert refused(orders.patch(other, read, catalog)) == ["town"]


def test_items_that_are_renamed_keep_their_records(orders: Orders) -> None:
    field = {"id": "state", "name": "State", "type": "dropdown", "config": ITEMS}
    catalog = orders.make("Renamed", field)
    record = orders.add(catalog, {"state": ["2", "3"]})
    first, second, third = described(orders, catalog)["items"]
    change(orders, catalog, field, [first, {**second, "id": "paid", "prevId": "2"}, third])

    assert orders.values(record, catalog) == {"state": ["paid", "3"]}
    for spelling in ("paid", "2", 2):
        assert orders.filtered({"state": [spelling]}, catalog) == [record]
        assert orders.patch(record, {"state": [spelling]}, catalog).status == 200
        assert orders.values(record, catalog) == {"state": ["paid"]}
    first, second, third = described(orders, catalog)["items"]
    assert (second["id"], second["prevId"], second["dbId"]) == ("paid", "2", 2)
    change(orders, catalog, field, [third, {**second, "id": "settled", "prevId": "paid"}, first])
    assert orders.values(record, catalog) == {"state": ["settled"]}
    assert refused(orders.patch(record, {"state": ["paid"]}, catalog)) == ["state"]


def test_a_new_item_with_an_own_id(orders: Orders) -> None:
    items = [{"name": "Cash", "id": "cash"}, {"name": "Card"}, {"name": "Later", "id": "LATER-1"}]
    field = {"id": "pay", "name": "Pay", "type": "radiobutton", "config": {"items": items}}
    catalog = orders.make("Payments", field)
    assert [item["id"] for item in described(orders, catalog)["items"]] == ["cash", "2", "LATER-1"]
    for sent, answered in (("cash", "cash"), (1, "cash"), (["LATER-1"], "LATER-1"), ("3", "LATER-1"), ("2", "2")):
        record = orders.add(catalog, {"pay": sent})
        assert orders.values(record, catalog) == {"pay": [answered]}
    assert refused(orders.post({"pay": "Cash"}, catalog)) == ["pay"]
    assert refused(orders.post({"pay": "later-1"}, catalog)) == ["pay"]


def described(orders: Orders, catalog: str) -> dict[str, Any]:
    found: dict[str, Any] = orders.server.api("GET", f"/catalogs/{catalog}")["fields"][0]["config"]
    return found


def change(orders: Orders, catalog: str, field: dict[str, Any], items: list[dict[str, Any]]) -> None:
    sent = {**field, "config": {**ITEMS, "items": items}}
    orders.server.api("PATCH", f"/catalogs/{catalog}", {"fields": [sent]})
