"""Clients written for older versions: catalogs and fields of the system by number, the section of management by its id."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from live_server import LiveServer
from problems import assert_problem
from scenario_files import ScenarioFile, as_file

SYSTEM = {"3": "$users", "6": "$scripts", "10": "$webRequests"}


def numbers(server: LiveServer, catalog: str) -> dict[str, str]:
    """The numbers of a system catalog's fields by their names, as the structure tells them."""
    fields = server.api("GET", f"/catalogs/{catalog}")["fields"]
    return {field["prevId"]: field["id"] for field in fields if field.get("isDuplicated")} | {
        field["id"]: field["prevId"] for field in fields if not field.get("isDuplicated") and "prevId" in field
    }


@pytest.mark.parametrize(("number", "own"), SYSTEM.items())
def test_the_structure_has_both_ids(server: LiveServer, number: str, own: str) -> None:
    described = server.api("GET", f"/catalogs/{number}")
    assert (described["id"], described["prevId"], described["sectionId"]) == (own, number, "$settings")
    ids = [field["id"] for field in described["fields"]]
    assert "$name" in ids
    assert any(one.isdecimal() for one in ids)
    plain = [field["id"] for field in server.api("GET", f"/catalogs/{number}?skipPrevId=true")["fields"]]
    assert plain == [one for one in ids if not one.isdecimal()]


def test_the_section_of_management(server: LiveServer) -> None:
    section = server.api("GET", "/sections/$settings")
    assert (section["id"], section) == ("$settings", server.api("GET", f"/sections/{section['prevId']}"))
    assert "$settings" in [one["id"] for one in server.api("GET", "/sections")]
    for query in ("sectionId=$settings", f"sectionId={section['prevId']}", "sectionId=%24settings"):
        assert {one["id"] for one in server.api("GET", f"/catalogs?{query}")} >= set(SYSTEM.values())


def test_records_by_numbers(server: LiveServer) -> None:
    users, scripts, requests = (numbers(server, catalog) for catalog in SYSTEM)
    made = server.api(
        "POST", "/catalogs/3/records", {"values": {users["$name"]: "Пётр", users["$email"]: "p@example.com"}}
    )
    read = server.api("GET", f"/catalogs/3/records/{made['id']}")
    assert read == server.api("GET", f"/catalogs/$users/records/{made['id']}")
    assert read["values"][users["$name"]] == read["values"]["$name"] == read["title"] == "Пётр"

    file = as_file(ScenarioFile().start("set").set("set", _body="'old'").flow("set", "end").end().xml)
    script = server.api("POST", "/catalogs/6/records", {"values": {scripts["$name"]: "Old", scripts["$file"]: file}})[
        "id"
    ]
    values = {
        requests["$name"]: "Old",
        requests["$status"]: ["$on"],
        requests["$urlId"]: "old-client",
        requests["$script"]: [{"catalogId": "6", "recordId": script}],
    }
    listener = server.api("POST", "/catalogs/10/records", {"values": values})["id"]
    assert server.ask("GET", "/api/webrequest/old-client", auth=None).body == b"old"
    (link,) = server.api("GET", f"/catalogs/10/records/{listener}")["values"][requests["$script"]]
    assert (link["catalogId"], link["recordId"], link["recordTitle"]) == ("$scripts", script, "Old")

    server.api("PATCH", f"/catalogs/10/records/{listener}", {"values": {requests["$status"]: ["$off"]}})
    assert server.ask("GET", "/api/webrequest/old-client", auth=None).status == 404
    both = {requests["$status"]: ["$on"], "$status": ["$on"]}
    server.api("PATCH", f"/catalogs/10/records/{listener}", {"values": both})
    assert server.ask("GET", "/api/webrequest/old-client", auth=None).status == 200


@pytest.mark.parametrize("key", ["number", "own"])
def test_questions_by_numbers(server: LiveServer, key: str) -> None:
    users = numbers(server, "3")
    name, email = ((users[one] if key == "number" else one) for one in ("$name", "$email"))
    filters: list[dict[str, Any]] = [{"fieldId": name, "value": "Пётр"}]
    if not server.api("GET", "/catalogs/3/records?" + urlencode({"filters": json.dumps(filters)})):
        server.api("POST", "/catalogs/3/records", {"values": {name: "Пётр", email: f"{key}@example.com"}})
    for catalog in ("3", "$users"):
        asked = {"filters": json.dumps(filters), "fields": json.dumps([name]), "sortField": email}
        found = server.api("GET", f"/catalogs/{catalog}/records?{urlencode(asked)}")
        assert {one["title"] for one in found} == {"Пётр"}
        assert "Пётр" in found[0]["values"].values()
        assert found[0]["values"][name] == "Пётр"


def test_numbers_that_are_no_fields(server: LiveServer) -> None:
    assert_problem(
        server.ask("POST", "/api/v1/catalogs/3/records", {"values": {"999": "x"}}), 400, "invalid_value", "999"
    )
    assert_problem(server.ask("GET", "/api/v1/catalogs/3/records?filters[999]=x"), 400, "invalid_filter")
    assert_problem(server.ask("GET", "/api/v1/catalogs/30"), 404, "not_found")
    assert_problem(server.ask("GET", "/api/v1/sections/$nothing"), 404, "not_found")
