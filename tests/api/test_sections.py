"""Sections by the API."""

import pytest

from live_server import LiveServer
from problems import assert_problem

PATH = "/api/v1/sections"


PRIVILEGES = ["admin", "access", "delete", "export", "create", "edit", "view", "search", "available"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_section_lives(server: LiveServer, slash: str) -> None:
    made = server.ask("POST", PATH + slash, {"name": "Sales «x»", "icon": "users-10"})
    assert (made.status, set(made.json)) == (200, {"id"})
    section = made.json["id"]
    assert section.isdecimal()
    assert int(section) >= 10
    read = server.ask("GET", f"{PATH}/{section}{slash}").json
    assert read == {
        "id": section,
        "prevId": section,
        "icon": "users-10",
        "name": "Sales «x»",
        "privileges": PRIVILEGES,
        "privilegeCode": "admin",
        "priority": read["priority"],
    }
    assert read in server.ask("GET", PATH + slash).json

    assert server.ask("PATCH", f"{PATH}/{section}{slash}", {"name": "Sales"}).status == 200
    assert server.ask("GET", f"{PATH}/{section}").json == {**read, "name": "Sales"}

    assert server.ask("DELETE", f"{PATH}/{section}{slash}").status == 200
    assert_problem(server.ask("GET", f"{PATH}/{section}"), 404, "not_found")
    assert_problem(server.ask("DELETE", f"{PATH}/{section}"), 404, "not_found")
    assert_problem(server.ask("PATCH", f"{PATH}/{section}", {"name": "x"}), 404, "not_found")


def test_sections_stand_by_their_priority(server: LiveServer) -> None:
    made = [server.api("POST", "/sections", {"name": name})["id"] for name in "abc"]

    def listed() -> list[str]:
        return [section["id"] for section in server.api("GET", "/sections") if section["id"] in [*made, "$settings"]]

    assert listed() == [*made, "$settings"]  # the newest behind the others, that of the system at the end
    server.api("PATCH", f"/sections/{made[2]}", {"priority": -1})
    assert listed() == [made[2], made[0], made[1], "$settings"]
    server.api("PATCH", "/sections/$settings", {"priority": -2})
    assert listed() == ["$settings", made[2], made[0], made[1]]
    server.api("PATCH", "/sections/$settings", {"priority": 1_000})
    assert (
        server.api("POST", "/sections", {"name": "d", "priority": -5})["id"] == server.api("GET", "/sections")[0]["id"]
    )


@pytest.mark.parametrize("priority", ["1", 1.5, True, [1], 2**60, {"a": 1}])
def test_a_bad_priority(server: LiveServer, priority: object) -> None:
    before = server.api("GET", "/sections")
    sent = {"name": "x", "priority": priority}
    assert_problem(server.ask("POST", PATH, sent), 400, "invalid_catalog")
    assert_problem(server.ask("PATCH", f"{PATH}/{before[0]['id']}", sent), 400, "invalid_catalog")
    assert server.api("GET", "/sections") == before


def test_a_section_is_sent_back_as_it_was_read(server: LiveServer) -> None:
    server.api("POST", "/sections", {"id": "sent-back", "name": "Sent back", "icon": "content-3"})
    before = server.api("GET", "/sections")
    for section in before:
        server.api("PATCH", f"/sections/{section['id']}", section)
    assert server.api("GET", "/sections") == before


def test_catalogs_stand_in_the_order_asked_for(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Order"})["id"]
    made = [server.api("POST", "/catalogs", {"name": name, "sectionId": section})["id"] for name in "abc"]
    order = [made[2], made[0], made[1]]

    server.api("PATCH", f"/sections/{section}", {"catalogsPriorities": order})

    assert [catalog["id"] for catalog in server.api("GET", f"/catalogs?sectionId={section}")] == order
    server.api("PATCH", f"/sections/{section}", {"catalogsPriorities": order[:1]})
    assert [catalog["id"] for catalog in server.api("GET", f"/catalogs?sectionId={section}")] == [order[0], *made[:2]]


def test_a_section_goes_with_its_catalogs(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Short"})["id"]
    catalog = server.api("POST", "/catalogs", {"name": "Gone", "sectionId": section})["id"]
    server.api("DELETE", f"/sections/{section}")
    assert_problem(server.ask("GET", f"/api/v1/catalogs/{catalog}"), 404, "not_found")
    assert_problem(server.ask("GET", f"/api/v1/catalogs/{catalog}/records"), 404, "not_found")
    assert catalog not in [found["id"] for found in server.api("GET", "/catalogs")]


def test_the_section_of_the_system_stays(server: LiveServer) -> None:
    management = server.api("GET", "/sections/$settings")
    assert (management["id"], management["name"], management["icon"]) == ("$settings", "Management", "setting-7")
    system = [found for found in server.api("GET", "/catalogs") if found["id"].startswith("$")]
    assert {found["sectionId"] for found in system} == {"$settings"}
    assert [found["id"] for found in server.api("GET", "/catalogs?sectionId=$settings")] == [
        one["id"] for one in system
    ]
    assert_problem(server.ask("GET", f"{PATH}/1"), 404, "not_found")  # its number is not told
    assert_problem(server.ask("GET", "/api/v1/catalogs?sectionId=1"), 404, "not_found")
    assert_problem(server.ask("DELETE", f"{PATH}/$settings"), 403, "forbidden")
    assert_problem(server.ask("PATCH", f"{PATH}/$settings", {"id": "mine"}), 403, "forbidden")
    assert server.api("GET", "/sections/$settings") == management


def test_a_section_with_a_catalog_of_the_system_stays(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Borrowed"})["id"]
    server.api("PATCH", "/catalogs/$scripts", {"sectionId": section})
    assert_problem(server.ask("DELETE", f"{PATH}/{section}"), 403, "forbidden")
    server.api("PATCH", "/catalogs/6", {"sectionId": "$settings"})
    server.api("DELETE", f"/sections/{section}")
    assert server.api("GET", "/catalogs/$scripts")["sectionId"] == "$settings"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": None},
        {"name": 5},
        {"name": ["x"]},
        {"name": "x" * 1_001},
        {"name": "a\x00b"},
        {"name": "x", "icon": 5},
        {"name": "x", "icon": {"a": 1}},
        {"name": "x", "icon": "\x00"},
    ],
)
def test_a_bad_description_is_refused(server: LiveServer, sent: object) -> None:
    before = server.api("GET", "/sections")
    assert_problem(server.ask("POST", PATH, sent), 400, "invalid_catalog")
    assert server.api("GET", "/sections") == before


@pytest.mark.parametrize("order", ["5", {"0": "5"}, 5, [["1"]], [{}], ["$users", "999"]])
def test_a_bad_order_is_refused(server: LiveServer, order: object) -> None:
    section = server.api("POST", "/sections", {"name": "Order"})["id"]
    answer = server.ask("PATCH", f"{PATH}/{section}", {"name": "changed", "catalogsPriorities": order})
    assert answer.status in (400, 404)
    assert_problem(answer, answer.status, answer.json["code"])
    assert server.api("GET", f"/sections/{section}")["name"] == "Order"


@pytest.mark.parametrize(
    "section", ["0", "-1", "999999", "9" * 40, "x", "1'; drop table obmen.sections; --", "%00", "%F0%9F%98%80"]
)
def test_an_unknown_section(server: LiveServer, section: str) -> None:
    path = f"{PATH}/{section.replace(' ', '%20')}"
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert_problem(server.ask(method, path, body), 404, "not_found")
