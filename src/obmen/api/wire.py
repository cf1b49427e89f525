"""What stands on the wire: requests with what the application hands to handlers, JSON bodies, query strings, answers."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import State

from obmen.api.connections import application
from obmen.domain.field_types import shown
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import read_json_body, unpacked_body
from obmen.domain.requests.content_codings import UnpackedTooLarge
from obmen.domain.rights.policies import Caller
from obmen.errors import BadRequest, TooLarge
from obmen.services.application import Application

Value = TypeVar("Value")

_LARGE_BYTES: Final = 65_536
_ASCII: Final = bytes(range(128))


class ApiRequest(Request[Caller, None, State]):
    """A request, and the application it came to."""

    @property
    def obmen(self) -> Application:
        """The use cases."""
        return application(self)

    @property
    def query_text(self) -> str:
        """The query string as it was sent, with what is no ASCII escaped: many clients send UTF-8 as it is."""
        return quote(self.scope["query_string"], safe=_ASCII)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the query string, brackets read."""
        text = self.query_text
        return query_strings.parse(text.encode(), self.obmen.settings.limits) if text else {}


class Json(Response[Value]):
    """An answer of this shape that is JSON already, as PostgreSQL made it."""

    def __init__(self, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(cast("Value", content), media_type=MediaType.JSON, headers=dict(headers or {}))


class Done(msgspec.Struct, frozen=True):
    """It is done; there is nothing to say."""


class Saved(msgspec.Struct, frozen=True):
    """It is made."""

    id: str


async def body(request: ApiRequest, limit: int | None = None) -> bytes:
    """The request's body, without its content encoding; `TooLarge` past the limit, before it is all read or unpacked.

    `BadRequest` where it comes too slowly, ends too early or cannot be unpacked.
    """
    limits = request.obmen.settings.limits
    most = min(limits.body_bytes, limit or limits.body_bytes)
    too_large = TooLarge("request.too_large" if limit is None else "request.too_large_here", limit=most)
    content = bytearray()
    more = True
    try:
        async with asyncio.timeout(limits.body_s):
            while more:
                message = await request.receive()
                if message["type"] != "http.request":
                    raise BadRequest("request.cut_off")
                content += message.get("body", b"")
                more = message.get("more_body", False)
                if len(content) > most:
                    await _discard(request, 4 * limits.body_bytes if more else 0)
                    raise too_large
    except TimeoutError:
        raise BadRequest("request.too_slow", limit=limits.body_s) from None
    encoding = ",".join(request.headers.getall("content-encoding", []))
    if not encoding:
        return bytes(content)
    try:
        return await asyncio.to_thread(unpacked_body, bytes(content), encoding, most)
    except UnpackedTooLarge:
        raise too_large from None


async def _discard(request: ApiRequest, left: int) -> None:
    """Takes up to ``left`` bytes more of a refused body: a client that is still sending reads no answer."""
    while left > 0:
        message = await request.receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))


async def aside(read: Callable[[], Value], size: int) -> Value:
    """``read()``, in a thread where there is much to read: other requests go on meanwhile."""
    return read() if size < _LARGE_BYTES else await asyncio.to_thread(read)


async def json_object(request: ApiRequest, *, exact: bool = False) -> dict[str, Any]:
    """The JSON object of the body, with `Decimal` numbers where it is ``exact``; `BadRequest` for anything else."""
    content, limits = await body(request), request.obmen.settings.limits
    read = partial(read_json_body, content, request.headers.get("content-type", ""), limits, exact=exact)
    value = await aside(read, len(content))
    if not isinstance(value, dict):
        raise BadRequest("request.not_object", sent=shown(value))
    return value
