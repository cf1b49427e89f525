"""What strangers, other systems and careless scenarios send at Obmen: each a small function, all listed at the end.

``python attacks.py PORT SECONDS [NAME …]`` runs them side by side from other addresses of the loopback network than that of a
well-behaved client, and prints how often each was run and which statuses came back, as JSON.
"""

import base64
import collections
import gzip
import json
import random
import resource
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from typing import Final, TypeAlias

SIDE_BY_SIDE: Final = 6
HOLD_S: Final = 5.0
"""How long slow ones hold their connections; others have begun by then."""
PATIENCE_S: Final = 20.0
MEMORY_BYTES: Final = 3_000_000_000
EMAIL: Final = "admin@obmen.local"
"""The account of the well-behaved client: attempts are made on that one too."""

ECHO, LOOP, CYCLE, HEADERS, SOILS = "echo", "loop", "cycle", "headers", "soils"
"""External requests that the server under attack must have; what their scenarios do is said in ``test_soak``."""

KILO, MEGA = 1_000, 1_000_000


class Peer:
    """An attacker with an address of its own."""

    def __init__(self, port: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.statuses: collections.Counter[str] = collections.Counter()
        self._port = port

    def connect(self) -> socket.socket:
        """A connection from one of 200 addresses."""
        source = f"127.0.66.{self.chance.randrange(1, 200)}"
        return socket.create_connection(("127.0.0.1", self._port), PATIENCE_S, (source, 0))

    def raw(self, content: bytes) -> bytes:
        """Sends bytes; what came back, as far as it fits into 64 KB."""
        with self.connect() as connection:
            with suppress(OSError):  # it may answer, and close, before it has read everything
                connection.sendall(content)
            answer = b""
            with suppress(OSError):
                while len(answer) < 65_536 and (part := connection.recv(65_536)):
                    answer += part
        self._note(answer)
        return answer

    def post(self, path: str, content: bytes, content_type: str = "application/json", *headers: str) -> bytes:
        """A request with a body."""
        return self.raw(request("POST", path, content, f"Content-Type: {content_type}", *headers))

    def get(self, path: str, *headers: str) -> bytes:
        """A request without."""
        return self.raw(request("GET", path, b"", *headers))

    def _note(self, answer: bytes) -> None:
        words = answer[:20].split(b" ", 2)
        status = words[1].decode(errors="replace") if answer.startswith(b"HTTP/1") and len(words) > 1 else "none"
        self.statuses[f"{status} unexpected" if b'"code":"unexpected"' in answer else status] += 1


def request(method: str, path: str, content: bytes = b"", *headers: str) -> bytes:
    """A request as bytes, which closes its connection."""
    lines = [f"{method} {path} HTTP/1.1", "Host: obmen", "Connection: close", *headers]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


Attack: TypeAlias = Callable[[Peer], object]
LISTENER: Final = f"/api/webrequest/{ECHO}"

# connections


def silent_connections(peer: Peer) -> None:
    """Nothing is ever sent."""
    hold(peer, [b""] * 150)


def headers_that_trickle(peer: Peer) -> None:
    """A byte of a header now and then."""
    trickle(peer, b"GET / HTTP/1.1\r\nHost: obmen\r\nX-Long: ", 40)


def bodies_that_trickle(peer: Peer) -> None:
    """A byte of a long body now and then."""
    trickle(peer, request("POST", LISTENER, b"", "Content-Type: application/json", "Content-Length: 1000000"), 40)


def answers_that_nobody_reads(peer: Peer) -> None:
    """Hundreds of requests on a connection whose answers stay in the buffers."""
    hold(peer, [b"GET /openapi.json HTTP/1.1\r\nHost: obmen\r\n\r\n" * 300] * 5)


def connections_that_are_reset(peer: Peer) -> None:
    """Each ends with RST, in the middle of a body."""
    for _ in range(100):
        connection = peer.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            connection.sendall(request("POST", LISTENER, b"", "Content-Length: 100") + b"half")
        connection.close()


# headers and addresses


def quotes_in_a_cookie(peer: Peer) -> None:
    """CVE-2024-7592: a parser that is quadratic in the number of escaped quotes."""
    peer.get("/api/v1/profile/me", 'Cookie: a="' + '\\"' * 100_000 + '"')


def quotes_in_a_content_type(peer: Peer) -> None:
    """The same for other headers with quoted values."""
    peer.post(LISTENER, b"{}", 'text/plain; charset="' + '\\"' * 50_000)
    peer.post(LISTENER, b"{}", "multipart/form-data; boundary=" + '"' * 50_000)


def huge_headers(peer: Peer) -> None:
    """Four hundred kilobytes in one, and ten thousand small ones."""
    peer.get("/health/live", "X-Large: " + "x" * 400 * KILO)
    peer.get("/health/live", *(f"x-{number}: {number}" for number in range(10_000)))
    peer.get("/health/live", *("accept-language: " + "en," * 1_000 for _ in range(50)))


def http_2(peer: Peer) -> None:
    """The preface of HTTP/2, and frames that make no sense."""
    peer.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9) + peer.chance.randbytes(10 * KILO))


