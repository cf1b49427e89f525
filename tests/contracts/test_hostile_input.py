"""Hostile requests to every route and to external requests: each gets an answer below 500 with a code, and the server goes on.

The server has little memory. ``make fuzz`` sends more of them, of another seed each time.
"""

import http.client
import os
import re
import resource
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from live_server import EMAIL, PASSWORD, Answer, LiveServer
from problems import assert_problem
from scenario_files import ScenarioFile, listen

REQUESTS = int(os.environ.get("OBMEN_FUZZ_REQUESTS", "600"))
MEMORY = 3_000_000 * 1024
"""Address space of each process, as ``ulimit -v`` sets it."""
BY_ITSELF = (400, 414, 431)
"""What the HTTP server answers without a body to what is no HTTP."""
SIZES = st.sampled_from([0, 1, 7, 100, 1_000, 8_100, 30_000])
PIECES = (
    *(
        b"a",
        b"=",
        b";",
        b",",
        b'"',
        b"\\",
        b'\\"',
        b" ",
        b"\t",
        b"&",
        b"[",
        b"]",
        b"{",
        b"}",
        b"<b>",
        b"<!--",
        b"%",
        b"%00",
    ),
    *(
        b"%zz",
        b"\xff",
        b"\xd1\x91",
        b"9",
        b"-",
        b"+",
        b"/",
        b"../",
        b"a=1;",
        b"a[b]",
        b"q=0.1,",
        b"*/*",
        b"1e9",
        b"&#x0;",
        b"&a;",
    ),
    *(
        b"connect.sid=x;",
        b"Basic ",
        b"Bearer ",
        b"--X\r\n",
        b"[[",
        b'{"a":',
        b'"a":1,',
        b"\\u0000",
        b"\\ud800",
        b"null,",
        b"\0",
    ),
)
HEADER_PIECES = tuple(piece for piece in PIECES if not re.search(rb"[\r\n\0]", piece))
NAMES = (
    *("Cookie", "Content-Type", "Content-Disposition", "Accept", "Accept-Language", "Authorization", "Forwarded"),
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Origin", "Referer", "Content-Encoding", "If-Match"),
    *(
        "Sec-Fetch-Site",
        "Range",
        "If-None-Match",
        "Date",
        "User-Agent",
        "Content-Language",
        "Access-Control-Request-Method",
    ),
    *("Access-Control-Request-Headers", "Via", "X-Own", "Accept-Encoding", "If-Modified-Since", "Idempotency-Key"),
)
VALUES = (
    *(
        "application/json",
        "text/plain; charset=",
        "multipart/form-data; boundary=X",
        "application/x-www-form-urlencoded",
    ),
    *(
        "application/xml",
        "text/xml; charset=utf-16",
        "multipart/form-data; boundary=" + "X" * 300,
        "text/plain; charset=idna",
    ),
    *(
        "text/csv; charset=punycode",
        'a/b; charset="',
        "text/plain; charset*=utf-8''x",
        "gzip",
        "br, gzip",
        "deflate",
        "identity",
    ),
    *(
        "null",
        "http://[",
        "http://a:99999",
        "x:y",
        "bytes=0-",
        "Basic AAA=",
        "Basic " + "A" * 4_000,
        "Bearer a.b.c",
        "*",
        "W/",
    ),
    *(
        "for=[::1",
        "::1, 999.1.1.1",
        "1.1.1.1:99999999",
        "ru;q=x",
        "connect.sid=",
        'connect.sid="\\',
        "Thu, 99 Foo 99999",
    ),
)
QUERIES = (
    *(
        b"a[" + b"9" * 4_301 + b"]=1",
        b"a" + b"[b]" * 3_000 + b"=1",
        b"&" * 20_000,
        b"a=1&" * 10_000,
        b"=&=&==",
        b"a[]=1&" * 5_000,
    ),
    *(
        b"filters=" + b"[" * 5_000,
        b"filters[0][fieldId]=1",
        b"filters={}",
        b"filters=%00",
        b"fields=" + b"%5B" * 900,
        b"limit=1e9",
    ),
    *(
        b"offset=" + b"9" * 5_000,
        b"sortField=%27",
        b"after=%ff",
        b"timezoneOffset=--1",
        b"id=" + b"9" * 400,
        b"async=true",
        b"%",
    ),
    *(
        b"searchText=" + b"%25" * 5_000,
        b"searchText=%00",
        b"withTotal=exact&filters=%7B%22$or%22:[]%7D",
        b"a=%D1",
        b"\xd1\x91=\xd1\x91",
    ),
)


class Hostile(NamedTuple):
    """One request."""

    method: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    signed_in: bool


