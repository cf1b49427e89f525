"""What an external request gets back beside the body: headers of the scenario, the process that tells of it, refusals for pages."""

import itertools

import pytest

from live_server import Answer, LiveServer
from problems import assert_problem
from scenario_files import ScenarioFile, listen

_numbers = itertools.count(1)


def answer_of(server: LiveServer, **variables: str) -> Answer:
    """Of a new listener whose scenario sets these variables and ends."""
    scenario = ScenarioFile().start("set").set("set", **variables).flow("set", "end").end()
    return server.ask("GET", listen(server, f"made-{next(_numbers)}", scenario.xml), auth=None)


@pytest.fixture(scope="module")
def echo(server: LiveServer) -> str:
    scenario = ScenarioFile().start("set").set("set", _body="({query, body})").flow("set", "end").end()
    return listen(server, "echo", scenario.xml)


def test_letters_of_any_language_in_headers(server: LiveServer) -> None:
    headers = "({'Location': '/файл?x=ё', 'Content-Disposition': 'attachment; filename=\"Счёт.pdf\"'})"
    answer = answer_of(server, _status="302", _headers=headers)
    assert answer.headers["Location"] == "/%D1%84%D0%B0%D0%B9%D0%BB?x=%D1%91"
    disposition = "attachment; filename=\"____.pdf\"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82.pdf"
    assert answer.headers["Content-Disposition"] == disposition


def test_a_scenario_cannot_set_the_session(server: LiveServer) -> None:
    answer = answer_of(server, _headers="({'set-cookie': ['connect.sid=x; Path=/', 'a=1', '=connect.sid=x']})")
    assert answer.headers.get_all("Set-Cookie") == ["a=1"]


@pytest.mark.parametrize(
    ("headers", "setting"),
    [
        ("_.fromPairs(_.range(30000).map(i => ['x' + i, 'a']))", "header_count"),
        ("({'Set-Cookie': _.range(30000).map(i => 'a=' + i)})", "header_count"),
        ("({'X-A': _.repeat('a', 9000)})", "header_bytes"),
        ("({'X-A': _.repeat('a', 2000000)})", "header_bytes"),
        ("_.fromPairs(_.range(40).map(i => ['x' + i, _.repeat('a', 1000)]))", "headers_bytes"),
    ],
)
def test_headers_past_a_limit_are_an_error_of_the_answer(server: LiveServer, headers: str, setting: str) -> None:
    problem = assert_problem(answer_of(server, _headers=headers), 500, "process_failed")
    assert f"limits.{setting}" in problem["detail"]
    assert server.ask("GET", "/health/ready", auth=None).status == 200


@pytest.mark.parametrize(
    ("variables", "status", "code"),
    [
        ({"_body": "'x'"}, 200, None),
        ({"_status": "'many'"}, 500, "process_failed"),
        ({"_body": "nothing.at.all"}, 500, "process_failed"),
        ({"_headers": "({'X-Process-Id': 'forged'})"}, 200, None),
    ],
)
def test_an_answer_leads_to_its_process(
    server: LiveServer, variables: dict[str, str], status: int, code: str | None
) -> None:
    answer = answer_of(server, **variables)
    assert answer.status == status
    (number,) = answer.headers.get_all("X-Process-Id", [])
    process = server.api("GET", f"/catalogs/$processes/records/{number}")["values"]
    assert process["$event"][0]["recordTitle"].startswith("made-")
    if code is not None:
        assert_problem(answer, status, code)


def test_an_asynchronous_answer_leads_to_its_process(server: LiveServer, echo: str) -> None:
    answer = server.ask("POST", f"{echo}?async=true", {"a": 1}, auth=None)
    process = server.api("GET", f"/catalogs/$processes/records/{answer.headers['X-Process-Id']}")
    assert process["values"]["$mode"] == ["$async"]
    assert "X-Process-Id" not in server.ask("POST", "/api/webrequest/nobody", auth=None).headers


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/webrequest/nobody", b"", 404),
        ("/api/webrequest/echo", b"{", 400),
        ("/api/webrequest/echo?a=%FF", b"", 400),
        ("/api/webrequest/echo", b"x" * 17_000_000, 413),
    ],
)
def test_a_page_can_read_why_it_was_refused(server: LiveServer, echo: str, path: str, body: bytes, status: int) -> None:
    headers = {"Origin": "https://site.example", "Content-Type": "application/json"}
    answer = server.ask("POST", path, body, auth=None, headers=headers)
    assert answer.status == status
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_can_read_that_its_process_failed(server: LiveServer) -> None:
    for variables in ({"_body": "nothing.at.all"}, {"_status": "5"}):
        answer = answer_of(server, **variables, _headers="({'Access-Control-Allow-Origin': 'https://site.example'})")
        assert (answer.status, answer.headers.get_all("Access-Control-Allow-Origin")) == (500, ["*"])


@pytest.mark.parametrize("path", ["echo", "/../webrequestecho", "%2Fecho", "-echo", ".echo"])
def test_an_address_that_only_begins_alike(server: LiveServer, echo: str, path: str) -> None:
    answer = server.ask("POST", f"/api/webrequest{path}", auth=None)
    assert_problem(answer, 404, "not_found")
