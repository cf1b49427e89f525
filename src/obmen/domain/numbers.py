"""Reading numbers that senders wrote as numbers or as text."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

DIGITS: Final = 100
"""A number with more digits than this before or after the point is refused: it is no measure of anything."""


def decimal(value: Any) -> Decimal:
    """The exact decimal of an ``int``, ``float``, ``Decimal`` or numeric text; ``ValueError`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError(value)  # noqa: TRY004 (one error for all that is no number)
    if isinstance(value, int) and value.bit_length() > DIGITS * 4:
        raise ValueError(value)
    if isinstance(value, str) and ("_" in value or not value.isascii()):  # Python's own spellings of numbers
        raise ValueError(value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(value) from None
    if not number.is_finite() or abs(number.adjusted()) > DIGITS:
        raise ValueError(value)
    return number
