"""Every route of the API as its OpenAPI document lists it: described, closed to strangers, one shape of failures."""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from employees import add_employee
from live_server import LiveServer
from problems import assert_problem

EMPLOYEE = ("ivan@example.com", "employee's own")
OPEN = {
    ("post", "/auth/login"),
    ("post", "/auth/logout"),
    *(("get", f"/health{rest}") for rest in ("", "/live", "/ready")),
}
"""What a stranger may call."""
OWN = {("get", "/api/v1/profile/me"), ("get", "/api/v1/sections"), ("get", "/api/v1/catalogs")}
"""What an employee without rights may call; lists are empty."""
NOT_JSON = (b"{", b'{"values": }', b"[1, 2", b"\xff\xfe", b'{"a": "\xff"}', b"NaN", b"'x'", b'{"a": 1e999}', b"{}{}")
NO_OBJECTS = (b"[]", b'"text"', b"5", b"null", b"true")
DEEP = b'{"a":' * 200 + b"1" + b"}" * 200


@pytest.fixture(scope="module")
def document(server: LiveServer) -> dict[str, Any]:
    answer = server.ask("GET", "/openapi.json", auth=None)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return dict(answer.json)


@pytest.fixture(scope="module")
def routes(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path.rstrip("/") or "/", operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


@pytest.fixture(scope="module")
def employee(server: LiveServer) -> tuple[str, str]:
    add_employee(server, *EMPLOYEE)
    return EMPLOYEE


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", "1", path)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_the_document_describes_every_route(routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    assert {(method, path) for method, path, _ in routes} >= OPEN | OWN
    assert len(routes) > 20
    for method, path, operation in routes:
        assert operation["summary"], path
        assert operation["tags"], path
        named = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))
        problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/Problem"}
        takes_questions = path.startswith("/api/v1/")
        asked = {item["name"] for item in operation["parameters"] if item["in"] == "query"}
        assert ("timezoneOffset" in asked) == takes_questions
        assert (operation.get("security") == []) == ((method, path) in OPEN)
        if method in ("post", "patch", "put") and path != "/auth/logout":
            assert "requestBody" in operation, path
    ids = [operation["operationId"] for _, _, operation in routes]
    assert len(set(ids)) == len(ids)


def test_a_stranger_is_refused_everywhere(server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    for method, path, _ in routes:
        if (method, path) in OPEN:
            continue
        for slash in ("", "/"):
            for body in (None, b"{"):
                answer = server.ask(method.upper(), _filled(path) + slash, body, auth=None)
                assert_problem(answer, 401, "not_authenticated")


def test_a_false_cookie_or_password_opens_nothing(server: LiveServer) -> None:
    for headers in (
        {"Cookie": "connect.sid=x"},
        {"Cookie": "connect.sid="},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic YWRtaW4="},
        {"Authorization": "Basic \xff"},
        {"Authorization": "Basic AAA6AAA="},
        {"Authorization": "Bearer x"},
    ):
        for path in ("/api/v1/profile/me", "/api/v1/catalogs"):
            assert_problem(server.ask("GET", path, auth=None, headers=headers), 401, "not_authenticated")


def test_an_employee_without_rights_sees_nothing(
    server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]], employee: tuple[str, str]
) -> None:
    before = server.api("GET", "/catalogs")
    for method, path, operation in routes:
        body = b'{"values": {}}' if "requestBody" in operation else None
        for filled in (_filled(path), path.replace("{catalog_id}", "$users").replace("{", "").replace("}", "")):
            answer = server.ask(method.upper(), filled, body, auth=employee)
            if (method, path) in OWN:
                assert answer.status == 200
                assert path.endswith("me") or answer.json == []
            elif (method, path) not in OPEN:
                assert answer.status in (403, 404), (method, path, answer.status, answer.body)
                assert_problem(answer, answer.status, {403: "forbidden", 404: "not_found"}[answer.status])
    assert server.api("GET", "/catalogs") == before
    assert server.ask("GET", "/api/v1/profile/me", auth=employee).json["email"] == employee[0]