def addresses_out_of_shape(peer: Peer) -> None:
    """Long ones, broken percents, bytes that are no text."""
    for path in ("/" + "a" * 100 * KILO, "/%", "/%zz%00%ff", "/api/webrequest/" + "%2e%2e/" * 1_000, "//" * 5_000):
        peer.get(path)
    peer.raw(b"GET /\xff\xfe\x00?\x80=\x81 HTTP/1.1\r\nHost: obmen\r\nConnection: close\r\n\r\n")


def requests_out_of_shape(peer: Peer) -> None:
    """What parsers of HTTP disagree on."""
    chunked = "POST {} HTTP/1.1\r\nHost: obmen\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{}\r\n"
    head = chunked.format(LISTENER, "").encode()
    for content in (
        b"fffffffffffffff\r\nx",
        b"-1\r\nx\r\n",
        b"1;" + b"e" * 100 * KILO + b"\r\nx\r\n0\r\n\r\n",
        b"zz\r\n",
    ):
        peer.raw(head + content)
    peer.raw(chunked.format(LISTENER, "Content-Length: 3\r\n").encode() + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    peer.raw(request("POST", LISTENER, b"", "Content-Length: 99999999999999999999"))
    peer.raw(request("POST", LISTENER, b"", "Content-Length: -5"))
    peer.raw(b"\x16\x03\x01\x02\x00\x01\x00" + peer.chance.randbytes(500))  # TLS


# bodies


def unterminated_strings(peer: Peer) -> None:
    """Each quote may be the beginning of a string that ends nowhere."""
    peer.post(LISTENER, b'"[\\' * 40_000)
    peer.post("/auth/login", b'"[\\' * 5_000)
    peer.post(LISTENER, b'["' + b'\\"' * 200_000)


def deep_json(peer: Peer) -> None:
    """Half a million brackets of each kind."""
    for opening in (b"[", b'{"a":', b'[{"a":['):
        peer.post(LISTENER, opening * 500_000)


def much_json(peer: Peer) -> None:
    """Small to send, large in memory."""
    peer.post(LISTENER, b"[" + b"{}," * (3 * MEGA // 3) + b"{}]")
    peer.post(LISTENER, b"[" + b'"",' * (3 * MEGA // 3) + b'""]')
    peer.post(LISTENER, b"[" + b"9" * 1_000_000 + b"]")
    peer.post(LISTENER, b"[1e" + b"9" * 100_000 + b"]")


def forms(peer: Peer) -> None:
    """Names with brackets, long numbers as indexes, thousands of values."""
    kind = "application/x-www-form-urlencoded"
    peer.post(LISTENER, b"a[" + b"9" * 4_301 + b"]=1", kind)
    peer.get(f"{LISTENER}?a[{'9' * 4_301}]=1")
    peer.post(LISTENER, b"a" + b"[b]" * 10_000 + b"=1", kind)
    peer.post(LISTENER, b"a=" + b"%41" * MEGA, kind)
    peer.post(LISTENER, b"&".join(b"a[%d]=1" % number for number in range(200_000)), kind)
    peer.post(LISTENER, b"&" * 2 * MEGA, kind)


def multipart(peer: Peer) -> None:
    """Ten thousand parts, a part without an end, headers of parts without an end."""
    kind = "multipart/form-data; boundary=x"
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    peer.post(LISTENER, part * 10_000 + b"--x--\r\n", kind)
    peer.post(LISTENER, part[:-4] + b"\r\n--" * 300_000, kind)
    peer.post(LISTENER, b"--x\r\n" + b"X-Header: 1\r\n" * 100_000, kind)
    peer.post(
        LISTENER, b'--x\r\nContent-Disposition: form-data; name="' + b'\\"' * 100_000 + b'"\r\n\r\n1\r\n--x--', kind
    )


def xml_bombs(peer: Peer) -> None:
    """Default attributes, entities, depth, many elements."""
    attributes = b'<!DOCTYPE l [<!ATTLIST e a CDATA "' + b"x" * 50_000 + b'">]><l>' + b"<e/>" * 10_000 + b"</l>"
    entities = b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 1_000 + b'">' + b"".join(
        b'<!ENTITY %c "%s">' % (letter + 1, b"&%c;" % letter * 20) for letter in b"abcdef"
    ) + b"]><l>&g;</l>"  # fmt: skip
    outside = b'<!DOCTYPE l SYSTEM "http://127.0.0.1/x"><l>&x;</l>'
    for content in (attributes, entities, outside, b"<a>" * 100_000, b"<a>" + b"<b/>" * 500_000 + b"</a>"):
        peer.post(LISTENER, content, "application/xml")
    peer.post(LISTENER, b"<a " + b" ".join(b'a%d="1"' % number for number in range(100_000)) + b"/>", "text/xml")


def compressed_bombs(peer: Peer) -> None:
    """A hundred megabytes of nothing, once and twice compressed."""
    once = zeros()
    peer.post(LISTENER, once, "application/json", "Content-Encoding: gzip")
    peer.post(LISTENER, gzip.compress(once), "application/json", "Content-Encoding: gzip, gzip")
    peer.post(LISTENER, once[: len(once) // 2], "text/plain", "Content-Encoding: gzip")
    peer.post(LISTENER, b"\x1f\x8b" + peer.chance.randbytes(100), "text/plain", "Content-Encoding: deflate")


@cache
def zeros() -> bytes:
    return gzip.compress(bytes(100 * MEGA))


def charsets(peer: Peer) -> None:
    """Decoders that are slow, or no decoders of text at all."""
    for name in ("idna", "punycode", "utf-7", "unicode_escape", "zip", "rot13", "x" * 1_000, "utf-16"):
        peer.post(LISTENER, peer.chance.randbytes(20 * KILO), f"text/plain; charset={name}")


# sign-in


def wrong_passwords(peer: Peer) -> None:
    """On the account of the well-behaved client and on others, from many addresses."""
    for user in (EMAIL, EMAIL.upper(), f"{peer.chance.random()}@example.com", "a" * 10_000):
        credentials = base64.b64encode(f"{user}:{peer.chance.random()}".encode()).decode()
        peer.get("/api/v1/profile/me", f"Authorization: Basic {credentials}")
    peer.post("/auth/login", json.dumps({"email": EMAIL, "password": "wrong" * 10_000}).encode())
    peer.get("/api/v1/profile/me", "Authorization: Basic ====", "Authorization: Bearer x")


def ends_of_sessions(peer: Peer) -> None:
    """Signing out with a session that does not exist must concern nobody."""
    for _ in range(20):
        peer.post("/auth/logout", b"x", "text/plain", f"Cookie: connect.sid={peer.chance.random()}")


# scenarios


def looping_scripts(peer: Peer) -> None:
    """JavaScript that never ends, eight at once."""
    together(peer, [f"/api/webrequest/{LOOP}"] * 8)


def looping_flows(peer: Peer) -> None:
    """Gateways that lead to each other."""
    together(peer, [f"/api/webrequest/{CYCLE}"] * 3)


def too_many_headers(peer: Peer) -> None:
    """An answer with thirty thousand headers."""
    peer.post(f"/api/webrequest/{HEADERS}", b"{}")


def what_a_run_leaves_behind(peer: Peer) -> None:
    """A script that changes what the next one uses, where it can."""
    peer.post(f"/api/webrequest/{SOILS}", b"{}")


def together(peer: Peer, paths: Iterable[str]) -> None:
    """One request to each, all at once."""
    with ExitStack() as stack:
        connections = [stack.enter_context(peer.connect()) for _ in paths]
        for connection, path in zip(connections, paths, strict=True):
            connection.sendall(request("POST", path, b"{}", "Content-Type: application/json"))
        for connection in connections:
            with suppress(OSError):
                connection.recv(1)


def hold(peer: Peer, beginnings: Iterable[bytes]) -> None:
    """Connections on which something was sent are left alone for a while."""
    with ExitStack() as stack:
        for beginning in beginnings:
            connection = stack.enter_context(peer.connect())
            connection.setblocking(False)
            with suppress(OSError):
                connection.send(beginning)
        time.sleep(HOLD_S)


def trickle(peer: Peer, beginning: bytes, count: int) -> None:
    """Connections on which a byte follows now and then."""
    with ExitStack() as stack:
        connections = [stack.enter_context(peer.connect()) for _ in range(count)]
        for connection in connections:
            connection.sendall(beginning)
        until = time.monotonic() + HOLD_S
        while time.monotonic() < until:
            time.sleep(0.3)
            for connection in connections:
                with suppress(OSError):
                    connection.send(b" ")


ATTACKS: Final[tuple[Attack, ...]] = (
    silent_connections,
    headers_that_trickle,
    bodies_that_trickle,
    answers_that_nobody_reads,
    connections_that_are_reset,
    quotes_in_a_cookie,
    quotes_in_a_content_type,
    huge_headers,
    http_2,
    addresses_out_of_shape,
    requests_out_of_shape,
    unterminated_strings,
    deep_json,
    much_json,
    forms,
    multipart,
    xml_bombs,
    compressed_bombs,
    charsets,
    wrong_passwords,
    ends_of_sessions,
    looping_scripts,
    looping_flows,
    too_many_headers,
    what_a_run_leaves_behind,
)


def attack(port: int, seconds: float, names: Iterable[str] = ()) -> dict[str, dict[str, int]]:
    """Runs attacks side by side for so long; how often each status was answered, by attack ("runs": how often it was run)."""
    chosen = [found for found in ATTACKS if not names or found.__name__ in set(names)]
    counts = {found.__name__: collections.Counter[str]() for found in chosen}
    until, lock, turns = time.monotonic() + seconds, threading.Lock(), iter(range(1_000_000_000))
    order = random.Random(1).sample(chosen, len(chosen))

    def work() -> None:
        while time.monotonic() < until:
            with lock:
                turn = next(turns)
            found, peer = order[turn % len(order)], Peer(port, turn)
            with suppress(OSError):
                found(peer)
            with lock:
                counts[found.__name__] += peer.statuses
                counts[found.__name__]["runs"] += 1

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in [pool.submit(work) for _ in range(SIDE_BY_SIDE)]:
            done.result()
    return {name: dict(count) for name, count in counts.items()}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.RLIM_INFINITY))
    sys.stdout.write(json.dumps(attack(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])))
