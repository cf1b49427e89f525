"""Records by the API: pages, order, search, fields, links, changes, and what is refused."""

import gzip
import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from live_server import LiveServer
from php_queries import bracketed
from problems import assert_problem

SQL = "'); drop table obmen.catalogs; --"


class Shop:
    """Clients (in towns) and towns."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        section = server.api("POST", "/sections", {"name": "Shop"})["id"]
        name = {"id": "name", "name": "Name", "type": "text"}
        town_fields = [name, {"id": "people", "name": "People", "type": "number"}]
        self.towns = self.make({"name": "Towns", "sectionId": section, "fields": town_fields})
        parent = {"id": "parent", "name": "Parent", "type": "object", "config": {"catalogs": [{"id": self.towns}]}}
        known = [{"id": field["id"]} for field in town_fields]
        server.api("PATCH", f"/catalogs/{self.towns}", {"fields": [*known, parent]})
        self.omsk, self.perm = (self.add(self.towns, {"name": town, "people": 10}) for town in ("Omsk", "Perm"))
        town = {"id": "town", "name": "Town", "type": "object", "config": {"catalogs": [{"id": self.towns}]}}
        day = {"id": "day", "name": "Day", "type": "date", "config": {"time": True}}
        phone = {"id": "phone", "name": "Phone", "type": "contact"}
        number = {"id": "number", "name": "Number", "type": "number"}
        self.clients = self.make({"name": "Clients", "sectionId": section, "fields": [name, number, town, day, phone]})
        self.path = f"/api/v1/catalogs/{self.clients}/records"
        self.ids = [
            self.add(
                self.clients,
                {
                    "name": client,
                    "number": place,
                    "town": [{"catalogId": self.towns, "recordId": town}],
                    "day": f"2026-01-{place:02d}T22:30:00Z",
                    "phone": [{"contact": f"+7 900 {place:03d}", "comment": f"call at {place}"}],
                },
            )
            for place, (client, town) in enumerate(
                [
                    ("Anna", self.omsk),
                    ("Bella", self.perm),
                    ("anton", self.omsk),
                    ("100%", self.perm),
                    ("a_b\\c", self.omsk),
                ],
                1,
            )
        ]

    def make(self, sent: dict[str, Any]) -> str:
        return str(self.server.api("POST", "/catalogs", sent)["id"])

    def add(self, catalog: str, values: dict[str, Any]) -> str:
        return str(self.server.api("POST", f"/catalogs/{catalog}/records", {"values": values})["id"])

    def find(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.server.api("GET", f"/catalogs/{self.clients}/records?{query}"))

    def places(self, query: str) -> list[int]:
        """Which of the clients were found, in order, the first being 1."""
        return [self.ids.index(record["id"]) + 1 for record in self.find(query)]


@pytest.fixture(scope="module")
def shop(server: LiveServer) -> Shop:
    return Shop(server)


def test_a_record_lives(server: LiveServer, shop: Shop) -> None:
    for slash in ("", "/"):
        made = server.ask("POST", shop.path + slash, {"values": {"name": "Short", "number": 1}})
        assert (made.status, set(made.json)) == (200, {"id"})
        path = f"{shop.path}/{made.json['id']}{slash}"
        read = server.ask("GET", path).json
        assert set(read) == {"id", "catalogId", "title", "values", "privilegeCode"}
        assert (read["id"], read["catalogId"], read["title"]) == (made.json["id"], shop.clients, "Short")
        assert read["values"] == {"name": "Short", "number": 1, "town": [], "day": None, "phone": []}

        assert server.ask("PATCH", path, {"values": {"number": 2}}).status == 200
        assert server.ask("GET", path).json["values"] == {**read["values"], "number": 2}
        assert server.ask("PATCH", path, {"values": {}}).status == 200
        assert server.ask("PATCH", path, {"values": {"name": "Other"}}).status == 200
        assert server.ask("GET", path).json["title"] == "Other"

        assert server.ask("DELETE", path).status == 200
        assert_problem(server.ask("GET", path), 404, "not_found")
        assert_problem(server.ask("DELETE", path), 404, "not_found")
        assert_problem(server.ask("PATCH", path, {"values": {"name": "x"}}), 404, "not_found")
        assert made.json["id"] not in [record["id"] for record in shop.find()]
        assert shop.find(f"id={made.json['id']}") == []


def test_a_list_is_the_newest_first_and_in_pages(shop: Shop) -> None:
    assert shop.places("") == [5, 4, 3, 2, 1]
    assert shop.places("limit=2") == [5, 4]
    assert shop.places("limit=2&offset=2") == [3, 2]
    assert shop.places("limit=2&offset=4") == [1]
    assert shop.places("offset=5") == []
    assert shop.places("limit=0") == []
    assert shop.places("limit=&offset=") == [5, 4, 3, 2, 1]
    assert shop.places("limit=1&limit=3") == [5, 4, 3]
    assert shop.places(f"offset={2**62}") == []


@pytest.mark.parametrize(
    "query",
    [
        *("limit=-1", "limit=x", "limit=1.5", "limit=1e3"),
        *("offset=-1", f"offset={2**62 + 1}", f"offset={10**40}", "offset=x", "sortType=2", "sortType=x"),
        *(
            "timezoneOffset=901",
            "timezoneOffset=x",
            "sortField=nothing",
            "sortField=name;drop",
            f"sortField={quote(SQL)}",
        ),
        *(
            "filters=[",
            "filters={",
            "filters=x",
            "filters=5",
            "filters=[5]",
            "filters=[[]]",
            "filters[0]=x",
            "filters[]=",
        ),
        'filters={"nothing":1}',
        'filters={"$or":[]}',
        'filters={"$or":{"name":"x"}}',
        'filters={"name":{"$or":[]}}',
        'filters={"name":{"$or":"x"}}',
        'filters={"$not":[{"name":"x"}]}',
        'filters=[{"fieldId":["name"],"value":"x"}]',
        'filters={"name":{"$regex":"x"}}',
        *(
            "fields=nothing",
            'fields={"a":1}',
            "fields=[[1]]",
            'fields=["name",null]',
            "fields=[",
            'fields=[{"fieldId":"name","fields":{"1":[1]}}]',
        ),
        'fields=[{"fieldId":"town","fields":"x"}]',
    ],
)
def test_a_bad_question_is_refused(server: LiveServer, shop: Shop, query: str) -> None:
    name, _, value = query.partition("=")
    assert_problem(server.ask("GET", f"{shop.path}?{quote(name)}={quote(value)}"), 400, "invalid_filter")


def test_conditions_are_limited(server: LiveServer, shop: Shop) -> None:
    conditions = [{"name": "a"}] * 201
    inside = quote(json.dumps({"$or": conditions}))
    problem = assert_problem(server.ask("GET", f"{shop.path}?filters={inside}"), 400, "invalid_filter")
    assert "limits.filter_conditions" in problem["detail"]
    linked = [{"catalogId": shop.towns, "filters": {"$or": [{"name": "Omsk"}] * 201}}]
    answer = server.ask("GET", f"{shop.path}?filters={quote(json.dumps({'town': linked}))}")
    assert_problem(answer, 400, "invalid_filter")


@pytest.mark.parametrize("shape", ["or", "field", "linked", "both"])
def test_conditions_nest_so_deep_and_no_deeper(server: LiveServer, shop: Shop, shape: str) -> None:
    for levels, status in ((19, 200), (41, 400), (120, 400)):
        filters: Any = "a" if shape == "field" else {"name": "a"}
        for _ in range(levels):
            filters = {"$or": [filters]} if shape != "both" else {"$and": [{"name": "a"}, {"$or": [filters]}]}
            if shape == "linked":
                filters = {"$or": [{"parent": [{"catalogId": shop.towns, "filters": filters["$or"][0]}]}]}
        if shape == "field":
            filters = {"name": filters}
        catalog = shop.towns if shape == "linked" else shop.clients
        query = quote(json.dumps(filters, separators=(",", ":")), safe='{}[]":,$')
        if len(query) > 60_000:
            continue  # longer than a request line may be
        answer = server.ask("GET", f"/api/v1/catalogs/{catalog}/records?filters={query.replace(chr(34), '%22')}")
        assert answer.status == status, (levels, answer.body[:300])
        if status == 400:
            assert_problem(answer, 400, "invalid_filter")


def test_order(shop: Shop) -> None:
    assert shop.places("sortField=number") == [1, 2, 3, 4, 5]
    assert shop.places("sortField=number&sortType=1") == [1, 2, 3, 4, 5]
    assert shop.places("sortField=number&sortType=-1") == [5, 4, 3, 2, 1]
    assert shop.places("sortField=number&sortType=-1&limit=2&offset=1") == [4, 3]
    assert shop.places("sortField=id&sortType=-1") == [5, 4, 3, 2, 1]
    assert shop.places("sortType=-1") == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("anna", [1]),
        ("AN", [3, 1]),
        ("900 002", [2]),
        ("call at 3", [3]),
        ("%", [4]),
        ("_", [5]),
        ("\\", [5]),
        ("", [5, 4, 3, 2, 1]),
        (SQL, []),
        ("😀", []),
    ],
)
def test_quick_search(shop: Shop, text: str, found: list[int]) -> None:
    assert shop.places(f"searchText={quote(text)}") == found


@pytest.mark.parametrize("text", ["a%00nna", "%00", "anna%00"])
def test_a_search_for_what_no_text_has(server: LiveServer, shop: Shop, text: str) -> None:
    assert_problem(server.ask("GET", f"{shop.path}?searchText={text}"), 400, "invalid_filter")


def test_search_filter_and_page_together(shop: Shop) -> None:
    town = bracketed("filters", [{"fieldId": "town", "value": [{"catalogId": shop.towns, "recordId": shop.omsk}]}])
    assert shop.places(f"{town}&searchText=an&sortField=number") == [1, 3]
    assert shop.places(f"{town}&searchText=an&sortField=number&limit=1&offset=1") == [3]


def test_records_by_id(shop: Shop) -> None:
    one, two, three, *_ = shop.ids
    assert shop.places(f"id={one}") == [1]
    assert shop.places(f"id={one}&id={three}") == [3, 1]
    assert shop.places(f"id[]={one}&id[]={two}&sortField=number") == [1, 2]
    assert shop.places(f"id={one}&id=999999&id=x&id={10**30}&id={quote(SQL)}") == [1]
    assert shop.places("id=999999") == []
    assert shop.places("id=x") == []
    assert shop.places(f"id={one}&id={two}&searchText=bella") == [2]


def test_only_some_fields(server: LiveServer, shop: Shop) -> None:
    for fields in ('["name", "number"]', "name,number", '[{"fieldId": "name"}, "number"]'):
        for record in shop.find(f"fields={quote(fields)}"):
            assert set(record["values"]) == {"name", "number"}
            assert record["title"]
    one = server.ask("GET", f"{shop.path}/{shop.ids[0]}?fields=%5B%22number%22%5D").json
    assert (one["title"], one["values"]) == ("Anna", {"number": 1})
    assert set(shop.find("fields=")[0]["values"]) == {"name", "number", "town", "day", "phone"}
    brackets = shop.find(bracketed("fields", ["name"]))
    assert set(brackets[0]["values"]) == {"name"}


def test_fields_of_linked_records(server: LiveServer, shop: Shop) -> None:
    fields = [{"fieldId": "town", "fields": {shop.towns: ["name", "people"]}}, "number"]
    for record in shop.find(f"fields={quote(json.dumps(fields))}"):
        (link,) = record["values"]["town"]
        assert link["recordValues"] == {"name": link["recordTitle"], "people": 10}
        assert set(record["values"]) == {"town", "number"}
    read = server.ask("GET", f"{shop.path}/{shop.ids[1]}?fields={quote(json.dumps(fields))}").json
    assert read["values"]["town"][0]["recordValues"] == {"name": "Perm", "people": 10}
    unknown = [{"fieldId": "town", "fields": {"999": ["name"]}}]
    assert_problem(server.ask("GET", f"{shop.path}?fields={quote(json.dumps(unknown))}"), 400, "invalid_filter")
    wrong = [{"fieldId": "town", "fields": {shop.towns: ["nothing"]}}]
    assert_problem(server.ask("GET", f"{shop.path}?fields={quote(json.dumps(wrong))}"), 400, "invalid_filter")


def test_the_total(server: LiveServer, shop: Shop) -> None:
    answer = server.ask("GET", f"{shop.path}?limit=2&withTotal=true")
    assert (len(answer.json), answer.headers["X-Total-Count"]) == (2, "5")
    answer = server.ask("GET", f"{shop.path}?limit=1&withTotal=true&searchText=an&offset=1")
    assert (len(answer.json), answer.headers["X-Total-Count"]) == (1, "2")
    assert "X-Total-Count" not in server.ask("GET", f"{shop.path}?limit=2").headers


@pytest.mark.parametrize(
    ("offset", "found"),
    [("", [2, 3]), ("0", [2, 3]), ("180", [1, 2]), ("-180", [2, 3]), ("90", [1, 2]), ("89", [2, 3])],
)
def test_days_are_the_callers(shop: Shop, offset: str, found: list[int]) -> None:
    days = bracketed("filters", [{"fieldId": "day", "value": {"at": "2026-01-02", "to": "2026-01-03"}}])
    assert shop.places(f"{days}&timezoneOffset={offset}&sortField=number") == found
    exact = bracketed("filters", {"day": {"at": "2026-01-02T22:30:00Z", "to": "2026-01-02T22:30:00Z"}})
    assert shop.places(f"{exact}&timezoneOffset={offset}") == [2]


@pytest.mark.parametrize(
    "bound", ["9999-12-31", "0001-01-01", "9998-12-31T23:59:59-15:00", "0002-01-01T00:00:00+15:00"]
)
@pytest.mark.parametrize("offset", [-900, 900])
def test_days_at_the_ends_of_time(server: LiveServer, shop: Shop, bound: str, offset: int) -> None:
    for key in ("at", "to"):
        query = bracketed("filters", {"day": {key: bound}})
        assert server.ask("GET", f"{shop.path}?{query}&timezoneOffset={offset}").status in (200, 400)


def test_a_removed_linked_record_stays_in_the_value(server: LiveServer, shop: Shop) -> None:
    town = shop.add(shop.towns, {"name": "Gone"})
    link = [{"catalogId": shop.towns, "recordId": town}]
    client = shop.add(shop.clients, {"name": "Linked", "town": link})
    server.api("PATCH", f"/catalogs/{shop.towns}/records/{town}", {"values": {"name": "Renamed"}})
    (value,) = server.api("GET", f"/catalogs/{shop.clients}/records/{client}")["values"]["town"]
    assert (value["recordTitle"], value["isRemoved"]) == ("Renamed", False)

    server.api("DELETE", f"/catalogs/{shop.towns}/records/{town}")

    (value,) = server.api("GET", f"/catalogs/{shop.clients}/records/{client}")["values"]["town"]
    assert (value["recordId"], value["isRemoved"]) == (town, True)
    fields = quote(json.dumps([{"fieldId": "town", "fields": {shop.towns: ["name"]}}]))
    (found,) = shop.find(f"id={client}&fields={fields}")
    assert found["values"]["town"][0]["recordValues"] == {}
    assert_problem(server.ask("POST", shop.path, {"values": {"town": link}}), 400, "invalid_value", "town")
    server.api("DELETE", f"/catalogs/{shop.clients}/records/{client}")


def test_a_record_with_a_removed_link_can_still_be_saved(server: LiveServer, shop: Shop) -> None:
    town = shop.add(shop.towns, {"name": "Gone"})
    client = shop.add(shop.clients, {"name": "Linked", "town": [{"catalogId": shop.towns, "recordId": town}]})
    server.api("DELETE", f"/catalogs/{shop.towns}/records/{town}")
    server.api("PATCH", f"/catalogs/{shop.clients}/records/{client}", {"values": {"name": "Changed"}})
    assert server.api("GET", f"/catalogs/{shop.clients}/records/{client}")["values"]["name"] == "Changed"
    server.api("DELETE", f"/catalogs/{shop.clients}/records/{client}")


@pytest.mark.parametrize("values", [[], "x", 5, True, [["name", "x"]]])
def test_values_that_are_no_object(server: LiveServer, shop: Shop, values: object) -> None:
    before = shop.find()
    assert_problem(server.ask("POST", shop.path, {"values": values}), 400, "invalid_value")
    assert_problem(server.ask("PATCH", f"{shop.path}/{shop.ids[0]}", {"values": values}), 400, "invalid_value")
    assert shop.find() == before


def test_every_wrong_value_is_named_at_once(server: LiveServer, shop: Shop) -> None:
    before = shop.find()
    values = {"name": {}, "number": "x", "nothing": 1, "": 1, SQL: "x", "town": "x", "day": "ok", "a\x00": 1}
    problem = assert_problem(server.ask("POST", shop.path, {"values": values}), 400, "invalid_value")
    assert {error["field"] for error in problem["errors"]} == set(values)
    assert shop.find() == before


@pytest.mark.parametrize(
    "record", ["0", "-1", "999999", "9" * 18, "9" * 40, "x", "1.0", "1%27%20or%201=1", "%00", "٣", "%D9%A3"]
)
def test_an_unknown_record(server: LiveServer, shop: Shop, record: str) -> None:
    path = f"{shop.path}/{quote(record, safe='%')}"
    for method, body in (("GET", None), ("PATCH", {"values": {"name": "x"}}), ("DELETE", None)):
        assert_problem(server.ask(method, path, body), 404, "not_found")


@pytest.mark.parametrize("query", ["x=%FF", "searchText=%C0%AF", "filters=%ED%A0%80", "%FF=1"])
def test_a_query_that_is_no_utf8(server: LiveServer, shop: Shop, query: str) -> None:
    assert_problem(server.ask("GET", f"{shop.path}?{query}"), 400, "bad_request")


def test_queries_past_their_limits(server: LiveServer, shop: Shop) -> None:
    deep = "filters" + "[a]" * 101 + "=1"
    assert_problem(server.ask("GET", f"{shop.path}?{deep}"), 413, "too_large")


@pytest.mark.parametrize("number", ["9" * 4301, "1" + "0" * 400, "-" + "9" * 5000, "٣", "1_0", "0x1", "1e1"])
def test_numbers_that_no_parameter_takes(server: LiveServer, shop: Shop, number: str) -> None:
    for name in ("limit", "offset", "sortType", "timezoneOffset"):
        assert_problem(server.ask("GET", f"{shop.path}?{name}={quote(number)}"), 400, "invalid_filter")
    assert server.ask("GET", f"{shop.path}?a[{quote(number)}]=1").status == 200
    assert server.api("GET", f"/catalogs/{shop.clients}/records?id={quote(number)}") == []


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"fieldId":', '{"$or":['])
@pytest.mark.parametrize("levels", [120, 200, 950, 960, 1_100])
def test_json_nested_without_end(server: LiveServer, shop: Shop, opening: str, levels: int) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(one, "") for one in reversed(opening))
    nested = quote(opening * levels + "1" + closing * levels)
    for name in ("filters", "fields", "filters[name]", "filters[0][value]", "fields[0]"):
        assert_problem(server.ask("GET", f"{shop.path}?{name}={nested}"), 400, "invalid_filter")


@pytest.mark.parametrize(
    "query",
    [
        *(
            'filters={"name":"\\u0000"}',
            "filters[name]=%00",
            "filters[name]=a%00",
            "searchText=%00",
            "searchText=a%00b",
        ),
        *(
            "filters[phone]=%00",
            'filters=[{"fieldId":"name","value":"\\ud83d"}]',
            "filters[town]=%00",
            "filters[day]=%00",
        ),
        *("filters[number]=%00", "sortField=%00", "fields=%00", "filters[%00]=x"),
    ],
)
def test_what_cannot_be_stored_is_not_looked_for(server: LiveServer, shop: Shop, query: str) -> None:
    assert_problem(server.ask("GET", f"{shop.path}?{quote(query, safe='%=[]')}"), 400, "invalid_filter")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filters[name]=anna", ["Anna"]),
        ("filters[number][at]=2&filters[number][to]=2", ["Bella"]),
        ("filters[0][fieldId]=name&filters[0][value]=anna", ["Anna"]),
        ("filters[1][fieldId]=name&filters[1][value]=anna&filters[40][fieldId]=number&filters[40][value]=1", ["Anna"]),
        ('filters[number]={"at":2,"to":2}', ["Bella"]),
    ],
)
def test_brackets_in_filters(shop: Shop, query: str, found: list[str]) -> None:
    path = f"/catalogs/{shop.clients}/records?{quote(query, safe='%=[]&')}"
    assert [record["values"]["name"] for record in shop.server.api("GET", path)] == found


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n "])
@pytest.mark.parametrize(
    ("charset", "content_type"),
    [
        *(("utf-8", "application/json"), ("utf-8", ""), ("utf-8", "application/x-www-form-urlencoded")),
        *(("utf-8", "text/json; charset=klingon"), ("utf-8", "application/json; charset=iso-8859-1")),
        *(("utf-8", "a/b+json, text/plain"), ("utf-8", ";;;"), ("cp1251", "Application/JSON;CHARSET=Windows-1251")),
    ],
)
def test_json_of_any_client(server: LiveServer, shop: Shop, before: bytes, charset: str, content_type: str) -> None:
    if before.startswith(b"\xef") and charset != "utf-8":
        return
    body = before + '{"values": {"name": "Ёлка"}}'.encode(charset)
    made = server.ask("POST", shop.path, body, headers={"Content-Type": content_type})
    assert made.status == 200, made.body
    record = f"{shop.path}/{made.json['id']}"
    assert server.ask("GET", record).json["values"]["name"] == "Ёлка"
    assert server.ask("DELETE", record).status == 200


@pytest.mark.parametrize("body", [b"\r\n", b" \t", b"\xef\xbb\xbf"])
def test_blanks_are_no_body(server: LiveServer, shop: Shop, body: bytes) -> None:
    record = f"{shop.path}/{shop.ids[0]}"
    for method, path in (("POST", shop.path), ("PATCH", record), ("POST", "/api/v1/sections")):
        blank, none = (
            server.ask(method, path, sent, headers={"Content-Type": "application/json"}) for sent in (body, b"")
        )
        assert (blank.status, blank.body) == (400, none.body)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=X", "text/xml"])
def test_a_record_that_is_no_json(server: LiveServer, shop: Shop, kind: str) -> None:
    answer = server.ask("POST", shop.path, b"values[name]=x", headers={"Content-Type": kind})
    assert "application/json" in assert_problem(answer, 400, "bad_request")["detail"]


@pytest.mark.parametrize(
    "number", ["12345678901234567.89", "123456789123456.12345", "0.1234567890123456789", "9007199254740993", "1.10"]
)
def test_numbers_are_stored_as_they_were_written(server: LiveServer, shop: Shop, number: str) -> None:
    body = f'{{"values": {{"number": {number}, "name": {number}}}}}'.encode()
    made = server.ask("POST", shop.path, gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert made.status == 200, made.body
    record = f"{shop.path}/{made.json['id']}"
    answer = server.ask("GET", record).body.decode()
    assert re.search(rf'"number": ?{re.escape(number.rstrip("0"))}\b', answer), answer
    assert f'"{number}"' in answer
    assert server.ask("DELETE", record).status == 200


def test_many_records_in_pages(server: LiveServer, shop: Shop) -> None:
    section = server.api("POST", "/sections", {"name": "Many"})["id"]
    catalog = shop.make({"name": "Many", "sectionId": section, "fields": [{"id": "n", "name": "n", "type": "number"}]})
    made = [shop.add(catalog, {"n": number}) for number in range(120)]
    path = f"/catalogs/{catalog}/records"
    assert [record["id"] for record in server.api("GET", path)] == made[:19:-1]  # a hundred, if nothing is said
    seen: list[str] = []
    for offset in range(0, 120, 50):
        seen += [record["id"] for record in server.api("GET", f"{path}?limit=50&offset={offset}&sortField=id")]
    assert seen == made


def test_nothing_that_was_sent_became_sql(server: LiveServer, shop: Shop) -> None:
    client = shop.add(shop.clients, {"name": SQL, "phone": [{"contact": SQL, "comment": SQL}]})
    read = server.api("GET", f"/catalogs/{shop.clients}/records/{client}")
    assert (read["title"], read["values"]["name"]) == (SQL, SQL)
    assert shop.find(f"searchText={quote(SQL)}")[0]["id"] == client
    for name in ("id", "sortField", "fields", "searchText", "limit", "timezoneOffset"):
        assert server.ask("GET", f"{shop.path}?{name}={quote(SQL)}").status in (200, 400)
    server.api("DELETE", f"/catalogs/{shop.clients}/records/{client}")
    assert server.api("GET", "/catalogs")
