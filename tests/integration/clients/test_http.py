"""The guarded HTTP client against real servers on loopback: what is answered, what is refused, what is to be tried again."""

import asyncio
import gzip
import socket
import ssl
from contextlib import suppress

import aiohttp
import pytest
from aiohttp import web
from http_servers import LOOPBACK, Server, door, get, raw_server, serving
from scripted_dns import Dns

from obmen.clients.egress import EgressPolicy, GuardedResolver, guarded_connector
from obmen.clients.http import GuardedHttp
from obmen.errors import EgressRefused, ObmenError, StepFailed, Temporary, TooLarge, Unavailable
from obmen.ports import HttpRequest
from obmen.settings import Egress


async def test_a_request_arrives_as_it_was_given(server: Server) -> None:
    async with door() as http:
        answer = await http.send(
            HttpRequest(
                method="post",
                url=server.url("/путь/a%2Fb?q=а&b=1%2B2#fragment"),
                headers={"X-Hook-Signature": "sig", "content-type": "application/json", "X-Name": "Имя"},
                body='{"имя": 1}'.encode(),
            )
        )
    assert answer.status == 200
    assert dict(answer.headers)["content-type"].startswith("application/json")
    assert answer.url.startswith(f"http://127.0.0.1:{server.port}/")
    (seen,) = server.seen
    assert (seen["method"], seen["body"]) == ("POST", '{"имя": 1}')
    assert seen["path"] == "/%D0%BF%D1%83%D1%82%D1%8C/a%2Fb?q=%D0%B0&b=1%2B2"
    headers = seen["headers"]
    assert isinstance(headers, dict)
    assert headers["X-Hook-Signature"] == "sig"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "Obmen"
    assert headers["Content-Length"] == "13"


async def test_no_header_is_added_that_speaks_of_the_content(server: Server) -> None:
    async with door() as http:
        await http.send(HttpRequest(method="POST", url=server.url(), body=b"x"))
        await http.send(
            get(server.url(), headers={"User-Agent": "Mine", "Content-Length": "999", "Connection": "close"})
        )
    first, second = (seen["headers"] for seen in server.seen)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert "Content-Type" not in first
    assert second["User-Agent"] == "Mine"
    assert "Content-Length" not in second
    assert len(server.connections) == 1


async def test_any_status_is_an_answer_and_repeated_headers_are_kept(server: Server) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.Response(status=503, body=b"\xff\x00")
        response.headers.extend([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "Имя")])
        return response

    server.answers["/"] = answer
    async with door() as http:
        found = await http.send(get(server.url()))
        await http.send(get(server.url("/second")))
    assert (found.status, found.body) == (503, b"\xff\x00")
    assert [value for name, value in found.headers if name == "set-cookie"] == ["a=1", "b=2"]
    assert ("x-name", "Имя") in found.headers
    assert "Cookie" not in str(server.seen[1]["headers"])


async def test_connections_are_kept_alive(server: Server) -> None:
    async with door() as http:
        for _ in range(5):
            await http.send(HttpRequest(method="POST", url=server.url(), body=b"x"))
    assert len(server.connections) == 1


async def test_credentials_of_the_url_become_a_header(server: Server) -> None:
    async with door() as http:
        found = await http.send(get(f"http://us%40er:p%3Ass@127.0.0.1:{server.port}/"))
        await http.send(get(f"http://a:b@127.0.0.1:{server.port}/", headers={"Authorization": "Bearer t"}))
    assert "@" not in found.url
    assert "Basic dXNAZXI6cDpzcw==" in str(server.seen[0]["headers"])
    assert "Bearer t" in str(server.seen[1]["headers"])


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "/path", "//host/path", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http:///x", "http://[::1", "http://a b/",
        "http://127.0.0.1:99999/", "http://127.0.0.1:port/", "javascript:alert(1)", "http://ex\nample/", "http://" + "a" * 70 + ".com/",
        "http://a..b/", "http://%00/", "http://127.0.0.1\\@8.8.8.8/", "http://user@/",
    ],
)  # fmt: skip
async def test_a_bad_url_is_told(url: str) -> None:
    async with door() as http:
        with pytest.raises((StepFailed, EgressRefused)) as failed:
            await http.send(get(url))
    assert failed.value.text("ru") != failed.value.text("en")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nX-B: c"),
        ("X-A", "a\nb"),
        ("X-A", "a\0"),
        ("X-A\r\nX-B", "c"),
        ("X A", "c"),
        ("", "c"),
        ("X:A", "c"),
    ],
)
async def test_headers_that_would_split_the_request_are_refused(server: Server, name: str, value: str) -> None:
    async with door() as http:
        with pytest.raises(StepFailed, match="cannot be sent"):
            await http.send(get(server.url(), headers={name: value}))
    assert server.seen == []


