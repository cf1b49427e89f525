"""Answers of every kind: whole, or an error of Obmen that says what happened; never half of one, never another exception."""

import asyncio
import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import brotli
import pytest
from http_servers import door, get, raw_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obmen.clients.trust import trusted
from obmen.errors import ObmenError, SetupError, StepFailed, Temporary, TooLarge
from obmen.ports import HttpRequest, HttpResponse

CSV = b"".join(b"%d;%d\n" % (number, number * 7919 % 1_000_003) for number in range(300))


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("utf-8") + body


async def ask(sent: bytes, **more: object) -> HttpResponse:
    async with raw_server(sent) as port, door() as http:
        return await http.send(get(f"http://127.0.0.1:{port}/", timeout_s=5, **more))


# ---- Bodies


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("codings", "packed"),
    [
        (["gzip"], gzip.compress(CSV)),
        (["GZip"], gzip.compress(CSV)),
        (["deflate"], zlib.compress(CSV)),
        (["deflate"], raw_deflate(CSV)),
        (["br"], brotli.compress(CSV)),
        (["gzip, br"], brotli.compress(gzip.compress(CSV))),
        (["gzip", "br"], brotli.compress(gzip.compress(CSV))),
        (["identity"], CSV),
        ([""], CSV),
    ],
)
async def test_a_packed_body_is_unpacked(codings: list[str], packed: bytes) -> None:
    headers = [f"Content-Encoding: {coding}" for coding in codings]
    assert (await ask(answer(packed, *headers))).body == CSV
    for length in (1, len(packed) // 2, len(packed) - 1) if packed != CSV else ():
        with pytest.raises(Temporary, match="cut off, or is not"):
            await ask(answer(packed[:length], *headers))


@pytest.mark.parametrize(
    "cut",
    [
        answer(CSV, length=len(CSV) + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Len",
    ],
)
async def test_a_body_that_is_cut_is_an_error(cut: bytes) -> None:
    with pytest.raises(Temporary) as failed:
        await ask(cut)
    assert not str(failed.value).endswith(": ")


async def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(StepFailed, match="coding compress; known are gzip") as failed:
        await ask(answer(CSV, "Content-Encoding: compress"))
    assert "compress" in failed.value.text("ru")


async def test_a_bomb_within_a_bomb_is_too_large() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    with pytest.raises(TooLarge, match="100000 bytes"):
        await ask(answer(bomb, "Content-Encoding: gzip, gzip"), limit_bytes=100_000)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_a_status_without_a_body_has_none(status: str) -> None:
    found = await ask(answer(b"", "Content-Encoding: gzip", status=status, length=5))
    assert (found.status, found.body) == (int(status[:3]), b"")
    for sent in (answer(b"hello", status=status), f"HTTP/1.1 {status}\r\n\r\nhello".encode()):
        with pytest.raises(Temporary, match="no HTTP"):
            await ask(sent)


async def test_the_headers_of_a_head() -> None:
    async with raw_server(answer(b"", "Content-Encoding: gzip", length=1_000)) as port, door() as http:
        found = await http.send(HttpRequest(method="HEAD", url=f"http://127.0.0.1:{port}/"))
    assert (found.body, dict(found.headers)["content-length"]) == (b"", "1000")


# ---- Heads


async def test_headers_in_odd_bytes() -> None:
    sent = b"HTTP/1.1 200 OK\r\nX-Utf: \xd1\x91\r\nX-Latin: \xe9\xff\r\nX-Mixed: \xd1\x91\xff\r\nX-Utf: 2\r\n\r\n"
    found = await ask(sent)
    assert [pair for pair in found.headers if pair[0].startswith("x-")] == [
        ("x-utf", "ё"),
        ("x-latin", "éÿ"),
        ("x-mixed", "Ñ\x91ÿ"),
        ("x-utf", "2"),
    ]


async def test_many_long_cookies_do_not_stop_the_process() -> None:
    cookie = 'Set-Cookie: a="' + '\\"' * 4_000
    found = await ask(answer(b"ok", *[cookie] * 50))
    assert sum(name == "set-cookie" for name, _ in found.headers) == 50


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"nonsense\r\n\r\n", "no HTTP"),
        (b"<html>an answer of HTTP/0.9</html>", "no HTTP"),
        (b"HTTP/1.1 \r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nbytes", "no HTTP"),
        (b"HTTP/1.1 000 None\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1_000 + b"\r\n", "no HTTP"),
        (b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "closed the connection"),
        (b"", "closed the connection"),
    ],
)  # fmt: skip
async def test_what_is_no_answer(sent: bytes, told: str) -> None:
    with pytest.raises(Temporary, match=told) as failed:
        await ask(sent)
    assert failed.value.text("ru") != failed.value.text("en")