def test_a_body_that_is_no_json_is_refused(server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    before = _everything(server)
    json_type = {"Content-Type": "application/json"}
    for method, path, operation in routes:
        if "requestBody" not in operation:
            continue
        auth = None if (method, path) in OPEN else ("admin@obmen.local", "correct horse")
        for body in NOT_JSON:
            answer = server.ask(method.upper(), _filled(path), body, headers=json_type, auth=auth)
            assert_problem(answer, 400, "bad_request")
        for body in NO_OBJECTS:
            answer = server.ask(method.upper(), _filled(path), body, headers=json_type, auth=auth)
            assert_problem(answer, 400, "bad_request")
        deep = assert_problem(
            server.ask(method.upper(), _filled(path), DEEP, headers=json_type, auth=auth), 413, "too_large"
        )
        assert "limits.depth" in deep["detail"]
    assert _everything(server) == before


def _everything(server: LiveServer) -> list[Any]:
    return [server.api("GET", path) for path in ("/sections", "/catalogs", "/catalogs/$users/records", "/catalogs/1")]


def test_a_body_past_the_limit_is_refused(server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    body = b'{"values": {"$name": "' + b"x" * 20_000_000 + b'"}}'
    for method, path, operation in routes:
        if "requestBody" not in operation:
            continue
        auth = None if (method, path) in OPEN else ("admin@obmen.local", "correct horse")
        answer = server.ask(
            method.upper(), _filled(path), body, headers={"Content-Type": "application/json"}, auth=auth
        )
        problem = assert_problem(answer, 413, "too_large")
        if path != "/auth/login":  # nobody is signed in there yet: less is taken
            assert "limits.body_bytes" in problem["detail"]
            assert "16777216" in problem["detail"]


def test_a_body_that_is_missing_is_refused(server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    before = _everything(server)
    for method, path, operation in routes:
        if "requestBody" in operation and path != "/auth/login":
            for body in (None, b"", b"\r\n ", b"{}"):
                answer = server.ask(method.upper(), _filled(path), body, headers={"Content-Type": "application/json"})
                assert answer.status in (400, 403, 404) or (body == b"{}" and method == "patch"), (method, path, body)
                if body != b"{}":
                    assert_problem(answer, 400, "bad_request")
    assert _everything(server) == before


def test_a_question_that_is_not_understood_is_refused(
    server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, operation in routes:
        if path.startswith("/api/v1/"):
            for query in ("timezoneOffset=901", "timezoneOffset=x", "timezoneOffset=-901&timezoneoffset=1"):
                body = b"{}" if "requestBody" in operation else None
                answer = server.ask(method.upper(), f"{_filled(path)}?{query}", body)
                assert_problem(answer, 400, "invalid_filter")


def test_every_code_is_explained(server: LiveServer) -> None:
    page = server.ask("GET", "/docs/errors", auth=None).body.decode()
    codes = re.findall(r'<tr id="(\w+)">', page)
    assert len(set(codes)) == len(codes) > 15
    for code in ("bad_request", "invalid_value", "not_found", "too_large", "process_failed", "unexpected"):
        assert code in codes


def test_unknown_paths_and_methods(server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    for path in (
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v2/catalogs",
        "/api/v1/catalogs/1/nothing",
        "/docs/x",
        "/assets/x",
    ):
        assert server.ask("GET", path).status == 404, path
        assert_problem(server.ask("GET", path), 404, "not_found")
    known: dict[str, set[str]] = {}
    for method, path, _ in routes:
        known.setdefault(path, set()).add(method)
    for path, methods in known.items():
        for method in {"get", "post", "patch", "delete", "put", "propfind"} - methods - EXPECTED.get(path, set()):
            answer = server.ask(method.upper(), _filled(path))
            assert_problem(answer, 405, "method_not_allowed")
            assert set(answer.headers["Allow"].split(", ")) == _allowed(path, methods)


EXPECTED = {"/api/v1/files/{file_id}": {"patch"}}
"""Methods that are documented and answer 501."""


def _allowed(path: str, methods: set[str]) -> set[str]:
    more = {"OPTIONS", *({"HEAD"} if "get" in methods else ())}
    return {method.upper() for method in methods | EXPECTED.get(path, set())} | more


def test_options_lists_what_is_allowed(server: LiveServer, routes: list[tuple[str, str, dict[str, Any]]]) -> None:
    known: dict[str, set[str]] = {}
    for method, path, _ in routes:
        known.setdefault(path, set()).add(method)
    for path, methods in known.items():
        for slash in ("", "/"):
            for auth in (None, ("admin@obmen.local", "correct horse")):
                answer = server.ask("OPTIONS", _filled(path) + slash, auth=auth)
                assert (answer.status, answer.body) == (204, b"")
                assert set(answer.headers["Allow"].split(", ")) == _allowed(path, methods)
    for path in ("/", "/docs", "/openapi.json", "/docs/errors"):
        assert server.ask("OPTIONS", path, auth=None).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert_problem(server.ask("OPTIONS", "/api/v1/nothing"), 404, "not_found")


READABLE = (
    *(
        "/",
        "/docs",
        "/docs/",
        "/docs/errors",
        "/openapi.json",
        "/health",
        "/health/live",
        "/health/ready",
        "/assets/explorer.js",
    ),
    *("/api/v1/sections", "/api/v1/catalogs/", "/api/v1/catalogs/$users", "/api/v1/catalogs/3/records"),
    *("/api/v1/catalogs/3/records/1", "/api/v1/profile/me", "/api/v1/catalogs/999", "/nothing", "/api/v1/users"),
    *("/api/v1/files/999", "/files/1.2.3"),
)


@pytest.mark.parametrize("path", READABLE)
@pytest.mark.parametrize("auth", [None, ("admin@obmen.local", "correct horse")])
def test_head_is_get_without_the_body(server: LiveServer, path: str, auth: tuple[str, str] | None) -> None:
    got, head = (server.ask(method, path, auth=auth) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (got.status, b"")
    for name in ("Content-Type", "Content-Length", "Cache-Control", "Content-Security-Policy"):
        assert head.headers[name] == got.headers[name], name


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", f"/api/v1/{name}") for name in ("users", "contacts", "rights", "boards", "boards/1", "histories")),
        *(("GET", f"/api/v1/{name}") for name in ("company", "companies", "license", "boards/1/widgets/2/values")),
        *(("GET", f"/api/v1/catalogs/3/{name}") for name in ("views", "views/1", "values", "values/1", "totals")),
        *(("GET", f"/api/v1/catalogs/3/records/1/{name}") for name in ("relations", "messages")),
        ("GET", "/api/v1/catalogs/3/fields/1/availableRecords"),
        ("GET", "/api/v1/catalogs/3/fields/1/availableFilterRecords"),
        *(("POST", f"/api/v1/{name}") for name in ("files", "files/", "rights", "changes", "boards")),
        *(("POST", f"/api/v1/{name}") for name in ("catalogs/3/views", "catalogs/3/records/1/messages")),
        ("PATCH", "/api/v1/files/1"),
        ("PATCH", "/api/v1/catalogs/3/records/1/chatOptions/1"),
        ("DELETE", "/api/v1/catalogs/3/views/1"),
    ],
)
def test_what_is_documented_and_not_there_yet(
    server: LiveServer, method: str, path: str, employee: tuple[str, str]
) -> None:
    for slash in ("", "/"):
        assert_problem(server.ask(method, path.rstrip("/") + slash), 501, "not_implemented")
        assert_problem(server.ask(method, path.rstrip("/") + slash, auth=employee), 501, "not_implemented")
        assert_problem(server.ask(method, path.rstrip("/") + slash, auth=None), 401, "not_authenticated")
    answer = server.ask("PUT", path)
    assert_problem(answer, 405, "method_not_allowed")
    assert method in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    "path", ["/api/v1/catalogs", "/api/v1/catalogs/3/records", "/api/v1/nothing", "/api/v1/catalogs/999"]
)
def test_answers_are_not_cached(server: LiveServer, path: str) -> None:
    for auth in (None, ("admin@obmen.local", "correct horse")):
        assert server.ask("GET", path, auth=auth).headers["Cache-Control"] == "no-store"
    assert server.ask("POST", "/auth/login", {}, auth=None).headers["Cache-Control"] == "no-store"


def test_the_document_is_json_without_other_hosts(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert not re.search(r"https?://(?!www\.rfc-editor\.org)", text)
