"""Headers: how many there may be and how large, in requests and in the answers that scenarios write; how a value is written. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from obmen.domain.json_values import json_text
from obmen.domain.requests.cookies import sets_own

Text = TypeVar("Text", str, bytes)

TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What a header can be called (RFC 9110, 5.1); others cannot be sent."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
OF_THE_CONNECTION: Final = frozenset({
    "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers that no scenario sets, though it may pass on those it got (RFC 9110, 7.6.1)."""
_ADDRESSES: Final = ("location", "content-location", "refresh", "link")
_ASCII: Final = "".join(map(chr, range(128)))
_FILE_NAME: Final = re.compile(r';\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)")
_NO_NAME_CHARACTERS: Final = re.compile(r'[^ -~]|["\\]')


class HeaderLimits(msgspec.Struct, frozen=True):
    """Named as the settings of ``limits`` are."""

    header_count: int
    header_bytes: int
    headers_bytes: int

    def exceeded(self, headers: Sequence[tuple[Text, Text]]) -> str | None:
        """The name of the limit that ``headers`` exceed, the first where there are several; ``None`` where they fit."""
        if len(headers) > self.header_count:
            return "header_count"
        sizes = [len(name) + len(value) for name, value in headers]
        if max(sizes, default=0) > self.header_bytes:
            return "header_bytes"
        return "headers_bytes" if sum(sizes) > self.headers_bytes else None


def written_headers(sent: Mapping[Any, Any], own_cookie: str) -> Iterator[tuple[str, str]]:
    """The headers that a scenario wrote, as they go out; a list makes a header several times, null makes none.

    Left out are those whose name cannot be sent, those of the connection (RFC 9110, 7.6.1), and a ``Set-Cookie`` that would set
    the cookie called ``own_cookie``.
    """
    for given, values in sent.items():
        name = str(given)
        lower = name.lower()
        if not TOKEN.fullmatch(name) or lower in OF_THE_CONNECTION:
            continue
        for value in values if isinstance(values, list) else [values]:
            if value is None:
                continue
            text = header_text(lower, value if isinstance(value, str) else json_text(value).decode())
            if lower != "set-cookie" or not sets_own(text, own_cookie):
                yield name, text


def header_text(name: str, text: str) -> str:
    """``text`` as the value of the header ``name``, which is in lower case.

    Without what would begin another header, and in characters that a header can hold (RFC 9110, 5.5): addresses are escaped, names
    of files written in two spellings; any other character that Latin-1 lacks becomes ``?``.
    """
    text = _CONTROL.sub(" ", text)
    if text.isascii():
        return text
    if name == "content-disposition" and "filename*" not in text.lower():
        text = _FILE_NAME.sub(lambda found: _file_name(_ESCAPED.sub(r"\1", found[1] or found[2] or "")), text, count=1)
    elif name in _ADDRESSES:
        return quote(text, safe=_ASCII, errors="replace")
    return text.encode("latin-1", "replace").decode("latin-1")


def attachment(title: str) -> str:
    """The ``Content-Disposition`` of a file to be saved under ``title`` (RFC 6266, 4.3)."""
    return f"attachment{_file_name(title)}"


def _file_name(title: str) -> str:
    """Parameters for ``title``: as it is where every client reads that, else in two spellings (RFC 6266, D)."""
    title = title.strip()
    plain = _NO_NAME_CHARACTERS.sub("_", title)
    encoded = "" if plain == title else f"; filename*=UTF-8''{quote(title, safe='', errors='replace')}"
    return f'; filename="{plain}"{encoded}'
