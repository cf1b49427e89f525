"""Limits of PostgreSQL: what can be kept within them is kept, what cannot is refused with advice."""

import json
from hashlib import sha256
from typing import Any

import pytest
from orders import Orders

from problems import assert_problem

FIELDS = 500


@pytest.fixture(scope="module")
def wide(orders: Orders) -> str:
    """A catalog of as many texts as one may have."""
    return orders.make(
        "Wide", *({"name": f"F{n}", "type": "text", "config": {"type": "multiline"}} for n in range(FIELDS))
    )


def texts(size: int, count: int = FIELDS) -> dict[str, str]:
    return {str(number): f"{number} " + "яюэ"[number % 3] * size for number in range(1, count + 1)}


def test_a_change_of_all_fields_at_once(orders: Orders, wide: str) -> None:
    record = orders.add(wide, {"1": "one"})
    for count in (48, 49, 50, 99, 100, 101, FIELDS):
        assert orders.patch(record, texts(2, count), wide).status == 200
        assert orders.values(record, wide) == {**{str(n): "" for n in range(1, FIELDS + 1)}, **texts(2, count)}


@pytest.mark.parametrize(
    ("kind", "config", "value"),
    [
        ("text", {"type": "multiline"}, sha256(b"x").hexdigest()),
        ("contact", {}, [{"contact": "+7 900 123 45 67", "comment": "in the evening"}]),
        ("dropdown", {"items": [{"name": "One"}]}, ["1"]),
        ("object", {"catalogs": [{"id": "$users"}]}, [{"catalogId": "$users", "recordId": "1"}]),
        ("user", {}, ["CURRENT_USER"]),
    ],
)
def test_a_record_that_fits_no_row_is_refused_with_advice(orders: Orders, kind: str, config: Any, value: Any) -> None:
    fields = [{"name": f"F{n}", "type": kind, "config": config} for n in range(FIELDS)]
    catalog = orders.make(kind, *fields)
    record = orders.add(catalog, {"1": value})
    values = {str(number): value for number in range(1, FIELDS + 1)}
    for answer in (orders.post(values, catalog), orders.patch(record, values, catalog)):
        problem = assert_problem(answer, 413, "too_large")
        assert "8 kB" in problem["detail"]
    assert [found["id"] for found in orders.find("", catalog)] == [record]
    assert orders.patch(record, {str(number): value for number in range(1, 200)}, catalog).status == 200


def test_fields_may_be_replaced_again_and_again(orders: Orders) -> None:
    named = {"id": "name", "name": "Name", "type": "text"}
    catalog = orders.make("Replaced", named, {"name": "Old", "type": "number"})
    linking = orders.make(
        "Linking", {"id": "to", "name": "To", "type": "object", "config": {"catalogs": [{"id": catalog}]}}
    )
    records = [orders.add(catalog, {"name": f"Record {place}"}) for place in range(3)]
    link = orders.add(linking, {"to": {"catalogId": catalog, "recordId": records[0]}})
    orders.server.api("POST", f"/catalogs/{catalog}/records", {"id": "own", "values": {"name": "Own"}})
    for turn in range(4):
        fields = [{"name": f"T{turn} {place}", "type": "text"} for place in range(FIELDS - 1)]
        orders.server.api("PATCH", f"/catalogs/{catalog}", {"fields": [named, *fields]})

        assert orders.values(link, linking)["to"][0]["recordTitle"] == "Record 0"
        made = orders.add(catalog, {"name": f"After {turn}"})
        records.append(made)
    assert [record["id"] for record in orders.find("sortField=id&fields=name", catalog)][:3] == records[:3]
    numbers = [int(record) for record in records]
    assert numbers == sorted(set(numbers))
    assert orders.read("own", catalog)["title"] == "Own"
    again = orders.server.ask("POST", f"/api/v1/catalogs/{catalog}/records", {"id": "own", "values": {"name": "Again"}})
    assert_problem(again, 409, "conflict")


def test_fields_of_the_system_stay_unique_when_others_are_replaced(orders: Orders) -> None:
    own = [field for field in orders.server.api("GET", "/catalogs/$users")["fields"] if field["isSystem"]]
    orders.employee("Unique")
    for turn in range(4):
        fields = [{"name": f"T{turn} {place}", "type": "number"} for place in range(400)]
        orders.server.api("PATCH", "/catalogs/$users", {"fields": [*own, *fields]})
    orders.server.api("PATCH", "/catalogs/$users", {"fields": own})
    taken = orders.post({"$name": "Other", "$email": "UNIQUE@sales.example"}, "$users")
    assert json.loads(taken.body)["errors"][0]["field"] == "$email"
