"""Requests that clients write to the socket as they are: bytes that HTTP libraries of Python would refuse or escape."""

import http.client
import socket
from base64 import b64encode
from collections.abc import Mapping

from live_server import EMAIL, PASSWORD, Answer, LiveServer

BASIC = "Basic " + b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()


def send(
    server: LiveServer, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """``target`` goes out as UTF-8 without escapes."""
    sent = {"Host": f"127.0.0.1:{server.port}", "Authorization": BASIC, "Connection": "close", **(headers or {})}
    if body or method in ("POST", "PATCH"):
        sent["Content-Length"] = str(len(body))
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        with http.client.HTTPResponse(connection, method=method) as response:
            response.begin()
            return Answer(response.status, response.headers, response.read())
