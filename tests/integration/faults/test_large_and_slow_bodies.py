"""Bodies that take long to read or to arrive: others are answered meanwhile, and there is an end to waiting."""

import select
import socket
from collections.abc import Callable, Iterator

import pytest

from live_server import LiveServer
from problems import assert_problem
from scenario_files import ScenarioFile, listen

MEGABYTES = 1_000_000
JSON = b'{"many":[' + b"[]," * (10 * MEGABYTES // 3) + b"1]}"
XML = b"<a>" + b"<b/>" * (15 * MEGABYTES // 4) + b"</a>"
NOT_JSON = JSON[:-1]
ONE = 1


def answering(server: LiveServer, url_id: str) -> str:
    scenario = ScenarioFile().start("set").set("set", _body="'ok'").flow("set", "end").end()
    return listen(server, url_id, scenario.xml)


def sent(server: LiveServer, path: str, content_type: str, content: bytes, length: int = 0) -> socket.socket:
    """A connection on which a request has been sent."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = f"POST {path} HTTP/1.1\r\nHost: obmen\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
    connection.sendall(f"{head}Content-Length: {length or len(content)}\r\n\r\n".encode() + content)
    return connection


def answer(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read()


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [("application/json", JSON, 200), ("application/json", NOT_JSON, 400), ("application/xml", XML, 200)],
    ids=["json", "broken json", "xml"],
)
def test_others_are_answered_while_a_large_body_is_read(
    shared_server: LiveServer, content_type: str, content: bytes, status: int
) -> None:
    path = answering(shared_server, f"large-{len(content)}")
    with sent(shared_server, path, content_type, content) as connection:
        meanwhile = 0
        while not select.select([connection], [], [], 0)[0]:
            assert shared_server.ask("GET", "/health/live", auth=None).status == 200
            meanwhile += 1
        assert answer(connection).startswith(f"HTTP/1.1 {status} ".encode())
    print("MEANWHILE", content_type, meanwhile)
    assert meanwhile > ONE
