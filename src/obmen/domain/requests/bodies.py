"""Bodies that other systems send: JSON, forms, multipart, XML, text or bytes, distinguished by content type and by content.

What comes out is JSON values; a file of a form comes as ``{title, mimeType, size, src}`` with its content as a ``data:``
address, which a field of files takes as it is (docs/reference/external-requests.md). Called by the API.
"""

import base64
import codecs
from contextlib import suppress
from typing import Any, Final

from obmen.domain.requests import query_strings
from obmen.domain.requests.charsets import charset_of, codec_of, decoded, is_wide
from obmen.domain.requests.content_codings import ACCEPTED, BrokenCoding, UnknownCoding, unpacked
from obmen.domain.requests.content_types import FORM, ContentType, content_type_of
from obmen.domain.requests.json_bodies import read_json
from obmen.domain.requests.limits import Limits
from obmen.domain.requests.multipart_bodies import Part, parts_of
from obmen.domain.requests.xml_bodies import read_xml
from obmen.errors import BadRequest, TooLarge, Unsupported

_MULTIPART: Final = "multipart/form-data"
_BINARY: Final = "application/octet-stream"
_JSON: Final = "application/json"
_XML: Final = "application/xml"
_JSON_STARTS: Final = (b"{", b"[")
_NO_CODINGS: Final = ("none", "binary", "7bit", "8bit")
_BLANKS: Final = b" \t\r\n"


def unpacked_body(content: bytes, encodings: str, limit: int) -> bytes:
    """``content`` without the ``Content-Encoding`` that it came with; the name of a charset there, or of none, is passed over.

    `Unsupported` for an encoding that is unknown, `BadRequest` for content that is not in it; ``UnpackedTooLarge``
    past ``limit`` bytes.
    """
    meant = (
        name for name in encodings.split(",") if name.strip().lower() not in _NO_CODINGS and codec_of(name) is None
    )
    try:
        return unpacked(content, ",".join(meant), limit)
    except UnknownCoding as error:
        raise Unsupported("request.unknown_encoding", sent=str(error), known=ACCEPTED) from None
    except BrokenCoding as error:
        raise BadRequest("request.not_unpacked", encoding=error) from None


def read_body(content: bytes, content_type: str, limits: Limits) -> Any:
    """The body's value; ``{}`` for none, and for blanks. `BadRequest` where it is not what its content type says.

    `TooLarge` names the limit that is exceeded.
    """
    given = content_type_of(content_type)
    if not content or (_is_text(given) and is_blank(content)):
        return {}
    if given.kind == _MULTIPART:
        return _multipart(content, given, limits)
    if given.speaks("json"):
        return read_json(_in_utf_8(content, given), limits)
    if given.speaks("xml"):
        return read_xml(_text(content, given), limits)
    if _is_text(given):
        return _looked_at(content, given, limits)
    return data_address(content, given.kind)


def read_json_body(content: bytes, content_type: str, limits: Limits, *, exact: bool = False) -> Any:
    """The value of a body that has to be JSON, whatever its content type says; ``{}`` for none, and for blanks.

    Many clients send JSON under the type of forms, or under none. `BadRequest` names the type where it is no JSON.
    """
    if is_blank(content):
        return {}
    given = content_type_of(content_type)
    try:
        text = _in_utf_8(content, ContentType(_JSON, given.parameters))
        return read_json(text, limits, exact=exact)
    except BadRequest:
        if given.kind == "" or given.speaks("json") or _start(content) in _JSON_STARTS:
            raise
        raise BadRequest("request.json_wanted", sent=given.kind) from None


def is_blank(content: bytes) -> bool:
    """Whether nothing stands in a text, apart from a byte order mark."""
    return not _without_mark(content).strip(_BLANKS)


def _start(content: bytes) -> bytes:
    return _without_mark(content).lstrip(_BLANKS)[:1]


def _without_mark(content: bytes) -> bytes:
    return content.removeprefix(codecs.BOM_UTF8)


def data_address(content: bytes, mime_type: str) -> str:
    """``content`` as an address of its own (RFC 2397)."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def _is_text(given: ContentType) -> bool:
    return (
        given.kind in ("", FORM, _MULTIPART)
        or given.kind.startswith("text/")
        or given.speaks("json")
        or given.speaks("xml")
    )


def _looked_at(content: bytes, given: ContentType, limits: Limits) -> Any:
    """What senders often leave unnamed or misname: JSON, XML, a form, text, or bytes."""
    start = _start(content)
    with suppress(BadRequest):  # it may only look like it
        if start in _JSON_STARTS:
            return read_json(_in_utf_8(content, given), limits)
        if start == b"<" and given.kind == "":
            return read_xml(_text(content, ContentType(_XML, given.parameters)), limits)
    if given.kind == FORM:
        return _form(content, given, limits)
    try:
        return _text(content, given)
    except BadRequest:
        return data_address(content, given.kind or _BINARY)


def _text(content: bytes, given: ContentType) -> str:
    return decoded(content, charset_of(content, given))


def _in_utf_8(content: bytes, given: ContentType) -> bytes:
    codec = charset_of(content, given)
    return content if codec == "utf_8" else decoded(content, codec).encode()


def _form(content: bytes, given: ContentType, limits: Limits) -> dict[str, Any]:
    codec = charset_of(content, given)
    if is_wide(codec):
        content, codec = decoded(content, codec).encode(), "utf_8"
    return query_strings.parse(content, limits, codec)


def _multipart(content: bytes, given: ContentType, limits: Limits) -> dict[str, Any]:
    parts: list[Part] = []
    for part in parts_of(content, given):
        if len(parts) == limits.parameters:
            raise TooLarge("request.too_many_parameters", limit=limits.parameters)
        parts.append(part)
    named = query_strings.named_codec((part.name.encode(), part.content) for part in parts)
    codec = named or codec_of(given.charset) or "utf_8"
    return query_strings.nested(((part.name, _value(part, codec)) for part in parts), limits)


def _value(part: Part, codec: str) -> Any:
    """A text, or a file: that is what has a file name, or a content type that is no text."""
    kind = part.content_type.kind
    if part.file_name or (part.content and (part.file_name is not None or not _is_text(part.content_type))):
        mime_type = kind or _BINARY
        return {
            "title": part.file_name or part.name,
            "mimeType": mime_type,
            "size": len(part.content),
            "src": data_address(part.content, mime_type),
        }
    return decoded(part.content, codec_of(part.content_type.charset) or codec)