@pytest.mark.parametrize("method", ["", "GET /x HTTP/1.1\r\n", "A B", "CONNECT"])
async def test_a_bad_method_is_refused(server: Server, method: str) -> None:
    async with door() as http:
        with pytest.raises(StepFailed, match="HTTP method"):
            await http.send(HttpRequest(method=method, url=server.url()))
    assert server.seen == []


# ---- No answer


async def test_no_answer_is_temporary_and_says_why(server: Server, unused_port: int) -> None:
    async with (
        raw_server(b"") as reset,
        raw_server(b"nonsense\r\n\r\n") as nonsense,
        raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort") as cut,
        door(dns=Dns()) as http,
    ):
        for url, problem in [
            (f"http://127.0.0.1:{unused_port}/", "refused"),
            (f"http://127.0.0.1:{reset}/", "closed the connection"),
            (f"http://127.0.0.1:{nonsense}/", "no HTTP"),
            (f"http://127.0.0.1:{cut}/", "before it was complete"),
            ("http://unknown.test/", "no such name"),
            (f"https://127.0.0.1:{server.port}/", "does not speak TLS"),
        ]:
            with pytest.raises(Temporary) as failed:
                await http.send(get(url))
            host = url.split("/")[2].split(":")[0]
            assert host in str(failed.value)
            assert problem.lower() in str(failed.value).lower()
            assert failed.value.delay_s > 0


async def test_a_server_that_hangs_is_given_up() -> None:
    async with raw_server(b"", wait=True) as silent, door() as http:
        with pytest.raises(Temporary, match=r"within 0\.2 s"):
            await http.send(get(f"http://127.0.0.1:{silent}/", timeout_s=0.2))
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nslow", wait=True) as slow, door() as http:
        with pytest.raises(Temporary, match=r"within 0\.2 s"):
            await http.send(get(f"http://127.0.0.1:{slow}/", timeout_s=0.2))


async def test_a_certificate_nobody_vouches_for(certificate: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def shake_hands() -> None:
            connection, _ = listening.accept()
            with suppress(OSError), connection:
                certificate.wrap_socket(connection, server_side=True).close()

        serving = asyncio.get_running_loop().run_in_executor(None, shake_hands)
        async with door() as http:
            with pytest.raises(Temporary, match="certificate"):
                await http.send(get(f"https://127.0.0.1:{listening.getsockname()[1]}/"))
        await serving


async def test_before_start_and_after_close(server: Server) -> None:
    http = GuardedHttp(Egress(allow=LOOPBACK))
    with pytest.raises(Unavailable):
        await http.send(get(server.url()))
    await http.start()
    await http.close()
    with pytest.raises(Unavailable):
        await http.send(get(server.url()))


# ---- Size


async def test_an_answer_past_the_limit(server: Server) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 10_000)

    async def bomb(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"\0" * 50_000_000), headers={"Content-Encoding": "gzip"})

    async def packed(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"text"), headers={"Content-Encoding": "gzip"})

    server.answers |= {"/": answer, "/bomb": bomb, "/packed": packed}
    async with door() as http:
        assert len((await http.send(get(server.url(), limit_bytes=10_000))).body) == 10_000
        with pytest.raises(TooLarge, match="9999 bytes"):
            await http.send(get(server.url(), limit_bytes=9_999))
        with pytest.raises(TooLarge, match="1000000 bytes"):
            await http.send(get(server.url("/bomb"), limit_bytes=1_000_000))
        assert (await http.send(get(server.url("/packed")))).body == b"text"


async def test_a_stream_without_end(server: Server) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"x" * 10_000)
        return response

    server.answers["/"] = answer
    async with door() as http:
        with pytest.raises(TooLarge):
            await http.send(get(server.url()))


# ---- Redirects


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (303, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (303, "DELETE", "GET", ""),
        (301, "PUT", "PUT", "data"),
        (302, "PATCH", "PATCH", "data"),
        (307, "POST", "POST", "data"),
        (308, "POST", "POST", "data"),
        (301, "GET", "GET", "data"),
    ],
)
async def test_redirects_are_followed(server: Server, status: int, method: str, then: str, body: str) -> None:
    server.redirect("/from", status, "../to?x=1#part")
    headers = {"Authorization": "Bearer t", "Cookie": "a=1", "Content-Type": "text/plain"}
    async with door() as http:
        found = await http.send(HttpRequest(method=method, url=server.url("/from"), headers=headers, body=b"data"))
    assert found.url == server.url("/to?x=1")
    seen = server.seen[1]
    assert (seen["method"], seen["path"], seen["body"]) == (then, "/to?x=1", body)
    assert "Bearer t" in str(seen["headers"])
    assert ("text/plain" in str(seen["headers"])) is bool(body)


