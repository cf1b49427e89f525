"""Pages without other hosts, languages, health, and requests that are none."""

import contextlib
import re
import socket
from http.client import HTTPConnection
from typing import Any

import pytest

from live_server import LiveServer
from problems import assert_problem

PAGES = ("/", "/docs", "/docs/errors")
ASSETS = ("/assets/swagger-ui.css", "/assets/swagger-ui-bundle.js", "/assets/explorer.js")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_needs_no_other_host(server: LiveServer, path: str) -> None:
    answer = server.ask("GET", path, auth=None)
    html = answer.body.decode()
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert "{{" not in html
    for address in re.findall(r"""(?:src|href|action)\s*=\s*["']([^"']+)["']""", html):
        assert address.startswith("/")
        assert not address.startswith("//")
        assert server.ask("GET", address, auth=None).status == 200, address
    assert not re.search(r"https?://|@import|url\(", html)
    policy = _policy(answer.headers["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    for name, sources in policy.items():
        assert set(sources) <= {"'none'", "'self'", "'unsafe-inline'", "data:"}, name
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=", html)  # the policy would stop them


def _policy(header: str) -> dict[str, list[str]]:
    parts = [part.split() for part in header.split(";") if part.strip()]
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", ASSETS)
def test_an_asset(server: LiveServer, path: str) -> None:
    answer = server.ask("GET", path, auth=None)
    assert answer.status == 200
    assert answer.headers["Content-Type"].partition(";")[0] == (
        "text/css" if path.endswith("css") else "text/javascript"
    )
    assert len(answer.body) > 100


@pytest.mark.parametrize(
    "name",
    [
        *(
            "nothing.js",
            "..",
            "../settings.py",
            "%2e%2e%2fsettings.py",
            "..%2f..%2fsettings.py",
            "start.html",
            ".stamp",
        ),
        *("vendor%2f.stamp", "lodash.min.js%00", "%00", "%2fetc%2fpasswd", "/etc/passwd", "swagger-ui.css/"),
    ],
)
def test_no_other_file_is_given_out(server: LiveServer, name: str) -> None:
    answer = server.ask("GET", f"/assets/{name}", auth=None)
    assert answer.status in (404, 200 if name == "swagger-ui.css/" else 404)
    if answer.status == 404:
        assert_problem(answer, 404, "not_found")


def test_health(server: LiveServer) -> None:
    for path in ("/health/live", "/health/ready", "/health/ready/"):
        assert server.ask("GET", path, auth=None).json == {"status": "ok"}
    overview = server.ask("GET", "/health", auth=None).json
    assert {process["name"] for process in overview["processes"]} == {"http 1", "worker"}
    assert_problem(server.ask("POST", "/health/live", auth=None), 405, "method_not_allowed")
    assert_problem(server.ask("GET", "/health/other", auth=None), 404, "not_found")


@pytest.mark.parametrize(
    ("header", "is_russian"),
    [
        ("ru", True),
        ("ru-RU,ru;q=0.9,en-US;q=0.8", True),
        ("de,ru", True),
        ("en", False),
        ("", False),
        ("xx" * 2_000, False),
    ],
)
def test_failures_and_pages_speak_the_callers_language(server: LiveServer, header: str, is_russian: bool) -> None:
    headers = {"Accept-Language": header}
    problems: list[dict[str, Any]] = [
        assert_problem(server.ask("GET", "/api/v1/catalogs/999", headers=headers), 404, "not_found"),
        assert_problem(server.ask("GET", "/nothing", headers=headers), 404, "not_found"),
        assert_problem(server.ask("GET", "/api/v1/catalogs", auth=None, headers=headers), 401, "not_authenticated"),
        assert_problem(server.ask("GET", "/api/webrequest/x", auth=None, headers=headers), 404, "not_found"),
    ]
    body = {"values": {"$name": 1, "$email": "x"}}
    wrong = server.ask("POST", "/api/v1/catalogs/$users/records", body, headers=headers)
    problems.append(assert_problem(wrong, 400, "invalid_value", "$email"))
    problems.append({"title": "", "detail": problems[-1]["errors"][0]["message"]})
    for problem in problems:
        assert bool(re.search("[А-я]", problem["title"] + problem["detail"])) == is_russian
    for path in PAGES[:1] + PAGES[2:]:
        page = server.ask("GET", path, auth=None, headers=headers).body.decode()
        assert bool(re.search("[А-я]", page)) == is_russian
        assert f'<html lang="{"ru" if is_russian else "en"}">' in page


def _raw(server: LiveServer, request: bytes) -> bytes:
    """What comes back for these very bytes, until the server hangs up or says no more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        with contextlib.suppress(OSError):  # it has hung up already
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
        return received


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x00: 1\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"",
    ],
)
def test_bytes_that_are_no_request_do_no_harm(server: LiveServer, request_bytes: bytes) -> None:
    received = _raw(server, request_bytes)
    assert received == b"" or re.match(rb"HTTP/1\.[01] 4\d\d ", received), received[:200]
    assert server.ask("GET", "/health/ready", auth=None).status == 200


def test_a_body_that_ends_too_early_saves_nothing(server: LiveServer) -> None:
    before = server.api("GET", "/sections")
    basic = b"Authorization: Basic YWRtaW5Ab2JtZW4ubG9jYWw6Y29ycmVjdCBob3JzZQ==\r\n"
    head = b"POST /api/v1/sections HTTP/1.1\r\nHost: x\r\n" + basic + b"Content-Type: application/json\r\n"
    received = _raw(server, head + b'Content-Length: 100\r\n\r\n{"name": "cut"}')
    assert b" 200 " not in received.partition(b"\r\n")[0]
    assert server.api("GET", "/sections") == before


def test_a_body_in_pieces(server: LiveServer) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    basic = {"Authorization": "Basic YWRtaW5Ab2JtZW4ubG9jYWw6Y29ycmVjdCBob3JzZQ=="}
    pieces = iter([b'{"name', b'": "In pie', b'ces"}'])
    connection.request("POST", "/api/v1/sections", pieces, basic, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert "In pieces" in [section["name"] for section in server.api("GET", "/sections")]


def test_a_long_address(server: LiveServer) -> None:
    assert_problem(server.ask("GET", "/api/v1/catalogs/" + "a" * 8_000), 404, "not_found")


def test_a_wrong_content_type_is_read_as_json_all_the_same(server: LiveServer) -> None:
    for content_type in (
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "nonsense",
        "application/json; charset=x",
    ):
        answer = server.ask("POST", "/api/v1/sections", b'{"name": "Typed"}', headers={"Content-Type": content_type})
        assert answer.status == 200, (content_type, answer.body)


def test_repeated_keys_and_large_numbers_are_json(server: LiveServer) -> None:
    section = server.api("POST", "/sections", b'{"name": "first", "name": "last"}')["id"]
    assert server.api("GET", f"/sections/{section}")["name"] == "last"
    answer = server.ask("POST", "/api/v1/sections", b'{"name": "x", "icon": 1' + b"0" * 5_000 + b"}")
    assert answer.status == 400
    assert len(answer.body) < 1_500
