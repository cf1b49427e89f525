"""What of a request signs somebody in somewhere, or says so by its name: the values that `obmen.domain.masking` hides. Pure."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import unquote, unquote_plus

import msgspec

from obmen.domain.masking import is_secret, secrets_in
from obmen.domain.requests.content_types import FORM, content_type_of

_OF_HEADERS: Final = ("auth", "key", "session")
"""What in the name of a header says so too."""


def signs_in(header: str) -> bool:
    """Whether a header of this name signs somebody in."""
    return is_secret(header) or any(part in header.lower() for part in _OF_HEADERS)


def secrets_of(headers: Iterable[tuple[str, str]], query: str) -> Iterator[str]:
    """Of headers and of a query string as it was sent."""
    for name, value in headers:
        yield from _of_header(name.lower(), value.strip())
    yield from _of_pairs(query)


def secrets_of_content(content: bytes, content_type: str) -> Iterator[str]:
    """Of a body as it was sent, JSON or a form."""
    if content.lstrip()[:1] in (b"{", b"["):
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield from secrets_in(msgspec.json.decode(content))
    elif content_type_of(content_type).kind == FORM:
        yield from _of_pairs(content.decode("utf-8", "replace"))  # as they were escaped


def _of_header(name: str, value: str) -> Iterator[str]:
    """The value, what follows its scheme, and the password of Basic (RFC 7617); of ``Cookie`` each value."""
    if name == "cookie":
        for part in value.split(";"):
            sent = part.partition("=")[2].strip()
            yield from (sent.strip('"'), unquote(sent.strip('"')))
    elif signs_in(name):
        yield value
        scheme, _, credentials = value.partition(" ")
        yield credentials.strip()
        if scheme.lower() == "basic":
            yield from _of_basic(credentials.strip())


def _of_basic(credentials: str) -> Iterator[str]:
    try:
        text = base64.b64decode(credentials + "=" * (-len(credentials) % 4)).decode("utf-8", "replace")
    except ValueError:
        return
    yield text
    yield text.partition(":")[2]


def _of_pairs(text: str) -> Iterator[str]:
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if is_secret(unquote_plus(name), in_address=True):
            yield from (unquote_plus(value), value)
