"""A process asks other systems: what it sends, what it makes of their answers, and the errors that a boundary event catches."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from live_server import LiveServer
from scenario_files import ScenarioFile, js, listen


class Other:
    """Another system: answers each connection with ``answer`` as it stands, and keeps what it is sent."""

    def __init__(self) -> None:
        self.answer = b""
        self.seen: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            with peer:
                self.seen.append(peer.recv(65_536))
                peer.sendall(self.answer)

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    found = Other()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(
        tmp_path_factory.mktemp("others") / "data", new_database(), OBMEN_EGRESS_ALLOW="127.0.0.0/8"
    ) as live:
        yield live


@pytest.fixture(scope="module")
def ask(server: LiveServer, other: Other) -> Callable[..., dict[str, Any]]:
    """A process for each way of reading: ``{status, body, headers}`` of an answer, or ``{code, message}`` of what was caught."""
    paths = {}
    for output_format in ("text", "json"):
        inputs = {
            "query": js("body.url"), "headers": js("body.headers"), "method": js("body.method || 'GET'"), "format": "body",
            "body": js("body.body"), "output_format": output_format,
        }  # fmt: skip
        slots = {"status": ("output_code", ""), "answer": ("output_body", ""), "heads": ("output_headers", "")}
        scenario = ScenarioFile().start("ask").call("ask", "webRequest", inputs, slots).flow("ask", "tell")
        scenario.set("tell", _body="({status, body: answer, headers: heads})").flow("tell", "end").end()
        scenario.on_error("caught", "ask").set("refused", _body="({code, message})").flow("caught", "refused")
        paths[output_format] = listen(server, f"others-{output_format}", scenario.flow("refused", "end").xml)

    def asked(answer: bytes, output_format: str = "text", **request: Any) -> dict[str, Any]:
        other.answer = answer
        other.seen.clear()
        sent = json.dumps({"url": other.url + "/", **request}).encode()
        found = server.ask(
            "POST", paths[output_format], body=sent, headers={"Content-Type": "application/json"}, auth=None
        )
        assert found.status == 200, found.body
        result: dict[str, Any] = found.json
        return result

    return asked


def http(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


XML = '<?xml version="1.0" encoding="windows-1251"?><r>Привет</r>'


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("Привет".encode("cp1251"), "text/plain; CHARSET=windows-1251", "Привет"),
        ("Привет".encode("koi8-r"), 'text/plain;charset="KOI8-R"', "Привет"),
        (XML.encode("cp1251"), "text/xml", XML),
        ("ё".encode(), "text/plain; charset=no-such", "ё"),
        ("ё".encode(), "nonsense", "ё"),
        ("ё".encode("utf-16"), "text/plain", "ё"),
        *((b"xn--\xff+AOk-\\ud800", f"text/plain; charset={name}", "xn--\ufffd+AOk-\\ud800")
          for name in ("idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "rot13", "undefined")),
    ],
)  # fmt: skip
def test_the_text_of_an_answer(
    ask: Callable[..., dict[str, Any]], content: bytes, content_type: str, text: str
) -> None:
    assert ask(http(content, f"Content-Type: {content_type}"))["body"] == text


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ('{"a":"ё"}'.encode(), "application/json; charset=iso-8859-1"),
        ('{"a":"ё"}'.encode("cp1251"), "application/json; charset=windows-1251"),
        ('\ufeff{"a":"ё"}'.encode(), "application/json"),
        ('\ufeff{"a":"ё"}'.encode("utf-16-le"), "text/plain"),
    ],
)
def test_the_value_of_an_answer(ask: Callable[..., dict[str, Any]], content: bytes, content_type: str) -> None:
    assert ask(http(content, f"Content-Type: {content_type}"), "json")["body"] == {"a": "ё"}


def test_cookies_of_every_shape(ask: Callable[..., dict[str, Any]]) -> None:
    sent = ["k[1]=v; Path=/", "d=ё", "имя=1", "alone", "", "a=1", "a=2; HttpOnly"]
    headers = ask(http(b"", *(f"Set-Cookie: {cookie}" for cookie in sent)))["headers"]
    assert headers["set-cookie"] == sent
    assert headers["cookies"] == {
        "k[1]": {"value": "v", "path": "/"},
        "d": {"value": "ё"},
        "имя": {"value": "1"},
        "": {"value": "alone"},
        "a": {"value": "2", "httponly": True},
    }


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (b"", "step_postponed", "closed the connection"),
        (b"\xff\xfe\x00", "step_postponed", "no HTTP"),
        (b"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "step_postponed", "no HTTP"),
        (http(b"x").replace(b"1\r\n", b"2\r\n"), "step_postponed", "before it was complete"),
        (http(b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"), "step_postponed", "cut off, or is not gzip"),
        (http(b"x", "Content-Encoding: lz4"), "step_failed", "coding lz4; known are"),
        (http(b"x" * 1_100_000), "too_large", "1048576 bytes"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", "step_failed", "names no host"),
    ],
)
def test_a_boundary_event_catches_what_is_no_answer(
    ask: Callable[..., dict[str, Any]], answer: bytes, code: str, told: str
) -> None:
    found = ask(answer)
    assert found["code"] == code, found
    assert told in found["message"]


def test_an_answer_that_is_no_json_is_caught(ask: Callable[..., dict[str, Any]]) -> None:
    for content in (b"<html>", b'{"a":', b"[" * 100_000, b"\xff"):
        assert ask(http(content), "json")["code"] == "step_failed"


def test_headers_are_sent_as_they_were_given(ask: Callable[..., dict[str, Any]], other: Other) -> None:
    given = {
        "X-Null": None,
        "X-Two": ["a", None, "b"],
        "X-None": [],
        "X-Name": "Имя",
        "X-Number": 7,
        "X-Value": {"a": 1},
    }
    given["Content-Type"] = "text/xml; charset=windows-1251"
    ask(http(b""), headers=given, method="POST", body="<r/>")
    head, _, body = other.seen[0].partition(b"\r\n\r\n")
    pairs = [line.partition(": ")[::2] for line in head.decode().split("\r\n")[1:]]
    found = [(name, value) for name, value in pairs if name.startswith(("X-", "Content-T"))]
    assert sorted(found) == [
        ("Content-Type", "text/xml; charset=windows-1251"),
        ("X-Name", "Имя"),
        ("X-Number", "7"),
        ("X-Two", "a"),
        ("X-Two", "b"),
        ("X-Value", '{"a":1}'),
    ]
    assert body == b"<r/>"


@pytest.mark.parametrize(
    ("kind", "body", "sent"),
    [
        ("text/xml; charset=windows-1251", "<r>ё</r>", "<r>ё</r>".encode("cp1251")),
        ('text/plain; Charset="KOI8-R"', "ё", "ё".encode("koi8-r")),
        ("text/plain", "ё", "ё".encode()),
        ("text/plain; charset=no-such", "ё", "ё".encode()),
        ("application/json; charset=windows-1251", {"a": "ё"}, '{"a":"ё"}'.encode()),
    ],
)
def test_a_body_has_the_charset_it_is_said_to_have(
    ask: Callable[..., dict[str, Any]], other: Other, kind: str, body: Any, sent: bytes
) -> None:
    ask(http(b""), headers={"content-type": kind}, method="POST", body=body)
    assert other.seen[0].endswith(b"\r\n\r\n" + sent)


def test_a_body_that_its_charset_cannot_say_is_caught(ask: Callable[..., dict[str, Any]], other: Other) -> None:
    headers = {"content-type": "text/plain; charset=windows-1251"}
    found = ask(http(b""), headers=headers, method="POST", body="цена €漢")
    assert found["code"] == "step_failed"
    assert "'漢'" in found["message"]
    assert other.seen == []


def test_an_address_is_sent_as_it_was_written(ask: Callable[..., dict[str, Any]], other: Other) -> None:
    ask(http(b""), url=f"{other.url}/a/../b?x=%2F%2C%7E%41")
    assert other.seen[0].startswith(b"GET /a/../b?x=%2F%2C%7E%41 HTTP/1.1\r\n")