async def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    assert (await ask(interim + answer(b"ok"))).body == b"ok"


# ---- Anything

PARTS = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404 \r\n", b"HTTP/1.1 302 Found\r\n", b"HTTP/2 200\r\n", b"HTTP/1.1 204 x\r\n",
    b"HTTP/1.1 101 x\r\n",
    b"HTTP/1.1 999 x\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: identity\r\n",
    b"Content-Encoding: gzip\r\n", b"Content-Encoding: br\r\n", b"Content-Encoding: zstd, deflate\r\n", b"Content-Encoding: \xff\r\n",
    b"Content-Type: text/plain; charset=idna\r\n", b"Content-Type: \xd1\x91; charset=\x00\r\n", b'Set-Cookie: a="\\"\xff; Expires=x\r\n',
    b"Set-Cookie: \r\n", b"Location: /\r\n", b"Location: http://[::1\r\n", b"Location: //\xff\xfe:99999/\r\n", b"Location: \xd1\x91\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Trailer: x\r\n", b" folded\r\n", b": x\r\n", b"X\r\n", b"\xff\xfe: x\r\n", b"X: \x00\r\n",
    b"\r\n", b"\n", b"\r", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;x=y\r\nhello\r\n", b"hello",
    gzip.compress(b"hello"),
    brotli.compress(b"hello"), b"\x00\x01\x02\xff", b"\x15\x03\x01\x00\x02\x02\x28",
]  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.lists(st.sampled_from(PARTS), max_size=10).map(b"".join),
        st.lists(st.sampled_from(PARTS), max_size=8).map(lambda parts: b"HTTP/1.1 200 OK\r\n" + b"".join(parts)),
        st.binary(max_size=200),
        st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=3)).map(
            lambda found: answer(b"hello", "Set-Cookie: a=b; Path=/", "X: y")[: found[0]] + found[1]
        ),
    ),
    st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_only_errors_of_obmen_leave_the_client(sent: bytes, method: str) -> None:
    async def go() -> None:
        async with raw_server(sent) as port, door() as http:
            url = f"http://127.0.0.1:{port}/"
            for _ in range(2):
                failed = ""
                with suppress(ObmenError):
                    try:
                        found = await http.send(HttpRequest(method=method, url=url, timeout_s=2, limit_bytes=1_000))
                    except ObmenError as error:
                        failed = error.text("en") + error.text("ru")
                        raise
                    assert found.status >= 200
                    assert len(found.body) <= 1_000
                assert ": ." not in failed

    asyncio.run(go())


# ---- TLS


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A server in a thread, as sockets of threads send the alerts of TLS that those of asyncio do not."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(peer, server_side=True) as secured:
                    secured.recv(65_536)
                    secured.sendall(answer(b"ok"))
            except OSError:
                peer.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


async def test_an_authority_of_ones_own(certificate: ssl.SSLContext, certificate_file: Path) -> None:
    with tls_server(certificate) as port:
        async with door(trusted=trusted(str(certificate_file))) as http:
            assert (await http.send(get(f"https://127.0.0.1:{port}/"))).body == b"ok"
        async with door(trusted=trusted("")) as http:
            with pytest.raises(Temporary, match=r"certificate is not valid.*tls\.ca"):
                await http.send(get(f"https://127.0.0.1:{port}/"))


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    for name in ("none.pem", "text.pem"):
        with pytest.raises(SetupError, match=r"tls\.ca"):
            trusted(str(tmp_path / name))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_asks_for_a_client_certificate(
    certificate: ssl.SSLContext, certificate_file: Path, version: ssl.TLSVersion
) -> None:
    certificate.verify_mode = ssl.CERT_REQUIRED
    certificate.load_verify_locations(certificate_file)
    certificate.maximum_version = version
    with tls_server(certificate) as port:
        async with door(trusted=trusted(str(certificate_file))) as http:
            with pytest.raises(Temporary, match="client certificate"):
                await http.send(HttpRequest(method="POST", url=f"https://127.0.0.1:{port}/", body=b"x"))


@pytest.mark.parametrize(
    ("sent", "told"),
    [(answer(b"Bad request"), "does not speak TLS"), (b"SSH-2.0-x\r\n", "does not speak TLS"), (b"", "speaks no TLS")],
)
async def test_https_to_a_plain_port(sent: bytes, told: str) -> None:
    async with raw_server(sent) as port, door() as http:
        with pytest.raises(Temporary, match=told):
            await http.send(get(f"https://127.0.0.1:{port}/"))
