"""JSON as Obmen writes and reads it: decimals are numbers, and no number is rounded."""

from decimal import Decimal
from typing import Any, Final

import msgspec

_DIGITS: Final = 400
"""Numbers with more digits than this before or after the point are no JSON of Obmen's: written out they would fill the memory."""


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _DIGITS:
        raise ValueError("number out of range")
    return number


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=_exact)


def encode(value: Any) -> bytes:
    """``value`` as JSON text in UTF-8."""
    return _ENCODER.encode(value)


def decode(content: bytes | str) -> Any:
    """The value of JSON text, with `Decimal` for numbers with a fraction or exponent; ``msgspec.DecodeError`` where it is none."""
    return _DECODER.decode(content)


def plain(value: Any) -> Any:
    """``value`` as plain JSON values, for those who compute with it."""
    return msgspec.json.decode(encode(value))
