"""Bodies that other systems send: JSON, forms, multipart, XML, text or bytes, distinguished by content type and by content.

What comes out is JSON values; a file of a form comes as ``{title, mimeType, size, src}`` with its content as a ``data:``
address, which a field of files takes as it is (docs/reference/external-requests.md). Called by the API.
"""

import base64
import codecs
import re
from contextlib import suppress
from email.message import Message
from itertools import accumulate
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

import msgspec
import multipart
import xmltodict

from obmen.domain.encoding import decode
from obmen.domain.requests import query_strings
from obmen.errors import BadRequest, TooLarge

_FORM: Final = "application/x-www-form-urlencoded"
_BINARY: Final = "application/octet-stream"
_JSON_STARTS: Final = (b"{", b"[")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in _STEPS)
_NO_CHARSETS: Final = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
"""What Python decodes besides the charsets of the web; some of it to texts that cannot be stored."""


def read_body(content: bytes, content_type: str, *, depth: int) -> Any:
    """The body's value; ``{}`` for none. `BadRequest` where it is not what its content type says, `TooLarge` past ``depth``."""
    if not content:
        return {}
    kind, charset, boundary = _kind(content_type)
    if kind == "multipart/form-data":
        return _multipart(content, boundary, charset, depth)
    if _is(kind, "xml") or (kind == "" and content.lstrip()[:1] == b"<"):
        return _xml(content, charset, depth)
    if _is(kind, "json"):
        return read_json(_decoded(content, charset).encode(), depth=depth)
    if kind in ("", _FORM) or kind.startswith("text/"):
        return _looked_at(content, kind, charset, depth)
    return data_address(content, kind)


def _looked_at(content: bytes, kind: str, charset: str, depth: int) -> Any:
    """What senders often leave unnamed or misname: JSON, a form, text, or bytes."""
    if content.lstrip()[:1] in _JSON_STARTS:
        with suppress(BadRequest):  # it may only look like it
            return read_json(_decoded(content, charset).encode(), depth=depth)
    if kind == _FORM:
        return query_strings.parse(_decoded(content, charset), depth=depth, encoding=charset)
    try:
        return _decoded(content, charset)
    except BadRequest:
        return data_address(content, kind or _BINARY)


def read_json(content: bytes, *, depth: int, exact: bool = False) -> Any:
    """The value of JSON text, also behind a byte order mark; `BadRequest` says where it breaks, `TooLarge` past ``depth``.

    With ``exact``, numbers with a fraction or exponent are `Decimal`.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    if content.count(b"[") + content.count(b"{") > depth and _depth(content) > depth:
        raise TooLarge("request.too_deep", limit=depth)
    try:
        return decode(content) if exact else msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise BadRequest("request.not_json", problem=error) from None
    except UnicodeDecodeError as error:
        raise BadRequest("request.not_text", encoding="utf-8", problem=error) from None


def data_address(content: bytes, mime_type: str) -> str:
    """``content`` as an address of its own (RFC 2397)."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def _is(kind: str, syntax: str) -> bool:
    return kind.endswith((f"/{syntax}", f"+{syntax}"))


def _kind(content_type: str) -> tuple[str, str, str]:
    """``(media type, charset, boundary)`` of a Content-Type header."""
    if not content_type.strip():
        return "", "utf-8", ""
    message = Message()
    message["Content-Type"] = content_type.replace("\r", "").replace("\n", "")
    charset = _known(message.get_content_charset("utf-8"))
    kind = message.get_content_type() if "/" in content_type else ""
    return kind, charset, str(message.get_param("boundary") or "")


def _known(charset: str) -> str:
    """``charset``, or `BadRequest` where it is no encoding of texts as senders know them."""
    try:
        name = codecs.lookup(charset).name
        b"a".decode(charset, "replace")
    except (LookupError, ValueError):
        name = ""
    if name in ("", *_NO_CHARSETS):
        raise BadRequest("request.unknown_charset", charset=charset)
    return charset


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode("utf-8-sig" if charset == "utf-8" else charset)
    except UnicodeDecodeError as error:
        raise BadRequest("request.not_text", encoding=charset, problem=error) from None


def _depth(content: bytes) -> int:
    """How deeply JSON text nests, without reading its values."""
    brackets = _STRING.sub(b"", content).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _multipart(content: bytes, boundary: str, charset: str, depth: int) -> dict[str, Any]:
    pairs: list[tuple[str, Any]] = []
    try:
        parser = multipart.PushMultipartParser(boundary, content_length=len(content))
        name, part, collected = "", None, bytearray()
        for event in parser.parse(content):
            if isinstance(event, multipart.MultipartSegment):
                name, part, collected = event.name, event, bytearray()
            elif event:
                collected += event
            elif part is not None:
                pairs.append((name, _part(part, bytes(collected), charset)))
        parser.close()
    except (multipart.MultipartError, ValueError) as error:
        raise BadRequest("request.not_multipart", problem=error) from None
    return query_strings.nested(pairs, depth=depth)


def _part(part: multipart.MultipartSegment, content: bytes, charset: str) -> Any:
    if not part.filename:
        return _decoded(content, _known(part.charset) if part.charset else charset)
    mime_type = part.content_type or _BINARY
    return {
        "title": part.filename,
        "mimeType": mime_type,
        "size": len(content),
        "src": data_address(content, mime_type),
    }


def _xml(content: bytes, charset: str, depth: int) -> Any:
    """Elements as objects, attributes as ``@name``, mixed text as ``#text``; no entities, no network."""
    encoding = None if content[:5] == b"<?xml" else charset
    try:
        _check_xml(content, encoding, depth)
        return xmltodict.parse(content, encoding=encoding)
    except (ExpatError, ValueError, LookupError) as error:
        raise BadRequest("request.not_xml", problem=error) from None


def _check_xml(content: bytes, encoding: str | None, depth: int) -> None:
    """`TooLarge` past ``depth``: what comes of it is written as JSON, which recurses."""
    level = 0
    parser = ParserCreate(encoding)

    def begin(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal level
        level += 1
        if level > depth:
            raise TooLarge("request.too_deep", limit=depth)

    def end(_name: str) -> None:
        nonlocal level
        level -= 1

    def declare(*_: object) -> None:
        raise ValueError("entities are disabled")

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = begin, end, declare
    parser.Parse(content, True)
