"""Ids: numbers that the server hands out, own ids that can change, and the fixed ones of the system (docs/reference/ids.md)."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from live_server import LiveServer
from problems import assert_problem

CATALOGS, SECTIONS = "/api/v1/catalogs", "/api/v1/sections"
NUMBERS = {
    1: "$catalogs",
    2: "$sections",
    3: "$users",
    5: "$webhooks",
    6: "$scripts",
    8: "$processes",
    10: "$webRequests",
}
OWN = ("clients", "Clients", "cli-ents", "$clients", "_1", "1a", "a" * 64)
NO_IDS: tuple[object, ...] = ("a b", "a.b", "é", "a" * 65, "a/b", "x\n", "a\x00", ["a"], {"a": 1}, True, 1.5)


@pytest.fixture(scope="module")
def section(server: LiveServer) -> str:
    return str(server.api("POST", "/sections", {"name": "Ids"})["id"])


def make(server: LiveServer, section: str, *fields: dict[str, Any], **more: Any) -> str:
    sent = {"name": "Made", "sectionId": section, "fields": list(fields), **more}
    return str(server.api("POST", "/catalogs", sent)["id"])


def field_ids(server: LiveServer, catalog: str) -> list[str]:
    return [field["id"] for field in server.api("GET", f"/catalogs/{catalog}?skipPrevId=true")["fields"]]


def test_numbers_of_the_system_are_fixed(server: LiveServer) -> None:
    for number, text_id in NUMBERS.items():
        described = server.api("GET", f"/catalogs/{number}")
        assert (described["id"], described["prevId"], described["sectionId"]) == (text_id, str(number), "$settings")
        assert described == server.api("GET", f"/catalogs/{text_id}")
        records = server.api("GET", f"/catalogs/{number}/records?limit=1")
        assert records == server.api("GET", f"/catalogs/{text_id}/records?limit=1")
        assert all(record["catalogId"] == text_id for record in records)


def test_icons_of_the_system(server: LiveServer) -> None:
    icons = {"$users": "users-1", "$scripts": "content-34", "$catalogs": "content-8"}
    assert {key: server.api("GET", f"/catalogs/{key}")["icon"] for key in icons} == icons


def test_numbers_of_users_begin_at_a_hundred(server: LiveServer, section: str) -> None:
    made = [int(make(server, section)) for _ in range(3)]
    assert made[0] >= 100
    assert made == list(range(made[0], made[0] + 3))
    server.api("DELETE", f"/catalogs/{made[-1]}")
    assert int(make(server, section)) == made[-1] + 1  # a number is never handed out twice
    assert int(section) >= 10


# own ids


@pytest.mark.parametrize("own", OWN)
def test_a_catalog_with_an_own_id(server: LiveServer, section: str, own: str) -> None:
    text = {"id": "name", "name": "Name", "type": "text"}
    assert make(server, section, text, id=own) == own
    described = server.api("GET", f"/catalogs/{quote(own)}")
    number = described["prevId"]
    assert (described["id"], number.isdecimal()) == (own, True)
    assert described == server.api("GET", f"/catalogs/{number}")
    record = server.api("POST", f"/catalogs/{own}/records", {"values": {"name": "Anna"}})["id"]
    read = server.api("GET", f"/catalogs/{number}/records/{record}")
    assert (read["catalogId"], read["title"]) == (own, "Anna")
    assert_problem(server.ask("POST", CATALOGS, {"id": own, "name": "x", "sectionId": section}), 409, "conflict")

    link = {"id": "link", "name": "Link", "type": "object", "config": {"catalogs": [{"id": own}]}}
    linking = make(server, section, link)
    target = server.api("GET", f"/catalogs/{linking}")["fields"][0]["config"]["catalogs"]
    assert [(one["id"], one["dbId"]) for one in target] == [(own, int(number))]
    for catalog in (own, number, int(number)):
        value = {"catalogId": catalog, "recordId": record}
        made = server.api("POST", f"/catalogs/{linking}/records", {"values": {"link": value}})["id"]
        (stored,) = server.api("GET", f"/catalogs/{linking}/records/{made}")["values"]["link"]
        assert (stored["catalogId"], stored["recordTitle"], stored["sectionId"]) == (own, "Anna", section)
        filters = quote(json.dumps({"link": [value]}))
        assert made in [found["id"] for found in server.api("GET", f"/catalogs/{linking}/records?filters={filters}")]

    renamed = f"{own[:50]}-new"
    server.api("PATCH", f"/catalogs/{quote(own)}", {"id": renamed, "prevId": own})
    assert_problem(server.ask("GET", f"{CATALOGS}/{quote(own)}"), 404, "not_found")
    assert server.api("GET", f"/catalogs/{renamed}/records/{record}")["title"] == "Anna"
    assert server.api("GET", f"/catalogs/{linking}/records")[0]["values"]["link"][0]["catalogId"] == renamed
    server.api("PATCH", f"/catalogs/{renamed}", {"id": number, "prevId": renamed})  # its number is its id again
    assert server.api("GET", f"/catalogs/{number}")["id"] == number
    assert make(server, section, id=own) == own  # free again
    server.api("DELETE", f"/catalogs/{quote(own)}")
    assert make(server, section, id=own) == own
    server.api("DELETE", f"/catalogs/{quote(own)}")


@pytest.mark.parametrize("own", OWN)
def test_a_section_with_an_own_id(server: LiveServer, own: str) -> None:
    assert server.api("POST", "/sections", {"id": own, "name": "Own"})["id"] == own
    described = server.api("GET", f"/sections/{quote(own)}")
    number = described["prevId"]
    assert (described["id"], server.api("GET", f"/sections/{number}")) == (own, described)
    for section in (own, number, int(number)):
        assert server.api("GET", f"/catalogs/{make(server, section)}")["sectionId"] == own
    assert len(server.api("GET", f"/catalogs?sectionId={own}")) == 3
    assert_problem(server.ask("POST", SECTIONS, {"id": own, "name": "x"}), 409, "conflict")
    renamed = f"{own[:50]}-new"
    server.api("PATCH", f"/sections/{number}", {"id": renamed})
    assert_problem(server.ask("GET", f"{SECTIONS}/{quote(own)}"), 404, "not_found")
    assert {found["sectionId"] for found in server.api("GET", f"/catalogs?sectionId={renamed}")} == {renamed}
    server.api("DELETE", f"/sections/{renamed}")


def test_an_own_id_is_one_catalogs_or_sections_alone(server: LiveServer, section: str) -> None:
    make(server, section, id="taken")
    other = make(server, section)
    assert_problem(server.ask("PATCH", f"{CATALOGS}/{other}", {"id": "taken"}), 409, "conflict")
    server.api("POST", "/sections", {"id": "taken", "name": "Sections have ids of their own"})
    third = server.api("POST", "/sections", {"name": "Third"})["id"]
    assert_problem(server.ask("PATCH", f"{SECTIONS}/{third}", {"id": "taken"}), 409, "conflict")


@pytest.mark.parametrize("own", [*NO_IDS, "$users", "$views", "$settings", "$system", "$requests"])
def test_what_is_no_own_id(server: LiveServer, section: str, own: object) -> None:
    catalog, before = make(server, section), server.api("GET", "/catalogs")
    sections = server.api("GET", "/sections")
    for method, path in (
        ("POST", CATALOGS),
        ("POST", SECTIONS),
        ("PATCH", f"{CATALOGS}/{catalog}"),
        ("PATCH", f"{SECTIONS}/{section}"),
    ):
        sent = {"id": own, "name": "Bad", "sectionId": section}
        assert_problem(server.ask(method, path, sent), 400, "invalid_catalog")
    assert (server.api("GET", "/catalogs"), server.api("GET", "/sections")) == (before, sections)


def test_the_system_keeps_its_ids(server: LiveServer) -> None:
    for key in NUMBERS.values():
        assert_problem(server.ask("PATCH", f"{CATALOGS}/{key}", {"id": "mine"}), 403, "forbidden")
        named = [
            field for field in server.api("GET", f"/catalogs/{key}?skipPrevId=true")["fields"] if field["isSystem"]
        ]
        changed = [{**field, "id": "mine"} if place == 0 else field for place, field in enumerate(named)]
        assert_problem(server.ask("PATCH", f"{CATALOGS}/{key}", {"fields": changed}), 400, "invalid_catalog")


# fields


@pytest.mark.parametrize("first", ["4", 4, "start"])
@pytest.mark.parametrize("new", ["age", "Age", "$age", "a-g_e"])
def test_a_renamed_field_keeps_its_data(server: LiveServer, section: str, first: str | int, new: str) -> None:
    """The spellings of a rename: by number, as text or number, and by the own id it had."""
    own = {"id": first} if first == "start" else {}
    fields = [{"name": name, "type": "text"} for name in "abc"]
    catalog = make(server, section, *fields, {"name": "Age", "type": "number", **own})
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {str(first): 33}})["id"]
    kept = server.api("GET", f"/catalogs/{catalog}")["fields"][:3]

    renamed = {"id": new, "prevId": first, "name": "Age", "type": "number"}
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [*kept, renamed]})

    (field,) = [one for one in server.api("GET", f"/catalogs/{catalog}")["fields"] if one["type"] == "number"]
    assert (field["id"], field["prevId"], field["duplicateResultWithPrevId"]) == (new, "4", False)
    path = f"/catalogs/{catalog}/records"
    assert server.api("GET", f"{path}/{record}")["values"] == {"1": "", "2": "", "3": "", new: 33}
    for name in (new, "4"):
        server.api("PATCH", f"{path}/{record}", {"values": {name: 34}})
        filters = quote(json.dumps({name: 34}))
        assert [one["values"][new] for one in server.api("GET", f"{path}?filters={filters}&sortField={name}")] == [34]
        assert server.api("GET", f"{path}/{record}?fields={quote(json.dumps([name]))}")["values"] == {new: 34}
        assert [one["id"] for one in server.api("GET", f"/catalogs/{catalog}?fields={name}")["fields"]] == [new]
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [*kept, {"id": "4", "prevId": new}]})
    assert server.api("GET", f"{path}/{record}")["values"]["4"] == 34
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [*kept, {"id": "4", "name": "Years"}]})
    assert server.api("GET", f"{path}/{record}")["values"]["4"] == 34


def test_two_fields_change_their_ids_with_each_other(server: LiveServer, section: str) -> None:
    catalog = make(server, section, {"id": "a", "name": "a", "type": "text"}, {"id": "b", "name": "b", "type": "text"})
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"a": "A", "b": "B"}})["id"]
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{"id": "b", "prevId": "a"}, {"id": "a", "prevId": "b"}]})
    assert server.api("GET", f"/catalogs/{catalog}/records/{record}")["values"] == {"b": "A", "a": "B"}
    twice = {"fields": [{"id": "c", "prevId": "a"}, {"id": "c", "prevId": "b"}]}
    assert_problem(server.ask("PATCH", f"{CATALOGS}/{catalog}", twice), 400, "invalid_catalog")
    same = {"fields": [{"id": "c", "prevId": "a"}, {"id": "d", "prevId": "a"}]}
    assert_problem(server.ask("PATCH", f"{CATALOGS}/{catalog}", same), 400, "invalid_catalog")
    assert field_ids(server, catalog) == ["b", "a"]


# twins: values of the system under both ids


def test_fields_of_the_system_are_listed_twice(server: LiveServer) -> None:
    fields = server.api("GET", "/catalogs/$scripts")["fields"]
    assert [(field["id"], field["prevId"], field.get("isDuplicated")) for field in fields] == [
        ("1", "1", True),
        ("$name", "1", None),
        ("2", "2", True),
        ("$description", "2", None),
        ("3", "3", True),
        ("$file", "3", None),
    ]
    for twin, field in zip(fields[::2], fields[1::2], strict=True):
        assert {**twin, "id": field["id"]} == {**field, "isDuplicated": True}
        assert (field["isSystem"], field["duplicateResultWithPrevId"]) == (True, True)
    for path in ("/catalogs/6?skipPrevId=true", "/catalogs/$scripts?skipPrevId=1"):
        assert [field["id"] for field in server.api("GET", path)["fields"]] == ["$name", "$description", "$file"]
    for listed in server.api("GET", "/catalogs?sectionId=$settings&skipPrevId=true"):
        assert all("isDuplicated" not in field for field in listed["fields"])
    some = server.api("GET", "/catalogs/$scripts?fields=1,$file")["fields"]
    assert [field["id"] for field in some] == ["1", "$name", "3", "$file"]


@pytest.mark.parametrize(("name", "email"), [("1", "2"), ("$name", "$email"), ("1", "$email")])
def test_values_of_the_system_under_both_ids(server: LiveServer, name: str, email: str) -> None:
    address = f"{name}{email}@example.com".replace("$", "")
    made = server.api("POST", "/catalogs/3/records", {"values": {name: "Anna", email: address}})["id"]
    record = server.api("GET", f"/catalogs/$users/records/{made}")
    values = record["values"]
    assert (record["catalogId"], record["title"]) == ("$users", "Anna")
    assert (values["1"], values["$name"], values["2"], values["$email"]) == ("Anna", "Anna", address, address)
    assert set(server.api("GET", f"/catalogs/3/records/{made}?skipPrevId=true")["values"]) == {
        "$name",
        "$email",
        "$role",
    }
    filters = quote(json.dumps({email: address}))
    path = f"/catalogs/3/records?filters={filters}&sortField={name}"
    assert [one["id"] for one in server.api("GET", path)] == [made]
    assert [set(one["values"]) for one in server.api("GET", f"{path}&skipPrevId=true&fields={name}")] == [{"$name"}]
    server.api("PATCH", f"/catalogs/3/records/{made}", {"values": values})  # as it was read
    assert server.api("GET", f"/catalogs/3/records/{made}") == record
    server.api("DELETE", f"/catalogs/3/records/{made}")


# records


@pytest.mark.parametrize("own", OWN)
def test_a_record_with_an_own_id(server: LiveServer, section: str, own: str) -> None:
    catalog = make(server, section, {"id": "name", "name": "Name", "type": "text"})
    path = f"/catalogs/{catalog}/records"
    assert server.api("POST", path, {"id": own, "values": {"name": "Anna"}})["id"] == own
    read = server.api("GET", f"{path}/{quote(own)}")
    number = read["prevId"]
    assert (read["id"], read["values"]) == (own, {"name": "Anna"})
    assert read == server.api("GET", f"{path}/{number}")
    assert [one["id"] for one in server.api("GET", f"{path}?id={own}&id=999")] == [own]
    assert_problem(server.ask("POST", f"/api/v1{path}", {"id": own, "values": {}}), 409, "conflict")

    link = {"id": "link", "name": "Link", "type": "object", "config": {"catalogs": [{"id": catalog}]}}
    linking = make(server, section, link)
    for record in (own, number, int(number)):
        value = {"catalogId": catalog, "recordId": record}
        made = server.api("POST", f"/catalogs/{linking}/records", {"values": {"link": [value]}})["id"]
        (stored,) = server.api("GET", f"/catalogs/{linking}/records/{made}")["values"]["link"]
        assert (stored["recordId"], stored["recordTitle"]) == (own, "Anna")

    server.api("PATCH", f"{path}/{quote(own)}", read)  # as it was read
    assert server.api("GET", f"{path}/{number}") == read
    server.api("PATCH", f"{path}/{quote(own)}", {"id": "renamed", "prevId": own, "values": {}})
    assert_problem(server.ask("GET", f"/api/v1{path}/{quote(own)}"), 404, "not_found")
    assert server.api("GET", f"{path}/renamed")["values"] == {"name": "Anna"}
    server.api("DELETE", f"{path}/renamed")
    assert_problem(server.ask("GET", f"/api/v1{path}/{number}"), 404, "not_found")


@pytest.mark.parametrize("own", [*NO_IDS, "5", 5])
def test_what_is_no_own_id_of_a_record(server: LiveServer, section: str, own: object) -> None:
    catalog = make(server, section, {"id": "name", "name": "Name", "type": "text"})
    path = f"{CATALOGS}/{catalog}/records"
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"name": "x"}})["id"]
    assert_problem(server.ask("POST", path, {"id": own, "values": {"name": "y"}}), 400, "bad_request")
    assert_problem(server.ask("PATCH", f"{path}/{record}", {"id": own, "values": {"name": "y"}}), 400, "bad_request")
    assert [one["values"] for one in server.api("GET", f"/catalogs/{catalog}/records")] == [{"name": "x"}]
