"""What stands on the wire: requests with what the application hands to handlers, JSON bodies, query strings, answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache, partial
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import State

from obmen.api.connections import application, body_budget
from obmen.domain.field_types import shown
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import is_blank, read_json_body, unpacked_body
from obmen.domain.requests.content_codings import UnpackedTooLarge
from obmen.domain.requests.limits import Limits
from obmen.domain.rights.policies import Caller
from obmen.errors import BadRequest, TooLarge
from obmen.services.application import Application

Value = TypeVar("Value")

BODY: Final = "obmen_body"
"""Where the state of a request has its body until it is answered."""
_LARGE_BYTES: Final = 65_536
_OFTEN_ASKED: Final = 1_000
"""Query strings up to this length are kept as they were read: sites and other systems ask the same again and again."""
_READERS: Final = ThreadPoolExecutor(2, "bodies")
"""Large bodies are read by so many threads at once, which neither sign-ins nor files wait for."""
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

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the query string, brackets read."""
        text = self.query_text
        if not text:
            return {}
        read = _parameters if len(text) <= _OFTEN_ASKED else _parameters.__wrapped__
        return read(text, self.obmen.settings.limits)


@lru_cache(256)
def _parameters(text: str, limits: Limits) -> Mapping[str, Any]:
    return query_strings.parse(text.encode(), limits)


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
    """The request's body without its content coding, counted in the budget of all bodies until the request is answered.

    `TooLarge` past the limit and `Unavailable` where the budget is used up, before it is all read or unpacked; `BadRequest` where it
    comes too slowly, ends too early or cannot be unpacked.
    """
    limits = request.obmen.settings.limits
    most = min(limits.body_bytes, limit or limits.body_bytes)
    too_large = TooLarge("request.too_large" if limit is None else "request.too_large_here", limit=most)
    content = await _unpacked(request, await _received(request, most, too_large), most, too_large)
    request.scope["state"][BODY] = content
    return content


async def _unpacked(request: ApiRequest, content: bytes, most: int, too_large: TooLarge) -> bytes:
    encoding = ",".join(request.headers.getall("content-encoding", []))
    if not encoding:
        return content
    try:
        unpacked = await aside(partial(unpacked_body, content, encoding, most), _LARGE_BYTES)
    except UnpackedTooLarge:
        raise too_large from None
    if not body_budget(request).take(request.scope, len(unpacked) - len(content)):  # the packed one is let go
        raise body_budget(request).full()
    return unpacked


async def _received(request: ApiRequest, most: int, too_large: TooLarge) -> bytes:
    limits, budget = request.obmen.settings.limits, body_budget(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise too_large
    content = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            async for piece in _pieces(request):
                if len(content) + len(piece) > most:
                    raise too_large
                if not budget.take(request.scope, len(piece)):
                    raise budget.full()
                content += piece
    except TimeoutError:
        raise BadRequest("request.too_slow", limit=limits.body_s) from None
    return bytes(content)


async def _pieces(request: ApiRequest) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise BadRequest("request.cut_off")
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def aside(read: Callable[[], Value], size: int) -> Value:
    """``read()``, in a thread where there is much to read: other requests go on meanwhile."""
    return read() if size < _LARGE_BYTES else await asyncio.get_running_loop().run_in_executor(_READERS, read)


async def json_object(request: ApiRequest, *, exact: bool = False) -> dict[str, Any]:
    """The JSON object of the body, with `Decimal` numbers where it is ``exact``; `BadRequest` for anything else."""
    content, limits = await body(request), request.obmen.settings.limits
    if is_blank(content):
        raise BadRequest("request.no_body")
    read = partial(read_json_body, content, request.headers.get("content-type", ""), limits, exact=exact)
    value = await aside(read, len(content))
    if not isinstance(value, dict):
        raise BadRequest("request.not_object", sent=shown(value))
    return value