def _repeated(pieces: tuple[bytes, ...], least: int = 0) -> st.SearchStrategy[bytes]:
    """Few different pieces many times over: what slow parsers are slow with; or many different ones."""
    unit = st.lists(st.sampled_from(pieces), min_size=1, max_size=4).map(b"".join)
    return st.builds(lambda one, size, rest: one * max(least, size // len(one)) + rest, unit, SIZES, unit)


HEADERS = st.tuples(
    st.sampled_from(NAMES).map(str.encode),
    st.sampled_from(VALUES).map(str.encode)
    | _repeated(HEADER_PIECES)
    | st.binary(max_size=60).map(lambda raw: re.sub(rb"[\r\n\0]", b"", raw)),
)
BODIES = (
    st.just(b"")
    | _repeated(PIECES)
    | _repeated(PIECES).map(lambda raw: b'{"values": {"1": "' + raw)
    | st.binary(max_size=200)
)
REQUEST = st.builds(
    Hostile,
    st.sampled_from(
        [b"GET", b"HEAD", b"POST", b"PATCH", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"X", b"get"]
    ),
    st.just(b"")
    | st.sampled_from(QUERIES)
    | _repeated(PIECES).map(lambda raw: re.sub(rb"[\s\0-\x20\x7f\"<>#]", b"", raw)),
    st.lists(HEADERS, max_size=4).map(tuple),
    BODIES,
    st.booleans(),
)


@pytest.fixture(scope="module")
def confined(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose processes have little memory."""
    live = LiveServer(tmp_path_factory.mktemp("confined") / "data", new_database())
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, before[1]))  # children inherit it
    try:
        live.start()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    try:
        yield live
    finally:
        live.kill()


@pytest.fixture(scope="module")
def paths(confined: LiveServer) -> list[str]:
    """Of every route in the document, of pages, and of external requests."""
    document = confined.ask("GET", "/openapi.json", auth=None).json
    routes = [path.rstrip("/") for path in document["paths"]]
    assert len(routes) > 10
    echo = (
        ScenarioFile()
        .start("set")
        .set("set", _body="({url, headers, cookies, query, body})", raw="rawBody")
        .flow("set", "end")
    )
    own = listen(confined, "hostile", echo.end().xml)
    known = {"catalog_id": "$users", "record_id": "1", "section_id": "$settings", "file_id": "1"}
    filled = [re.sub(r"\{(\w+)\}", lambda found: known[found[1]], path) for path in routes]
    pages = ["/", "/docs", "/docs/errors", "/assets/x", "/files/1.2.3", "/nothing", "/api/v1/users", "/auth/login"]
    return [*filled, *pages, own, f"{own}/behind", "/api/webrequest/nobody"]


class Talker:
    """Sends bytes to a server over one connection, as long as it stays open."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._basic = b"Basic " + b64encode(f"{EMAIL}:{PASSWORD}".encode())

    def send(self, path: str, request: Hostile) -> Answer:
        target = path.encode() + (b"?" + request.query if request.query else b"")
        lines = [request.method + b" " + target + b" HTTP/1.1", b"Host: obmen", b"Connection: close"]
        lines += [name + b": " + value for name, value in request.headers]
        if request.signed_in and not any(name == b"Authorization" for name, _ in request.headers):
            lines.append(b"Authorization: " + self._basic)
        lines += [b"Content-Length: " + str(len(request.body)).encode(), b"", b""]
        with socket.create_connection(("127.0.0.1", self._server.port), timeout=60) as connection:
            connection.sendall(b"\r\n".join(lines) + request.body)
            with http.client.HTTPResponse(connection, method=request.method.decode()) as response:
                response.begin()
                return Answer(response.status, response.headers, response.read())


def assert_survived(answer: Answer, request: Hostile) -> None:
    """The answer is none of a server that failed."""
    assert answer.status < 500 or answer.status == 501, (answer.status, answer.body)
    if answer.status >= 400 and request.method != b"HEAD":
        if answer.status in BY_ITSELF and answer.body == b"":
            return
        assert_problem(answer, answer.status, answer.json["code"])


def test_every_route_takes_hostile_requests(confined: LiveServer, paths: list[str]) -> None:
    talker = Talker(confined)

    @given(path=st.sampled_from(paths), request=REQUEST)
    @settings(
        max_examples=REQUESTS,
        derandomize=REQUESTS < 1_000,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    def send(path: str, request: Hostile) -> None:
        assert_survived(talker.send(path, request), request)

    send()
    assert confined.ask("GET", "/health/ready", auth=None).status == 200
    assert "unexpected" not in confined.log.read_text(errors="replace")


def _known_bad() -> Iterator[Any]:
    """One request of each kind that ever stopped a server, or made it slow."""
    head: tuple[tuple[bytes, bytes], ...]
    for body, kind in (
        (b'"[\\' * 40_000, b"application/json"),
        (b'{"a":' * 60_000, b"application/json"),
        (b"[" + b"[]," * 3_000_000, b"application/json"),
        (
            b'<!DOCTYPE l [<!ATTLIST e a CDATA "' + b"x" * 50_000 + b'">]><l>' + b"<e/>" * 10_000 + b"</l>",
            b"application/xml",
        ),
        (b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 1_000 + b'">]><l>' + b"&a;" * 10_000 + b"</l>", b"text/xml"),
        (b"a[" + b"9" * 4_301 + b"]=1", b"application/x-www-form-urlencoded"),
        (b"a" + b"[" * 100_000, b"application/x-www-form-urlencoded"),
        (b"--X\r\n" * 50_000, b"multipart/form-data; boundary=X"),
        (b"\xff" * 100_000, b"text/plain; charset=utf-7"),
        (b"x" * 17_000_000, b"text/plain"),
    ):
        head = ((b"Content-Type", kind),)
        yield pytest.param(Hostile(b"POST", b"", head, body, False), id=f"{kind.decode()} {body[:12]!r}")
    for value in (b'a="' + b'\\"' * 3_900 + b'"', b";" * 8_000, b'"' * 8_000, b"a=" * 4_000):
        for name in (b"Cookie", b"Content-Type", b"Accept", b"Authorization", b"Forwarded", b"Content-Disposition"):
            yield pytest.param(Hostile(b"POST", b"", ((name, value),) * 4, b"{}", False), id=f"{name!r} {value[:6]!r}")


@pytest.mark.parametrize("request_sent", list(_known_bad()))
def test_what_once_stopped_a_server(confined: LiveServer, request_sent: Hostile) -> None:
    talker = Talker(confined)
    for path in ("/api/webrequest/hostile", "/auth/login", "/auth/logout", "/api/v1/sections", "/nothing"):
        for signed_in in (False, True):
            request = request_sent._replace(signed_in=signed_in)
            assert_survived(talker.send(path, request), request)
    assert confined.ask("GET", "/health/ready", auth=None).status == 200
