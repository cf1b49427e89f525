"""External requests: the variables a process starts with, and the answer made of those it ends with.

docs/reference/external-requests.md describes both. Called by ``api/resources/web_requests``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from obmen.domain.json_values import json_text
from obmen.domain.raw_bodies import RAW_BODY, raw_text
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import read_body
from obmen.domain.requests.cookies import read_cookies
from obmen.domain.requests.headers import HeaderLimits, written_headers
from obmen.domain.requests.limits import Limits
from obmen.errors import ProcessFailed

_SANDBOX: Final = "sandbox allow-scripts allow-forms allow-popups allow-downloads"
"""A page that a process answers runs in an origin of its own: it cannot act with the session of who opens it."""
_NO_PAGE: Final = ("application/json", "text/plain", "text/csv")
"""What a browser never runs as a page."""
_NO_BODY: Final = (204, 205, 304)


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came; ``url`` is whole, ``headers`` in order, names in any letter case, ``body`` without its content encoding."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes


class ExternalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent back."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def variables_of(received: Received, *, own_cookie: str, limits: Limits) -> dict[str, Any]:
    """``url, method, headers, cookies, query, body, rawBody``; without Obmen's own session cookie, which is no scenario's business."""
    cookies = read_cookies((value for name, value in received.headers if name.lower() == "cookie"), own_cookie)
    headers = _joined(received.headers)
    if cookies.others:
        headers["cookie"] = cookies.header
    content_type = headers.get("content-type", "")
    return {
        "url": received.url,
        "method": received.method,
        "headers": headers,
        "cookies": cookies.values(),
        "query": query_strings.parse(received.url.partition("?")[2].encode(), limits),
        "body": read_body(received.body, content_type, limits),
        RAW_BODY: raw_text(received.body),
    }


def _joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """All but cookies, under lower-case names, as Node.js gives them; a repeated header is joined by commas."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items() if name != "cookie"}


def answer_of(variables: Mapping[str, Any], *, own_cookie: str, limits: HeaderLimits) -> ExternalAnswer:
    """The answer that ``$status``, ``$headers`` and ``$body`` come to; `ProcessFailed` where they come to none.

    ``Content-Type`` is added where a body has none: ``application/json``, or ``text/html`` for a text.
    """
    status = _status(variables.get("$status"))
    headers = _headers(variables.get("$headers") or {}, own_cookie)
    given = {name.lower(): value for name, value in headers}
    body, kind = _content(variables.get("$body"))
    if status in _NO_BODY:
        body = b""
    if body and "content-type" not in given:
        headers.append(("Content-Type", kind))
    if body and "content-security-policy" not in given and _may_be_page(given.get("content-type", kind)):
        headers.append(("Content-Security-Policy", _SANDBOX))
    if (limit := limits.exceeded(headers)) is not None:
        raise ProcessFailed("process.headers_too_large", setting=limit, limit=getattr(limits, limit))
    return ExternalAnswer(status=status, headers=headers, body=body)


def _status(sent: Any) -> int:
    if sent is None:
        return 200
    if isinstance(sent, str) and sent.isascii() and sent.isdecimal():
        sent = int(sent[:4])
    if isinstance(sent, float) and sent.is_integer():
        sent = int(sent)
    if isinstance(sent, bool) or not isinstance(sent, int) or not 200 <= sent <= 599:
        raise ProcessFailed("process.bad_status", sent=repr(sent)[:80])
    return sent


def _headers(sent: Any, own_cookie: str) -> list[tuple[str, str]]:
    if not isinstance(sent, Mapping):
        raise ProcessFailed("process.bad_headers", sent=repr(sent)[:80])
    return list(written_headers(sent, own_cookie))


def _content(value: Any) -> tuple[bytes, str]:
    if value is None:
        return b"", ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), "text/html; charset=utf-8"
    return json_text(value), "application/json"


def _may_be_page(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind not in _NO_PAGE and not kind.endswith("+json")
