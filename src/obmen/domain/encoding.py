"""JSON as Obmen writes it: decimals are numbers."""

from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """``value`` as JSON text in UTF-8."""
    return _ENCODER.encode(value)


def plain(value: Any) -> Any:
    """``value`` as plain JSON values, for those who compute with it."""
    return msgspec.json.decode(encode(value))
