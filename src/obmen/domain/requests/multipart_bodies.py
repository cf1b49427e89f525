"""The parts of ``multipart/form-data`` (RFC 7578), as browsers, old libraries and home-made clients write them. Pure."""

import binascii
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from obmen.domain.requests.charsets import codec_of
from obmen.domain.requests.content_types import ContentType, content_type_of, parameters_of
from obmen.errors import BadRequest

_DELIMITER_REST: Final = re.compile(rb"(--)?[ \t]*+(?=\r?\n|\Z)")
_LINE_END: Final = re.compile(rb"\r?\n")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
_FOLDED: Final = re.compile(rb"\r?\n[ \t]+")
_EXTENDED: Final = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL)
_WORDS: Final = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]*+)\?=(?:\s++(?==\?))?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MOST_HEADERS: Final = 16_384
"""Bytes of the headers of a part; browsers write some 200."""
_RUSSIAN: Final = "cp1251"
"""The charset of names that are no UTF-8, where the body names none."""


class Part(msgspec.Struct, frozen=True):
    """One part: ``file_name`` is ``None`` where it has no parameter of that name."""

    name: str
    file_name: str | None
    content_type: ContentType
    content: bytes


def parts_of(content: bytes, content_type: ContentType) -> Iterator[Part]:
    """The parts in order; `BadRequest` where the body is cut off or has no parts."""
    codec = codec_of(content_type.charset)
    boundary = content_type.boundary.rstrip().encode("utf-8", "replace")
    if not boundary:
        raise BadRequest("request.no_boundary")
    begin = None
    for at, end, is_last in _delimiters(content, b"--" + boundary):
        if begin is not None:
            yield _part(content[begin:at].removesuffix(b"\r"), codec)
        if is_last:
            return
        begin = end
    raise BadRequest("request.not_multipart", boundary=boundary.decode("utf-8", "replace")[:80])


def _delimiters(content: bytes, line: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where the line end before each delimiter (RFC 2046, 5.1.1) stands, where the delimiter ends, and whether it is the last one."""
    at, start = (0, len(line)) if content.startswith(line) else (content.find(b"\n" + line), len(line) + 1)
    while at >= 0:
        if (rest := _DELIMITER_REST.match(content, at + start)) is not None:
            yield at, rest.end(), rest[1] is not None
        at, start = content.find(b"\n" + line, at + start), len(line) + 1


def _part(written: bytes, codec: str | None) -> Part:
    end = _HEADERS_END.search(written, 0, _MOST_HEADERS)
    if end is None:
        raise BadRequest("request.bad_part", sent=written[:80].decode("utf-8", "replace"))
    headers = _headers(_FOLDED.sub(b" ", written[: end.start()]), codec)
    parameters = parameters_of(headers.get("content-disposition", ""))
    file_name = _extended(parameters, "filename", codec)
    if file_name is None and "filename" in parameters:
        file_name = _words(_unquoted(parameters["filename"]))
    return Part(
        name=_extended(parameters, "name", codec) or _unquoted(parameters.get("name", "")),
        file_name=None if file_name is None else _CONTROL.sub("", re.split(r"[/\\]", file_name)[-1]).strip(),
        content_type=content_type_of(headers.get("content-type", "")),
        content=_decoded(written[end.end() :], headers.get("content-transfer-encoding", "")),
    )


def _headers(block: bytes, codec: str | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in _LINE_END.split(block):
        name, _, value = _text(line, codec).partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _text(raw: bytes, codec: str | None) -> str:
    """UTF-8 where it can be."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(codec if codec and codec != "utf_8" else _RUSSIAN, "replace")


def _extended(parameters: dict[str, str], name: str, codec: str | None) -> str | None:
    """``filename*=UTF-8''%D0%B0`` (RFC 8187); ``None`` where there is none, or nothing in it."""
    written = parameters.get(f"{name}*", "")
    parts = _EXTENDED.fullmatch(written)
    charset, text = (parts[1], parts[2]) if parts else ("", written)
    raw = unquote_to_bytes(text)
    named = codec_of(charset)
    return (raw.decode(named, "replace") if named else _text(raw, codec)) or None


def _unquoted(value: str) -> str:
    """A quote and line ends stand as ``%22``, ``%0D``, ``%0A`` (HTML, 4.10.22.8), or a quote behind a backslash.

    Other backslashes belong to a path.
    """
    value = value.replace('\\"', '"')
    return value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _words(value: str) -> str:
    """With encoded words (RFC 2047) read, which stand in no header of a form, but are sent by .NET and by mail libraries."""
    return _WORDS.sub(_word, value)


def _word(found: re.Match[str]) -> str:
    codec = codec_of(found[1])
    if codec is None:
        return found[0]
    if found[2] in "qQ":
        raw = binascii.a2b_qp(found[3].encode(), header=True)
    else:
        try:
            raw = binascii.a2b_base64(found[3] + "==")
        except (binascii.Error, ValueError):
            return found[0]
    return raw.decode(codec, "replace")


def _decoded(content: bytes, transfer_encoding: str) -> bytes:
    """The content of libraries that build forms as they build mail."""
    match transfer_encoding.lower():
        case "base64":
            try:
                return binascii.a2b_base64(content)
            except binascii.Error:
                return content
        case "quoted-printable":
            return binascii.a2b_qp(content)
    return content
