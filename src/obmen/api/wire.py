"""What stands on the wire: JSON bodies, query strings, answers. Called by all resources."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from litestar import MediaType, Request, Response

from obmen.domain.encoding import encode
from obmen.domain.field_types import shown
from obmen.domain.queries.filters import read_json as read_json_parameter
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import read_json
from obmen.errors import BadRequest, InvalidFilter, TooLarge
from obmen.ports import RecordsQuery
from obmen.settings import Limits

ApiRequest = Request[Any, Any, Any]

_LARGE_BYTES: Final = 65_536


def answer(value: Any, status: int = 200) -> Response[bytes]:
    """``value`` as JSON."""
    return Response(encode(value), status_code=status, media_type=MediaType.JSON)


async def body(request: ApiRequest, limits: Limits, limit: int | None = None) -> bytes:
    """The request's body; `TooLarge` past the limit, before it is all read, `BadRequest` where it comes too slowly or ends too early."""
    most = min(limits.body_bytes, limit or limits.body_bytes)
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
                    raise TooLarge("request.too_large" if limit is None else "request.too_large_here", limit=most)
    except TimeoutError:
        raise BadRequest("request.too_slow", limit=limits.body_s) from None
    return bytes(content)


async def _discard(request: ApiRequest, left: int) -> None:
    """Takes up to ``left`` bytes more of a refused body: a client that is still sending reads no answer."""
    while left > 0:
        message = await request.receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))


async def aside(read: Callable[[], Any], size: int) -> Any:
    """``read()``, in a thread where there is much to read: other requests go on meanwhile."""
    return read() if size < _LARGE_BYTES else await asyncio.to_thread(read)


async def json_object(request: ApiRequest, limits: Limits) -> dict[str, Any]:
    """The JSON object of the body; `BadRequest` for anything else."""
    content = await body(request, limits) or b"{}"
    value = await aside(partial(read_json, content, depth=limits.depth), len(content))
    if not isinstance(value, dict):
        raise BadRequest("request.not_object", sent=shown(value))
    return value


def query(request: ApiRequest, limits: Limits) -> dict[str, Any]:
    """The parameters of the query string, brackets read."""
    text = request.scope["query_string"].decode("latin-1")
    return query_strings.parse(text, depth=limits.depth) if text else {}


def whole_number(parameters: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    """A whole number among the parameters, ``default`` without one; `InvalidFilter` outside ``low … high``."""
    text = query_strings.text_of(parameters, name).strip()
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise InvalidFilter("filter.not_number", name=name, low=low, high=high, sent=shown(text))
    return number


def fields_parameter(parameters: dict[str, Any]) -> Any:
    """``fields``: JSON, a list, or ids with commas."""
    return read_json_parameter(parameters.get("fields"), "fields")


def records_query(parameters: dict[str, Any], limits: Limits) -> RecordsQuery:
    """Which records are asked for (contract: Records); `InvalidFilter` says which parameter does not fit."""
    if not parameters:
        return _ALL
    ids = parameters.get("id", [])
    return RecordsQuery(
        filters=read_json_parameter(parameters.get("filters"), "filters"),
        fields=fields_parameter(parameters),
        search_text=query_strings.text_of(parameters, "searchText"),
        ids=[str(item) for item in (ids if isinstance(ids, list) else [ids])],
        sort_field=query_strings.text_of(parameters, "sortField"),
        descending=whole_number(parameters, "sortType", 1, -1, 1) < 0,
        limit=whole_number(parameters, "limit", 100, 0, limits.page),
        offset=whole_number(parameters, "offset", 0, 0, 2**62),
        offset_minutes=whole_number(parameters, "timezoneOffset", 0, -900, 900),
    )


_ALL = RecordsQuery()
