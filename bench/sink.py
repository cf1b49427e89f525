"""A receiver of webhooks, in a process of its own: ``python -m bench.sink PORT``. It answers 200 and remembers.

``GET /count`` how many came, ``GET /deliveries`` ``[[webhook-id, seconds], …]``, ``GET /bodies`` the latest bodies.
"""

import asyncio
import sys
import time
from collections import deque

import msgspec
import uvloop

BODIES = 500
_deliveries: list[tuple[str, float]] = []
_bodies: deque[str] = deque(maxlen=BODIES)


class Sink(asyncio.Protocol):
    """The least of HTTP/1.1 that senders of bodies with a length need."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].decode("latin-1")
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
            following = end + 4 + int(headers.get("content-length", 0))
            if len(self._received) < following:
                return
            body, self._received = self._received[end + 4 : following], self._received[following:]
            answer = self._looked(head.split(" ")[1]) if head.startswith("GET") else self._took(headers, body)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _took(self, headers: dict[str, str], body: bytes) -> bytes:
        _deliveries.append((headers.get("webhook-id", ""), time.time()))
        _bodies.append(body.decode())
        return b""

    def _looked(self, path: str) -> bytes:
        found = {"/deliveries": _deliveries, "/bodies": list(_bodies)}.get(path, len(_deliveries))
        return msgspec.json.encode(found)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
