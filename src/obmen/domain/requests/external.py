"""External requests: the variables a process starts with, and the answer made of those it ends with.

docs/reference/external-requests.md describes both. Called by ``api/resources/web_requests``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from obmen.domain.json_values import json_text
from obmen.domain.raw_bodies import RAW_BODY, raw_text
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import read_body
from obmen.domain.requests.limits import Limits
from obmen.errors import ProcessFailed

_SANDBOX: Final = "sandbox allow-scripts allow-forms allow-popups allow-downloads"
"""A page that a process answers runs in an origin of its own: it cannot act with the session of who opens it."""
_NO_PAGE: Final = ("application/json", "text/plain", "text/csv")
"""What a browser never runs as a page."""
_NO_BODY: Final = (204, 205, 304)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What a header can be called (RFC 9110, 5.1); others cannot be sent."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOP_BY_HOP: Final = {"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


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
    headers = _joined(received.headers, own_cookie)
    content_type = headers.get("content-type", "")
    return {
        "url": received.url,
        "method": received.method,
        "headers": headers,
        "cookies": _cookies(headers.get("cookie", "")),
        "query": query_strings.parse(received.url.partition("?")[2].encode(), limits),
        "body": read_body(received.body, content_type, limits),
        RAW_BODY: raw_text(received.body),
    }


def _joined(headers: Sequence[tuple[str, str]], own_cookie: str) -> dict[str, str]:
    """Lower-case names, as Node.js gives them; a repeated header is joined by commas, cookies by semicolons."""
    joined: dict[str, str] = {}
    for given, text in headers:
        name, value = given.lower(), text
        if name == "cookie":
            kept = (part.strip() for part in value.split(";") if part.partition("=")[0].strip() != own_cookie)
            value = "; ".join(part for part in kept if part)
        joined[name] = f"{joined[name]}{'; ' if name == 'cookie' else ', '}{value}" if name in joined else value
    return joined


def _cookies(header: str) -> dict[str, str]:
    parts = (part.partition("=") for part in header.split("; ") if part)
    return {name.strip(): unquote(value.strip().strip('"')) for name, _, value in parts}


def answer_of(variables: Mapping[str, Any]) -> ExternalAnswer:
    """The answer that ``$status``, ``$headers`` and ``$body`` come to; `ProcessFailed` where they come to none.

    Headers go out as they are written; a list makes a header several times. ``Content-Type`` is added where a body has
    none: ``application/json``, or ``text/html`` for a text.
    """
    status = _status(variables.get("$status"))
    headers = list(_headers(variables.get("$headers") or {}))
    given = {name.lower(): value for name, value in headers}
    body, kind = _content(variables.get("$body"))
    if status in _NO_BODY:
        body = b""
    if body and "content-type" not in given:
        headers.append(("Content-Type", kind))
    if body and "content-security-policy" not in given and _may_be_page(given.get("content-type", kind)):
        headers.append(("Content-Security-Policy", _SANDBOX))
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


def _headers(sent: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(sent, Mapping):
        raise ProcessFailed("process.bad_headers", sent=repr(sent)[:80])
    for given, values in sent.items():
        name = str(given)
        if _TOKEN.fullmatch(name) and name.lower() not in _HOP_BY_HOP:
            for value in values if isinstance(values, list) else [values]:
                if value is not None:
                    yield name, _clean(value if isinstance(value, str) else json_text(value).decode())


def _clean(text: str) -> str:
    """Without what would begin another header; letters that Latin-1 lacks cannot stand in a header."""
    return _CONTROL.sub(" ", text).encode("latin-1", "replace").decode("latin-1")


def _content(value: Any) -> tuple[bytes, str]:
    if value is None:
        return b"", ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), "text/html; charset=utf-8"
    return json_text(value), "application/json"


def _may_be_page(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind not in _NO_PAGE and not kind.endswith("+json")
