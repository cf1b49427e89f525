"""What the guarded HTTP client sends: addresses and headers as they were written, again only where that is safe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from http_servers import Server, door, get, listening
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_dns import Dns

from obmen.clients.urls import url_of
from obmen.errors import StepFailed, Temporary
from obmen.ports import HttpRequest


class RawServer:
    """Keeps what it is sent, and answers each request of a connection with the next of ``answers``; then it hangs up."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers or (b"HTTP/1.1 204 No Content\r\n\r\n",)
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for answer in (*self.answers, b""):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
            )
            self.requests.append(head + await reader.readexactly(length))
            writer.write(answer)
            if not answer:
                break
        writer.close()

    @property
    def lines(self) -> list[str]:
        """The request lines."""
        return [request.partition(b"\r\n")[0].decode("latin-1") for request in self.requests]

    def headers(self, name: str) -> list[bytes]:
        """The values of a header of the last request."""
        lines = self.requests[-1].partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        pairs = [line.partition(b": ") for line in lines]
        return [value for key, _, value in pairs if key.lower() == name.encode()]


@asynccontextmanager
async def raw(*answers: bytes) -> AsyncIterator[RawServer]:
    server = RawServer(*answers)
    async with listening(server.handle) as server.port:
        yield server


# ---- Addresses

TARGETS = [
    ("/a/../b?x=%2F%2C%7E%41", "/a/../b?x=%2F%2C%7E%41"),
    ("/a/./b//c/..", "/a/./b//c/.."),
    ("/%7euser/%e2%82%ac?sig=a%2bb+c=&&=x;y", "/%7euser/%e2%82%ac?sig=a%2bb+c=&&=x;y"),
    ("/?X-Amz-Signature=abc/def==&X-Amz-Date=20260101T000000Z", "/?X-Amz-Signature=abc/def==&X-Amz-Date=20260101T000000Z"),
    ("?a=b", "/?a=b"),
    ("/?", "/?"),
    ("/a?b?c/d:e@f!$&'()*+,;=", "/a?b?c/d:e@f!$&'()*+,;="),
    ("/путь/ё?q=жук", "/%D0%BF%D1%83%D1%82%D1%8C/%D1%91?q=%D0%B6%D1%83%D0%BA"),
    ("/a b?c d", "/a%20b?c%20d"),
    ('/?f[t]=x&j={"a":"b"}|^`<>\\', "/?f%5Bt%5D=x&j=%7B%22a%22:%22b%22%7D%7C%5E%60%3C%3E%5C"),
    ("/100%?of=5%&x=%zz%4", "/100%25?of=5%25&x=%25zz%254"),
    ("/a#b?c", "/a"),
    ("", "/"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "sent"), TARGETS)
async def test_an_address_is_sent_as_it_was_written(written: str, sent: str) -> None:
    async with raw() as server, door() as http:
        await http.send(get(f"http://127.0.0.1:{server.port}{written}"))
    assert server.lines == [f"GET {sent} HTTP/1.1"]


@pytest.mark.parametrize(("written", "sent"), TARGETS[:9])
async def test_where_a_redirect_leads_is_asked_as_it_was_written(written: str, sent: str) -> None:
    async with raw() as server, door() as http:
        location = f"http://127.0.0.1:{server.port}{written}"
        answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n"
        server.answers = (answer, b"HTTP/1.1 204 No Content\r\n\r\n")
        await http.send(get(f"http://127.0.0.1:{server.port}/from"))
    assert server.lines == ["GET /from HTTP/1.1", f"GET {sent} HTTP/1.1"]


@settings(max_examples=300)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_whatever_is_written_is_sent_in_allowed_characters_and_once(text: str) -> None:
    sent = url_of(f"http://host/{text}").raw_path_qs
    assert sent.isascii()
    assert not set(sent) & set(' "<>\\^`{|}[]#\r\n\t\0')
    assert url_of(f"http://host{sent}").raw_path_qs == sent


async def test_an_international_host(server: Server) -> None:
    dns = Dns(**{"xn--e1afmkfd_xn--p1ai": [["127.0.0.1"]]})
    async with door(dns=dns) as http:
        for host in (
            "пример.рф",
            "ПРИМЕР.рф",
            "xn--e1afmkfd.xn--p1ai",
            "%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84",
        ):
            await http.send(get(server.url("/", host=host)))
    assert {seen["headers"]["Host"] for seen in server.seen} == {f"xn--e1afmkfd.xn--p1ai:{server.port}"}  # type: ignore[index]


# ---- Headers


async def test_values_of_headers() -> None:
    headers = {"X-Name": "Имя", "X-Odd": "é", "X-Two": ("a", "b"), "X-None": (), "X-Empty": ""}
    async with raw() as server, door() as http:
        await http.send(get(f"http://127.0.0.1:{server.port}/", headers=headers))
    assert server.headers("x-name") == ["Имя".encode()]
    assert server.headers("x-odd") == ["é".encode()]
    assert server.headers("x-two") == [b"a", b"b"]
    assert server.headers("x-none") == []
    assert server.headers("x-empty") == [b""]
    assert server.headers("accept-encoding") == [b"gzip, deflate, br, zstd"]


@pytest.mark.parametrize("value", ["\ud800", "a\r\nX-B: c", "\x00"])
async def test_a_value_that_cannot_be_sent(value: str) -> None:
    async with raw() as server, door() as http:
        for given_value in (value, ("fine", value)):
            with pytest.raises(StepFailed, match="'X-A' cannot be sent"):
                await http.send(get(f"http://127.0.0.1:{server.port}/", headers={"X-A": given_value}))
    assert server.requests == []


