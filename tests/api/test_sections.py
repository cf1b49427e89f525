"""Sections by the API."""

import pytest

from live_server import LiveServer
from problems import assert_problem

PATH = "/api/v1/sections"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_section_lives(server: LiveServer, slash: str) -> None:
    made = server.ask("POST", PATH + slash, {"name": "Sales «x»", "icon": "users-10"})
    assert (made.status, set(made.json)) == (200, {"id"})
    section = made.json["id"]
    assert isinstance(section, str)
    shown = {"id": section, "name": "Sales «x»", "icon": "users-10"}
    assert server.ask("GET", f"{PATH}/{section}{slash}").json == {**shown, "privilegeCode": "admin"}
    assert shown in server.ask("GET", PATH + slash).json

    assert server.ask("PATCH", f"{PATH}/{section}{slash}", {"name": "Sales"}).status == 200
    assert server.ask("GET", f"{PATH}/{section}").json == {**shown, "name": "Sales", "privilegeCode": "admin"}

    assert server.ask("DELETE", f"{PATH}/{section}{slash}").status == 200
    assert_problem(server.ask("GET", f"{PATH}/{section}"), 404, "not_found")
    assert_problem(server.ask("DELETE", f"{PATH}/{section}"), 404, "not_found")
    assert_problem(server.ask("PATCH", f"{PATH}/{section}", {"name": "x"}), 404, "not_found")


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
    (management,) = [found for found in server.api("GET", "/sections") if found["name"] == "Management"]
    assert {found["sectionId"] for found in server.api("GET", "/catalogs") if found["id"].startswith("$")} == {
        management["id"]
    }
    assert_problem(server.ask("DELETE", f"{PATH}/{management['id']}"), 403, "forbidden")
    assert server.api("GET", f"/sections/{management['id']}")["name"] == "Management"


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
