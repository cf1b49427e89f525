"""JSON as Obmen writes and reads it: decimals are numbers, and no number is rounded.

Records and filters are read by `decode`; what becomes a variable of a process, by `decode_near`
(docs/decisions/0039-numbers-in-processes.md).
"""

import re
from decimal import Decimal
from typing import Any, Final

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


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _DIGITS:
        raise ValueError("number out of range")
    return number


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
