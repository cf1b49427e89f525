"""What a record is called, and what quick search and filters find."""

from urllib.parse import quote

import pytest
from orders import Orders

from live_server import LiveServer


def search(orders: Orders, text: str) -> list[str]:
    return [found["id"] for found in orders.find(f"searchText={quote(text)}&sortField=id")]


def test_a_record_is_called_by_its_first_text(orders: Orders) -> None:
    order = orders.order(amount=5, title="An order", note="A note")
    assert orders.read(order)["title"] == "An order"
    for empty in ("", None):
        assert orders.patch(order, {"title": empty}).status == 200
        assert orders.read(order)["title"] == f"#{order}"
    assert orders.patch(order, {"title": "Again"}).status == 200
    assert orders.read(order)["title"] == "Again"


@pytest.mark.parametrize(
    "field",
    [
        {"type": "number"},
        {"type": "contact"},
        {"type": "text", "config": {"type": "secret"}},
    ],
)
def test_a_record_without_a_text_is_called_by_its_number(orders: Orders, field: dict) -> None:
    catalog = orders.make("Untitled", {"id": "value", "name": "Value", **field})
    record = orders.add(catalog, {"value": "12"})
    assert orders.read(record, catalog)["title"] == f"#{record}"
    config = {"catalogs": [{"id": catalog}]}
    linking = orders.make("Linking", {"id": "link", "name": "Link", "type": "object", "config": config})
    link = orders.add(linking, {"link": {"catalogId": catalog, "recordId": record}})
    assert orders.values(link, linking)["link"][0]["recordTitle"] == f"#{record}"


def test_titles_follow_the_structure(orders: Orders) -> None:
    fields = [{"id": name, "name": name, "type": "text"} for name in ("first", "second")]
    catalog = orders.make("Structure", *fields)
    record = orders.add(catalog, {"first": "One", "second": "Two"})
    orders.server.api("PATCH", f"/catalogs/{catalog}", {"fields": fields[::-1]})
    assert orders.read(record, catalog)["title"] == "Two"
    orders.server.api("PATCH", f"/catalogs/{catalog}", {"fields": fields[:1]})
    assert orders.read(record, catalog)["title"] == "One"


def test_quick_search_finds_by_clients_and_employees(orders: Orders) -> None:
    client, other = orders.client("Тётушка Ко"), orders.client("Nobody's")
    who = orders.employee("Wilhelmina")
    by_client = orders.order(client=[orders.link(other), orders.link(client)])
    by_both = orders.order(client=[orders.link(client)], who=[who])
    for text in ("Тётушка", "тетушка", "КО", "ТЁТ"):
        assert search(orders, text) == [by_client, by_both], text
    assert search(orders, "wilhelm") == [by_both]
    assert search(orders, "Wilhelmina Тётушка") == []
    orders.server.api("PATCH", f"/catalogs/{orders.clients}/records/{client}", {"values": {"name": "Renamed"}})
    assert search(orders, "тетушка") == []
    assert search(orders, "renamed") == [by_client, by_both]


def test_quick_search_finds_contacts_with_their_comments_and_nothing_of_json(orders: Orders) -> None:
    order = orders.order(phone=[{"contact": 'a "quoted" \\ one', "comment": "Знакомый, from work"}])
    for text in ('"quoted"', "знакомый", "FROM WORK", "\\ one", "a "):
        assert order in search(orders, text), text
    for text in ("contact", "comment", '":', '", "', "{", "[{", "\\\\", '\\"'):
        assert search(orders, text) == [], text


@pytest.mark.parametrize(
    "asked",
    [
        "+7 (901) 234-56-78",
        "8-901-234-56-78",
        "89012345678",
        "7 901 2345678",
        "9012345678",
        "901 234",
        "8 901",
        "+7901",
        "234-56",
        "(901)",
    ],
)
@pytest.mark.parametrize("stored", ["8-901-234-56-78", "+7 (901) 234-56-78", "79012345678"])
def test_a_phone_in_any_spelling(orders: Orders, stored: str, asked: str) -> None:
    order = orders.order(phone=[{"contact": "x@example.com"}, {"contact": stored}])
    other = orders.order(phone=[{"contact": "8 901 234 56 79"}, {"contact": "78"}])
    found = orders.filtered({"phone": asked})
    assert order in found
    if len(asked) >= 10:
        assert other not in found


def test_two_phones_are_not_one_number(orders: Orders) -> None:
    order = orders.order(phone=[{"contact": "+7 912 111"}, {"contact": "222 33 44"}])
    assert order not in orders.filtered({"phone": "111222"})
    assert order in orders.filtered({"phone": "111"})


@pytest.mark.parametrize("name", ["client", "who"])
def test_sorting_by_titles_ignores_letter_case_and_puts_empty_values_last(server: LiveServer, name: str) -> None:
    orders = Orders(server)
    for title in ("beta", "Alpha", "alphabet", "Ёж", "жук"):
        value = [orders.link(orders.client(title))] if name == "client" else [employee(orders, title, name)]
        orders.order(title=title, **{name: value})
    empty = orders.order(title="empty")
    ascending = [found["title"] for found in orders.find(f"sortField={name}")]
    assert ascending == ["Alpha", "alphabet", "beta", "Ёж", "жук", "empty"]
    descending = [found["title"] for found in orders.find(f"sortField={name}&sortType=-1")]
    assert descending == [*ascending[-2::-1], "empty"]
    assert orders.find(f"sortField={name}&sortType=-1&limit=1&offset=5")[0]["id"] == empty


def employee(orders: Orders, title: str, name: str) -> str:
    address = f"{name}{title.encode().hex()}@example.com"
    return orders.add("$users", {"$name": title, "$email": address})
