"""What holds for every request, whoever answers it: limits of its headers, an end to its body, what the log hides of it.

`RequestLimits` is the ASGI application around everything.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from litestar.enums import ScopeType
from litestar.types import HTTPReceiveMessage, HTTPScope, Message, Receive, Scope, Send

from obmen.api.body_budget import BodyBudget
from obmen.api.errors import respond
from obmen.api.methods import Methods
from obmen.api.wire import BODY, ApiRequest
from obmen.clients import logs
from obmen.domain.requests.credentials import secrets_of, secrets_of_content
from obmen.domain.requests.headers import HeaderLimits
from obmen.errors import HeadersTooLarge
from obmen.settings import Limits

_DISCARDED: Final = 4
"""Times ``limits.body_bytes`` that are taken of a body which nobody reads."""
_PAUSE_S: Final = 1.0
"""A client that sends nothing for so long is waiting for the answer."""


def header_limits(limits: Limits) -> HeaderLimits:
    """The settings that hold for headers."""
    return HeaderLimits(limits.header_count, limits.header_bytes, limits.headers_bytes)


class RequestLimits:
    """Refuses headers past a limit; takes what is left of bodies; gives back what they took of their budget."""

    def __init__(self, app: Methods, limits: Limits, bodies: BodyBudget) -> None:
        self._app = app
        self._limits = limits
        self._headers = header_limits(limits)
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        logs.begin(partial(_secrets, scope))
        if _has_body(scope):
            body = _Body(self._limits, receive, send)
            receive, send = body.receive, body.send
        if (limit := self._headers.exceeded(list(scope["headers"]))) is not None:
            request = ApiRequest(scope, receive, send)
            error = HeadersTooLarge("request.headers_too_large", setting=limit, limit=getattr(self._headers, limit))
            await respond(request, error).to_asgi_response(None, request)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            # Connections and tasks that are made meanwhile keep the context of this request, and with it what the log knows.
            scope["state"].pop(BODY, None)
            self._bodies.give_back(scope)


class _Body:
    """The body of a request: what is left unread of it is taken before the answer goes out, since a client that is sending reads none."""

    def __init__(self, limits: Limits, receive: Receive, send: Send) -> None:
        self._limits = limits
        self._receive = receive
        self._send = send
        self._more = True

    async def receive(self) -> HTTPReceiveMessage:
        """Hands on what comes."""
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message  # type: ignore[return-value]

    async def send(self, message: Message) -> None:
        """Hands on the answer."""
        if self._more and message["type"] == "http.response.start":
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.body_s):
                    await self._discard()
        await self._send(message)

    async def _discard(self) -> None:
        left = _DISCARDED * self._limits.body_bytes
        while self._more and left > 0:
            async with asyncio.timeout(_PAUSE_S):
                message = await self.receive()
            if message["type"] == "http.request":
                left -= len(message["body"])


def _secrets(scope: HTTPScope) -> Iterator[str]:
    """What the log hides of a request."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    yield from secrets_of(headers, scope["query_string"].decode("latin-1"))
    content_type = next((value for name, value in headers if name == "content-type"), "")
    yield from secrets_of_content(scope["state"].get(BODY, b""), content_type)


def _has_body(scope: HTTPScope) -> bool:
    """Whether a client sends one without waiting for leave to do so (RFC 9110, 10.1.1)."""
    names = {name for name, value in scope["headers"] if (name, value) != (b"content-length", b"0")}
    return not names.isdisjoint((b"content-length", b"transfer-encoding")) and b"expect" not in names
