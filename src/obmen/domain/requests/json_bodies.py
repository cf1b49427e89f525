"""JSON that other systems send. Pure."""

import re
from typing import Any, Final

import msgspec

from obmen.domain.encoding import decode, decode_near, excess
from obmen.domain.requests.limits import Limits
from obmen.errors import BadRequest, TooLarge

_HALF: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""The escape of half a surrogate pair without the other half."""


def read_json(content: bytes, limits: Limits, *, exact: bool = False) -> Any:
    """The value of JSON text in UTF-8; `BadRequest` says where it breaks, `TooLarge` which limit it exceeds.

    Numbers are read by `encoding.decode` where they are to be ``exact``, otherwise by `encoding.decode_near`. Half of a
    surrogate pair, as JavaScript makes by cutting a text, becomes U+FFFD.
    """
    match excess(content, depth=limits.depth, values=limits.values):
        case "depth":
            raise TooLarge("request.too_deep", limit=limits.depth)
        case "values":
            raise TooLarge("request.too_many_values", limit=limits.values)
    read = decode if exact else decode_near
    try:
        return _read(read, content)
    except msgspec.DecodeError as error:
        raise BadRequest("request.not_json", problem=error) from None
    except UnicodeDecodeError as error:
        raise BadRequest("request.not_text", encoding="utf-8", problem=error) from None
    except RecursionError:
        raise TooLarge("request.too_deep", limit=limits.depth) from None


def _read(read: Any, content: bytes) -> Any:
    try:
        return read(content)
    except msgspec.DecodeError:
        plain = content.replace(rb"\\", rb"\u005c").decode()  # what begins with a backslash now is an escape
        whole, halves = _HALF.subn(r"\\ufffd", plain)
        if halves == 0:
            raise
        return read(whole)
