"""JSON as Obmen writes and reads it: decimals are numbers, and no number is rounded.

Records and filters are read by `decode`; what becomes a variable of a process, by `decode_near`
(docs/decisions/0039-numbers-in-processes.md).
"""

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Any, Final, Literal

import msgspec

_DIGITS: Final = 400
"""Numbers with more digits than this before or after the point are no JSON of Obmen's: written out they would fill the memory."""
SAFE_INTEGER: Final = 2**53 - 1
"""Up to here a double holds every whole number (ECMA-262, 21.1.2.6)."""
_EVERY_DOUBLE: Final = 16
"""A decimal of fifteen digits and a point comes back out of a double as it was."""
_LONG: Final = re.compile(r"\d{16}")
_LONG_BYTES: Final = re.compile(rb"\d{16}")
"""Content without so many digits in a row has no number beyond `SAFE_INTEGER`."""
_STRING: Final = re.compile(r'"[^"]*+"?')
"""Without escapes in it; also one that does not end, so that each byte is looked at once."""
_BLANKS: Final = b" \t\r\n"
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in _STEPS)


def _exact(text: str) -> Decimal:
    with suppress(InvalidOperation):  # an exponent that no decimal has
        if len(text) <= 2 * _DIGITS and abs((number := Decimal(text)).adjusted()) <= _DIGITS:
            return number
    raise ValueError("number out of range")


def _double(text: str) -> float | str:
    """The double that is written as the same number; ``text`` where there is none."""
    if len(text) <= _EVERY_DOUBLE and text.lower().find("e") < 0:
        return float(text)
    exact, number = _exact(text), float(text)
    return number if exact == Decimal(repr(number)) else text


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=_exact)
_NEAR_DECODER: Final = msgspec.json.Decoder(float_hook=_double)


def encode(value: Any) -> bytes:
    """``value`` as JSON text in UTF-8."""
    return _ENCODER.encode(value)


def decode(content: bytes | str) -> Any:
    """The value of JSON text, with `Decimal` for numbers with a fraction or exponent; ``msgspec.DecodeError`` where it is none."""
    return _DECODER.decode(content)


def decode_near(content: bytes | str) -> Any:
    """The value of JSON text as JavaScript can hold it; ``msgspec.DecodeError`` where it is none.

    A number that a double does not hold exactly is the text of it, as it was written.
    """
    value = _NEAR_DECODER.decode(content)
    found = _LONG.search(content) if isinstance(content, str) else _LONG_BYTES.search(content)
    return value if found is None else _without_long_integers(value)


def _without_long_integers(value: Any) -> Any:
    """``value`` with texts in place of the whole numbers that a double does not hold; changed in place."""
    holder = [value]
    waiting: list[Any] = [holder]
    while waiting:
        inner = waiting.pop()
        for key, item in inner.items() if type(inner) is dict else enumerate(inner):
            kind = type(item)
            if kind is dict or kind is list:
                waiting.append(item)
            elif kind is int and not -SAFE_INTEGER <= item <= SAFE_INTEGER:
                inner[key] = str(item)
    return holder[0]


def excess(content: bytes, *, depth: int, values: int) -> Literal["depth", "values"] | None:
    """Which limit JSON text exceeds, found in linear time and little memory, without reading its values."""
    if _brackets(content) <= depth and 1 + _brackets(content) + content.count(b",") <= values:
        return None
    plain = content.replace(b"\\\\", b"").replace(b'\\"', b"").decode("latin-1")  # of text `sub` takes less memory
    outside = _STRING.sub("$", plain).encode("latin-1").translate(None, _BLANKS)
    if _values(outside) > values:
        return "values"
    steps = map(_STEPS.__getitem__, outside.translate(None, _NO_BRACKETS))
    return "depth" if max(accumulate(steps), default=0) > depth else None


def _brackets(content: bytes) -> int:
    return content.count(b"[") + content.count(b"{")


def _values(outside: bytes) -> int:
    """How many there are: one stands first in the text, one first in a list or object that is not empty, the others behind commas."""
    return 1 + outside.count(b",") + _brackets(outside) - outside.count(b"[]") - outside.count(b"{}")
