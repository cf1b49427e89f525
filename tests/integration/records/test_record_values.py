"""Values as clients write them and as they come back."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from orders import Orders, refused

from live_server import EMAIL, PASSWORD, LiveServer


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("10000", b"10000"),
        ("1e4", b"10000"),
        ("1E+4", b"10000"),
        ("10000.00", b"10000"),
        ('"1e4"', b"10000"),
        ('" 10000 "', b"10000"),
        ("1e21", b"1000000000000000000000"),
        ("1e-7", b"0.0000001"),
        ("-2.50", b"-2.5"),
        ("12345678901234567890.123456789", b"12345678901234567890.123456789"),
        ("0.1", b"0.1"),
        ("-0.0", b"0"),
    ],
)
def test_numbers_leave_as_plain_decimals(orders: Orders, sent: str, answered: bytes) -> None:
    path = f"/api/v1/catalogs/{orders.orders}/records"
    body = f'{{"values": {{"amount": {sent}}}}}'.encode()
    made = orders.server.ask("POST", path, body, headers={"Content-Type": "application/json"})
    assert made.status == 200, made.body
    for query in (f"/{made.json['id']}?fields=amount", f"?id={made.json['id']}&fields=amount"):
        assert b'"values":{"amount":' + answered + b"}" in orders.server.ask("GET", path + query).body


@pytest.mark.parametrize("number", ["1e101", "1e401", "1e999999999", "-1E-999999999", "0e999999999"])
def test_numbers_that_are_no_measure_are_refused(orders: Orders, number: str) -> None:
    path = f"/api/v1/catalogs/{orders.orders}/records"
    for field in ("amount", "title", "phone", "who", "state"):
        body = f'{{"values": {{"{field}": {number}}}}}'.encode()
        answer = orders.server.ask("POST", path, body, headers={"Content-Type": "application/json"})
        assert answer.status == 400 or (field, number) == ("title", "1e101"), (field, answer.body)
        filters = quote(f'{{"{field}": {{"at": {number}}}}}')
        assert orders.server.ask("GET", f"{path}?filters={filters}").status == 400


def test_a_number_is_found_as_exactly_as_it_is_kept(orders: Orders) -> None:
    exact = "22345678901234567890.123456789"
    order = orders.order(amount=exact)
    for filters in (
        f'{{"amount": {exact}}}',
        f'{{"amount": "{exact}"}}',
        f'{{"amount": {{"at": {exact}, "to": {exact}}}}}',
    ):
        assert [found["id"] for found in orders.find(f"filters={quote(filters)}")] == [order]
    another = quote(f'{{"amount": {exact[:-1]}8}}')
    assert orders.find(f"filters={another}") == []


@pytest.mark.parametrize("text", [["one"], [1], "one", [""]])
def test_a_text_as_a_list_of_one(orders: Orders, text: Any) -> None:
    order = orders.order(title=text)
    assert orders.values(order)["title"] == str(text[0] if isinstance(text, list) else text)


@pytest.mark.parametrize("text", [["one", "two"], [["one"]], [{"text": "one"}], [None], {"0": "one"}])
def test_a_text_of_another_shape(orders: Orders, text: Any) -> None:
    assert refused(orders.post({"title": text})) == ["title"]


@pytest.mark.parametrize("letter", ["x", "я", "😀"])
def test_a_line_has_at_most_256_characters(orders: Orders, letter: str) -> None:
    order = orders.order(title=letter * 256, note=letter * 5_000)
    assert orders.values(order)["title"] == letter * 256
    assert refused(orders.post({"title": letter * 257})) == ["title"]
    assert refused(orders.patch(order, {"title": letter * 257, "note": "x"})) == ["title"]
    assert orders.values(order)["note"] == letter * 5_000


@pytest.mark.parametrize(
    ("mask", "fits", "not_"),
    [
        ("+1 (111) 111-11-11", ["+7 (901) 234-56-78"], ["+7 (901) 234-56-7", "79012345678", "+7 (901) 234-56-7x"]),
        ("AA-11", ["AB-12", "ЖЯ-00"], ["ab-12", "AB-1", "AB-123", "A1-12"]),
        ("aa\\a", ["bca"], ["bcd", "BCa"]),
        ("", ["whatever"], []),
    ],
)
def test_a_mask_is_checked(orders: Orders, mask: str, fits: list[str], not_: list[str]) -> None:
    config = {"type": "mask", "mask": mask}
    catalog = orders.make("Masked", {"id": "code", "name": "Code", "type": "text", "config": config})
    for text in [*fits, ""]:
        assert orders.values(orders.add(catalog, {"code": text}), catalog) == {"code": text}
    for text in not_:
        assert refused(orders.post({"code": text}, catalog)) == ["code"]


def test_the_current_employee_by_default(orders: Orders) -> None:
    me = orders.server.api("GET", "/profile/me")["id"]
    config = {"defaultValue": True}
    catalog = orders.make("Mine", {"id": "who", "name": "Who", "type": "user", "config": config})
    assert [one["id"] for one in orders.values(orders.add(catalog, {}), catalog)["who"]] == [me]
    for empty in (None, [], ""):
        assert orders.values(orders.add(catalog, {"who": empty}), catalog)["who"] == []
    other = orders.make("Anybody's", {"id": "who", "name": "Who", "type": "user"})
    assert orders.values(orders.add(other, {}), other)["who"] == []


@pytest.mark.parametrize(("size", "answered"), [("8513", 8513), (8513, 8513), (None, 0), ("", 0), (0, 0)])
def test_the_size_of_a_file_elsewhere(orders: Orders, size: Any, answered: int) -> None:
    catalog = orders.make("Files", {"id": "file", "name": "File", "type": "file"})
    sent = {"title": "a.png", "src": "https://files.example/a.png", "size": size}
    record = orders.add(catalog, {"file": [sent]})
    (file,) = orders.values(record, catalog)["file"]
    assert (file["size"], file["url"]) == (answered, sent["src"])
    assert orders.patch(record, {"file": [file]}, catalog).status == 200
    assert orders.values(record, catalog)["file"] == [file]


def test_a_group_in_fields_means_its_fields(orders: Orders) -> None:
    order = orders.order(title="x")
    for fields in ('["about"]', "about", '[{"fieldId": "about"}]', '["about", "client"]'):
        (found,) = orders.find(f"id={order}&fields={quote(fields)}")
        assert list(found["values"]) == ["client", "who", "phone", "state"], fields
    (found,) = orders.find(f"id={order}&fields=title,about")
    assert list(found["values"]) == ["title", "client", "who", "phone", "state"]


def test_clearing_the_address_of_an_employee_withdraws_access(server: LiveServer) -> None:
    orders = Orders(server)
    made = orders.employee("Boris")
    for empty in ("", None):
        assert orders.patch(made, {"$email": empty}, "$users").status == 200
        assert orders.values(made, "$users")["$email"] == ""
        assert orders.patch(made, {"2": "boris@sales.example"}, "3").status == 200
        assert orders.values(made, "3")["$email"] == "boris@sales.example"
    again = orders.patch(made, {"$email": ""}, "$users")
    assert again.status == 200
    assert orders.add("$users", {"$name": "Another", "$email": "boris@sales.example"})
    assert server.ask("GET", "/api/v1/profile/me", auth=(EMAIL, PASSWORD)).status == 200


def test_records_of_the_system_without_what_is_not_required(orders: Orders) -> None:
    assert orders.add("$scripts", {"$name": "Not drawn yet"})
    assert orders.add("$users", {"$name": "Without an address"})


@pytest.mark.parametrize(
    ("values", "filters"),
    [
        ({"1": "By number"}, {"1": "by number"}),
        ({"$name": "By id"}, [{"fieldId": "$name", "value": "BY ID"}]),
        ({"1": "Mixed"}, [{"fieldId": 1, "value": "mixed"}]),
    ],
)
def test_values_of_the_system_by_number_and_id(orders: Orders, values: dict[str, str], filters: Any) -> None:
    script = orders.add("6", values)
    for catalog in ("6", "$scripts"):
        assert orders.filtered(filters, catalog) == [script]
        found = orders.find(f"id={script}&fields=1", catalog)[0]["values"]
        assert found["1"] == found["$name"] == next(iter(values.values()))


@pytest.mark.parametrize("empty", ["", [], {}, {"at": ""}, {"at": None, "to": ""}, {"$or": []}, {"$or": [""]}])
@pytest.mark.parametrize("field", ["amount", "title", "client", "who", "phone", "state"])
def test_an_empty_filter_is_never_everything(orders: Orders, field: str, empty: Any) -> None:
    orders.order(title="x")
    for filters in ({field: empty}, [{"fieldId": field, "value": empty}]):
        path = f"/api/v1/catalogs/{orders.orders}/records?filters={quote(json.dumps(filters))}"
        answer = orders.server.ask("GET", path)
        assert (answer.status, answer.json["code"]) == (400, "invalid_filter"), (filters, answer.body[:200])


def test_own_ids_of_records_in_filters_and_employees(orders: Orders) -> None:
    path = f"/catalogs/{orders.clients}/records"
    orders.server.api("POST", path, {"id": "client-1", "values": {"name": "Own"}})
    orders.server.api("POST", "/catalogs/$users/records", {"id": "boss", "values": {"$name": "The boss"}})
    order = orders.order(client=orders.link("client-1"), who="boss")
    read = orders.values(order)
    assert read["client"][0]["recordId"] == "client-1"
    assert read["who"] == [{"id": "boss", "title": "The boss", "isRemoved": False}]
    assert orders.patch(order, read).status == 200
    number = orders.server.api("GET", f"{path}/client-1")["prevId"]
    for record in ("client-1", number):
        assert orders.filtered({"client": [orders.link(record)]}) == [order]
    assert orders.filtered({"who": ["boss"]}) == [order]
    assert orders.filtered({"client": [orders.link("client-2")]}) == []
    assert refused(orders.post({"client": orders.link("client-2")})) == ["client"]
    assert refused(orders.post({"who": "nobody"})) == ["who"]
    taken = orders.server.ask("PATCH", f"/api/v1{path}/{orders.client('Other')}", {"id": "client-1", "values": {}})
    assert (taken.status, taken.json["code"]) == (409, "conflict")