@pytest.mark.parametrize("kind", ["text/xml; charset=windows-1251", "text/plain", "application/json"])
async def test_a_content_type_is_sent_as_it_was_given(kind: str) -> None:
    async with raw() as server, door() as http:
        request = HttpRequest(
            method="POST", url=f"http://127.0.0.1:{server.port}/", headers={"content-type": kind}, body=b"x"
        )
        await http.send(request)
    assert server.headers("content-type") == [kind.encode()]


# ---- A kept connection that breaks

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("method", "headers", "is_repeated"),
    [
        ("GET", {}, True),
        ("HEAD", {}, True),
        ("PUT", {}, True),
        ("DELETE", {}, True),
        ("POST", {}, False),
        ("PATCH", {}, False),
        ("POST", {"idempotency-key": "k"}, True),
    ],
)
async def test_a_request_that_a_closing_connection_swallowed(
    method: str, headers: dict[str, str], is_repeated: bool
) -> None:
    """The server reads the second request of a connection and hangs up."""
    answer = OK.replace(b"ok", b"") if method == "HEAD" else OK
    async with raw(answer) as server, door() as http:
        body = b"x" if method in ("POST", "PUT", "PATCH") else None
        request = HttpRequest(method=method, url=f"http://127.0.0.1:{server.port}/", headers=headers, body=body)
        assert (await http.send(request)).status == 200
        if is_repeated:
            assert (await http.send(request)).status == 200
            assert (len(server.requests), server.connections) == (3, 2)
            assert len(set(server.requests)) == 1
        else:
            with pytest.raises(Temporary, match="closed the connection") as failed:
                await http.send(request)
            assert not failed.value.did_nothing
            assert (len(server.requests), server.connections) == (2, 1)


async def test_a_connection_that_has_been_closed_meanwhile_is_not_used() -> None:
    """Nothing of a POST is sent on it."""
    closed: list[asyncio.StreamWriter] = []
    bodies: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.readuntil(b"body"))
        writer.write(OK)
        await writer.drain()
        writer.close()
        closed.append(writer)

    async with listening(handle) as port, door() as http:
        for number in range(1, 4):
            request = HttpRequest(method="POST", url=f"http://127.0.0.1:{port}/", body=b"body")
            assert (await http.send(request)).body == b"ok"
            await closed[-1].wait_closed()
            await asyncio.sleep(0.05)
            assert len(bodies) == number


# ---- Redirects to another place


async def test_what_signs_in_does_not_leave_the_origin(server: Server, other: Server) -> None:
    secrets = {
        "authorization": "Bearer t", "COOKIE": "a=1", "X-Api-Key": "k", "apikey": "k", "X-Auth-Token": "t", "Private-Token": "t",
        "X-Client-Secret": "s", "X-Password": "p", "X-Session-Id": "s", "X-Hub-Signature": "s", "Host": "virtual",
        "Proxy-Authorization": "p", "X-Session": "s", "Credential": "c", "X-JWT": "j", "X-Forwarded-For": "f",
        "X-Consumer-Key-Of-A-System-Whose-Headers-Have-Names-Longer-Than-Others": "k",
    }  # fmt: skip
    kept = {"X-Kept": "k", "Accept": "text/plain", "User-Agent": "Mine", "X-Several": ("a", "b")}
    server.redirect("/", 302, f"http://x:y@127.0.0.1:{other.port}/next")
    async with door() as http:
        await http.send(get(server.url(), headers=secrets | kept))
    (seen,) = other.seen
    names = {name.lower() for name in seen["headers"]}  # type: ignore[attr-defined]
    assert names - {"accept-encoding", "host"} == {name.lower() for name in kept}
    assert seen["headers"]["Host"] == f"127.0.0.1:{other.port}"  # type: ignore[index]
    server.redirect("/", 302, "/next")
    async with door() as http:
        await http.send(get(server.url(), headers=secrets | kept))
    assert seen["headers"].keys() < server.seen[-1]["headers"].keys()  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_body_does_not_leave_the_origin(server: Server, other: Server, status: int) -> None:
    server.redirect("/", status, other.url("/next"))
    async with door() as http:
        with pytest.raises(StepFailed, match="its body is not sent") as failed:
            await http.send(HttpRequest(method="PUT", url=server.url(), body=b"password"))
        assert other.url("/next") in str(failed.value)
        assert other.seen == []
        await http.send(HttpRequest(method="DELETE", url=server.url()))
        assert [seen["method"] for seen in other.seen] == ["DELETE"]
        found = await http.send(HttpRequest(method="PUT", url=server.url(), body=b"x", follow_redirects=False))
        assert found.status == status


async def test_a_post_that_becomes_a_get_leaves_its_body_behind(server: Server, other: Server) -> None:
    server.redirect("/", 302, other.url("/next"))
    headers = {"Content-Type": "text/plain", "Content-Language": "ru"}
    async with door() as http:
        await http.send(HttpRequest(method="POST", url=server.url(), headers=headers, body=b"x"))
    (seen,) = other.seen
    assert (seen["method"], seen["body"]) == ("GET", "")
    assert not {"Content-Type", "Content-Language", "Content-Length"} & set(seen["headers"])  # type: ignore[call-overload]