async def test_redirects_end(server: Server) -> None:
    server.redirect("/", 302, "/")
    async with door() as http:
        with pytest.raises(StepFailed, match="more than 5 times"):
            await http.send(get(server.url()))
        assert len(server.seen) == 6
        found = await http.send(get(server.url(), follow_redirects=False))
        assert (found.status, found.body, dict(found.headers)["location"]) == (302, b"moved", "/")
        assert len(server.seen) == 7


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://[::1", "http://", "javascript:1"]
)
async def test_a_redirect_to_nowhere(server: Server, location: str) -> None:
    server.redirect("/", 302, location)
    async with door() as http:
        with pytest.raises(StepFailed):
            await http.send(get(server.url()))


# ---- The egress policy


def spellings(port: int) -> list[str]:
    hosts = [
        "127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001",
        "127.1", "127.0.1", "127.0.0.1.", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::7f00:1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fd00::1]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "user:pass@127.0.0.1",
        "8.8.8.8@127.0.0.1",
    ]  # fmt: skip
    return [f"http://{host}:{port}/" for host in hosts]


async def test_every_spelling_of_a_closed_address_is_refused(server: Server) -> None:
    async with door(allow=()) as http:
        for url in spellings(server.port):
            with pytest.raises(ObmenError) as failed:
                await http.send(get(url, timeout_s=5))
            assert isinstance(failed.value, EgressRefused) or failed.value.message == "http.bad_url", (
                url,
                failed.value,
            )
    assert server.seen == []


async def test_an_opened_address_may_be_spelled_oddly(server: Server) -> None:
    async with door() as http:
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"):
            assert (await http.send(get(server.url(host=host)))).status == 200, host


async def test_names_that_resolve_to_closed_addresses(server: Server) -> None:
    dns = Dns(
        inner_test=[["127.0.0.1"]],
        six_test=[["::1"]],
        mapped_test=[["::ffff:127.0.0.1"]],
        both_test=[["10.0.0.1", "127.0.0.1"]],
    )
    async with door(allow=(), dns=dns) as http:
        for host in ("inner.test", "six.test", "mapped.test", "both.test", "INNER.test"):
            for _ in range(2):
                with pytest.raises((EgressRefused, Temporary)) as failed:
                    await http.send(get(server.url(host=host)))
                assert isinstance(failed.value, EgressRefused) or host != host.lower()
    assert server.seen == []
    async with door(allow=("inner.test",), dns=dns) as http:
        assert (await http.send(get(server.url(host="inner.test")))).status == 200
        with pytest.raises(EgressRefused):
            await http.send(get(server.url(host="both.test")))
        with pytest.raises(EgressRefused):
            await http.send(get(server.url()))


async def test_of_several_addresses_only_the_open_ones_are_used(server: Server) -> None:
    dns = Dns(several_test=[["127.0.0.1", "127.0.0.2"]])
    async with door(allow=("127.0.0.2",), dns=dns) as http:
        with pytest.raises(Temporary, match="refused"):  # nobody listens there, and the closed one is not tried instead
            await http.send(get(server.url(host="several.test")))
    assert server.seen == []
    async with door(allow=("127.0.0.1",), dns=dns) as http:
        assert (await http.send(get(server.url(host="several.test")))).status == 200


async def test_a_name_that_changes_after_the_check(server: Server) -> None:
    async for second in serving("127.0.0.2"):
        closed_port = second.port

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.json_response({})
            response.force_close()
            return response

        second.answers["/"] = answer
        dns = Dns(rebinding_test=[["127.0.0.2"], ["127.0.0.1"]])
        async with door(allow=("127.0.0.2",), dns=dns) as http:
            for _ in range(3):  # the address that was checked is the one connected to, also from the cache
                await http.send(get(f"http://rebinding.test:{closed_port}/"))
            with pytest.raises(EgressRefused):
                await http.send(get(server.url(host="rebinding.test")))
        assert len(second.seen) == 3
    assert server.seen == []


async def test_redirects_to_closed_addresses(server: Server, other: Server) -> None:
    dns = Dns(outer_test=[["127.0.0.1"]], inner_test=[["127.0.0.1"]])
    targets = [*spellings(other.port), other.url(host="inner.test"), f"//127.0.0.1:{other.port}/"]
    async with door(allow=("outer.test",), dns=dns) as http:
        for target in targets:
            server.redirect("/", 302, target)
            with pytest.raises((EgressRefused, StepFailed)):
                await http.send(get(server.url(host="outer.test"), timeout_s=5))
    assert other.seen == []
    assert len(server.seen) == len(targets)


async def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, server.url())
    async with door(allow=LOOPBACK, dns=Dns()) as http:
        with pytest.raises(Temporary, match=r"closed\.test"):
            await http.send(get("http://closed.test/"))
    assert server.seen == []


async def test_the_socket_is_checked_once_more(server: Server) -> None:
    """Whatever the way to an address, a connection of this pool to a closed one is never begun."""
    policy = EgressPolicy()
    async with aiohttp.ClientSession(connector=guarded_connector(policy, GuardedResolver(policy))) as session:
        with pytest.raises(EgressRefused, match=r"127\.0\.0\.1"):
            await session.get(server.url())
    assert server.connections == set()
