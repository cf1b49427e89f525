"""Bodies that take long to read or to arrive: others are answered meanwhile, and there is an end to waiting."""

import json
import select
import socket
from collections.abc import Callable, Iterator

import pytest

from live_server import LiveServer
from problems import assert_problem
from scenario_files import ScenarioFile, listen

MEGABYTES = 1_000_000
JSON = b"[" + b'"an item of a list",' * (15 * MEGABYTES // 20)
XML = b"<a>" + b"<b>an item of a list</b>" * (15 * MEGABYTES // 24)
"""Broken at the very end: the refusal is there the moment they have been read."""
SOME = 3
"""A server that does nothing else while it reads answers one more, which came before, but not one after the other."""


def answering(server: LiveServer, url_id: str) -> str:
    scenario = ScenarioFile().start("set").set("set", _body="'ok'").flow("set", "end").end()
    return listen(server, url_id, scenario.xml)


def post(server: LiveServer, path: str, content_type: str, content: bytes, length: int = 0) -> socket.socket:
    """A connection on which a request was sent whose body is said to have ``length``."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = f"POST {path} HTTP/1.1\r\nHost: obmen\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
    connection.sendall(f"{head}Content-Length: {length or len(content)}\r\n\r\n".encode() + content)
    return connection


def status_of(connection: socket.socket) -> int:
    with connection.makefile("rb") as stream:
        return int(stream.read().split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("content_type", "content"), [("application/json", JSON), ("application/xml", XML)], ids=["json", "xml"]
)
def test_others_are_answered_while_a_large_body_is_read(
    shared_server: LiveServer, content_type: str, content: bytes
) -> None:
    path = answering(shared_server, f"large-{content_type.rpartition('/')[2]}")
    with post(shared_server, path, content_type, content) as connection:
        meanwhile = 0
        while not select.select([connection], [], [], 0)[0]:
            assert shared_server.ask("GET", "/health/live", auth=None).status == 200
            meanwhile += 1
        assert status_of(connection) == 400
    assert meanwhile >= SOME


@pytest.fixture(scope="module")
def impatient(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that waits a second for a body."""
    with LiveServer(tmp_path_factory.mktemp("impatient") / "data", new_database(), OBMEN_LIMITS_BODY_S="1") as live:
        yield live


@pytest.mark.parametrize("path", ["/auth/login", "/api/webrequest/slow"])
def test_half_a_body_is_not_waited_for(impatient: LiveServer, path: str) -> None:
    if path.startswith("/api/"):
        answering(impatient, "slow")
    with post(impatient, path, "application/json", b"{", length=1000) as connection:
        assert status_of(connection) == 400
    assert impatient.ask("GET", "/health/live", auth=None).status == 200


def test_variables_that_are_too_large_are_refused_with_413(shared_server: LiveServer) -> None:
    path = answering(shared_server, "fills")
    large = {"text": "x" * (6 * MEGABYTES)}
    assert_problem(shared_server.ask("POST", f"{path}?async=true", large, auth=None), 413, "too_large")
    assert shared_server.ask("POST", f"{path}?async=true", {"text": "x"}, auth=None).status == 200

    (process,) = [
        record["values"]
        for record in shared_server.api("GET", "/catalogs/$processes/records")
        if json.loads(record["values"]["$input"])["url"].endswith(f"{path}?async=true")
    ]
    assert json.loads(process["$input"])["body"] == {"text": "x"}
