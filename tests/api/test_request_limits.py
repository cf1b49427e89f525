"""What is refused before a handler reads it: headers and bodies past their limits, connections on which nothing comes."""

import gzip
import random
import socket
from collections.abc import Callable, Iterator

import pytest

from live_server import Answer, LiveServer, wait_until
from problems import assert_problem
from raw_http import answer_to, exchange
from scenario_files import ScenarioFile, listen

PATHS = (
    "/health/live",
    "/",
    "/api/v1/profile/me",
    "/auth/logout",
    "/api/webrequest/nobody",
    "/files/1.2.3",
    "/nothing",
)
EACH, ALL, COUNT = 8_192, 32_768, 80
NAMES = ("Cookie", "Accept-Language", "Authorization", "Content-Type", "Accept", "X-Forwarded-For", "Origin", "X-Own")
HOSTILE = ('a="' + '\\"' * 14_000 + '"', ";" * 28_000, ", " * 14_000, '"' * 28_000, "a=1; " * 5_600, "\\" * 28_000)
"""What parsers of headers read in quadratic time."""


def refused(answer: Answer, setting: str) -> None:
    problem = assert_problem(answer, 431, "headers_too_large")
    assert f"limits.{setting}" in problem["detail"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_one_large_header_is_refused_wherever_it_goes(server: LiveServer, path: str, name: str) -> None:
    for value in HOSTILE:
        for method in ("GET", "POST"):
            refused(answer_to(server, method, path.encode(), f"{name}: {value}".encode()), "header_bytes")


def test_the_limit_counts_name_and_value(server: LiveServer) -> None:
    for size, status in ((EACH - 5, 404), (EACH - 4, 431)):
        assert answer_to(server, "GET", b"/nothing", b"X-Own: " + b"a" * size).status == status


def test_many_headers_are_refused(server: LiveServer) -> None:
    for path in PATHS:
        refused(answer_to(server, "GET", path.encode(), *(b"X-%d: a" % i for i in range(COUNT - 1))), "header_count")
        refused(answer_to(server, "GET", path.encode(), *[b"X-Own: a"] * (COUNT - 1)), "header_count")
        refused(answer_to(server, "GET", path.encode(), *[b"X-Own: " + b"a" * 8_000] * 5), "headers_bytes")
    assert answer_to(server, "GET", b"/nothing", *[b"X-Own: a"] * (COUNT - 2)).status == 404


def test_what_the_server_has_no_room_for_is_refused_by_itself(server: LiveServer) -> None:
    for lines in ([b"Cookie: " + b"a" * 1_000_000], [b"X-%d: a" % i for i in range(3_000)], [b"X-Own: a"] * 3_000):
        assert answer_to(server, "GET", b"/nothing", *lines).status == 431
    assert answer_to(server, "GET", b"/" + b"a" * 66_000).status == 414
    assert answer_to(server, "GET", b"/health/live").status == 200


def test_the_refusal_can_be_read_by_the_page_that_asked(server: LiveServer) -> None:
    answer = answer_to(server, "POST", b"/api/webrequest/x", b"X-Own: " + b"a" * 9_000, b"Accept-Language: ru")
    refused(answer, "header_bytes")
    assert "Заголовки" in answer.json["detail"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""HTTP/2 begins so: with empty settings."""


def test_http_2_is_not_spoken_unless_it_is_asked_for(server: LiveServer, other: LiveServer) -> None:
    assert not exchange(server, PREFACE).startswith(b"\x00\x00")
    with socket.create_connection(("127.0.0.1", other.port), timeout=30) as connection:
        connection.sendall(PREFACE)
        assert connection.recv(9)[3] == 4  # settings in return


@pytest.fixture(scope="module")
def other(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with HTTP/2 and little room for bodies and headers."""
    settings = {"HTTP_HTTP2": "true", "LIMITS_BODY_BYTES": "200000", "LIMITS_BODIES_BYTES": "300000"}
    settings |= {"LIMITS_HEADER_COUNT": "16", "LIMITS_HEADER_BYTES": "1024", "LIMITS_HEADERS_BYTES": "4096"}
    environment = {f"OBMEN_{name}": value for name, value in settings.items()}
    with LiveServer(tmp_path_factory.mktemp("other") / "data", new_database(), **environment) as live:
        yield live


def test_the_limits_are_settings(other: LiveServer) -> None:
    refused(answer_to(other, "GET", b"/", b"X-Own: " + b"a" * 1_025), "header_bytes")
    refused(answer_to(other, "GET", b"/", *[b"X-Own: a"] * 15), "header_count")
    refused(answer_to(other, "GET", b"/", *[b"X-Own: " + b"a" * 1_000] * 5), "headers_bytes")
    assert answer_to(other, "GET", b"/", *[b"X-Own: " + b"a" * 1_000] * 3).status == 200


@pytest.fixture(scope="module")
def impatient(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that waits a second for a request."""
    with LiveServer(tmp_path_factory.mktemp("impatient") / "data", new_database(), OBMEN_HTTP_IDLE_S="1") as live:
        yield live


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-Own: ", b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_a_connection_on_which_nothing_comes_is_closed(impatient: LiveServer, begun: bytes) -> None:
    received = exchange(impatient, begun)
    assert received.startswith(b"HTTP/1.1 200 ") == begun.endswith(b"\r\n\r\n")


def test_silent_connections_do_not_keep_others_out(impatient: LiveServer) -> None:
    silent = [socket.create_connection(("127.0.0.1", impatient.port), timeout=60) for _ in range(900)]
    try:
        assert impatient.ask("GET", "/health/ready", auth=None).status == 200
        assert all(connection.recv(1) == b"" for connection in silent)  # each of them is closed
    finally:
        for connection in silent:
            connection.close()


# bodies


@pytest.fixture(scope="module")
def listener(other: LiveServer) -> str:
    return listen(other, "takes", ScenarioFile().start("set").set("set", _body="'ok'").flow("set", "end").end().xml)


@pytest.mark.parametrize("expect", [b"100-continue", b"100-Continue"])
@pytest.mark.parametrize("length", [b"200001", b"99999999999999999999"[:18]])
def test_a_body_that_is_said_to_be_too_large_is_not_waited_for(
    other: LiveServer, listener: str, length: bytes, expect: bytes
) -> None:
    lines = (b"Expect: " + expect, b"Content-Length: " + length, b"Content-Type: text/plain")
    problem = assert_problem(answer_to(other, "POST", listener.encode(), *lines), 413, "too_large")
    assert "limits.body_bytes" in problem["detail"]
    received = exchange(
        other, b"\r\n".join([b"POST " + listener.encode() + b" HTTP/1.1", b"Host: x", *lines, b"", b""])
    )
    assert not received.startswith(b"HTTP/1.1 100")


def test_a_client_that_waits_for_leave_to_send_gets_it(other: LiveServer, listener: str) -> None:
    head = (b"POST " + listener.encode() + b" HTTP/1.1", b"Host: x", b"Expect: 100-continue", b"Content-Length: 1")
    with socket.create_connection(("127.0.0.1", other.port), timeout=30) as connection:
        connection.sendall(b"\r\n".join([*head, b"", b""]))
        assert connection.recv(4_096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"x")
        assert connection.recv(4_096).startswith(b"HTTP/1.1 200 ")


def test_all_bodies_together_have_a_limit(other: LiveServer, listener: str) -> None:
    head = f"POST {listener} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 160000\r\n\r\n".encode()

    def begun() -> tuple[socket.socket, Answer] | None:
        """A request that holds its share of the budget, and the answer to one that finds no room beside it."""
        first = socket.create_connection(("127.0.0.1", other.port), timeout=60)
        first.sendall(head + b"x" * 159_999)
        answer = other.ask("POST", listener, b"x" * 160_000, auth=None)
        if answer.status == 503:
            return first, answer
        first.close()  # the second was faster
        return None

    first, answer = wait_until(begun, "a refusal")
    with first:
        assert "limits.bodies_bytes" in assert_problem(answer, 503, "unavailable")["detail"]
        assert answer.headers["Retry-After"] == "1"
        assert other.ask("POST", listener, b"x" * 1_000, auth=None).status == 200  # for this one there is room
        first.sendall(b"x")
        assert first.recv(4_096).startswith(b"HTTP/1.1 200 ")
    for _ in range(5):  # what was taken is given back
        assert other.ask("POST", listener, b"x" * 160_000, auth=None).status == 200


def test_a_packed_body_takes_the_room_of_what_is_in_it(other: LiveServer, listener: str) -> None:
    packed = gzip.compress(random.Random(1).randbytes(190_000))
    assert len(packed) > 190_000  # twice as much does not fit
    headers = {"Content-Type": "application/octet-stream", "Content-Encoding": "gzip"}
    for _ in range(3):
        assert other.ask("POST", listener, packed, auth=None, headers=headers).status == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "not_found"),
        ("/api/v1/sections", 401, "not_authenticated"),
        ("/api/webrequest/nobody", 404, "not_found"),
        ("/health/live", 405, "method_not_allowed"),
        ("/auth/login", 413, "too_large"),
    ],
)
def test_a_refusal_reaches_a_client_that_is_still_sending(
    server: LiveServer, path: str, status: int, code: str
) -> None:
    for size in (20, 300_000, 20_000_000):
        answer = server.ask("POST", path, b"x" * size, auth=None)
        if (size, path) != (20, "/auth/login"):
            assert_problem(answer, status, code)


def test_a_refusal_reaches_a_client_that_stops_sending(server: LiveServer) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
    assert exchange(server, head + b"x").startswith(b"HTTP/1.1 404 ")
