"""Bytes on a socket, as no HTTP library would send them."""

import contextlib
import http.client
import io
import socket

from live_server import Answer, LiveServer


def exchange(server: LiveServer, request: bytes, *, ends: bool = False) -> bytes:
    """What comes back for these very bytes until the server closes the connection; ``ends`` closes the own direction first."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        received = b""
        with contextlib.suppress(OSError):  # it may have hung up already
            connection.sendall(request)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                received += piece
        return received


def answer_to(server: LiveServer, method: str, target: bytes, *lines: bytes, body: bytes = b"") -> Answer:
    """The answer to a request with these header lines; ``target`` goes out as it is."""
    head = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: obmen", b"Connection: close", *lines, b"", b""]
    received = exchange(server, b"\r\n".join(head) + body)
    response = http.client.HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]
    response.begin()
    return Answer(response.status, response.headers, response.read())


class _Received:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)
