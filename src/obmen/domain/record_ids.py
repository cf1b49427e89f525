"""Ids of records: a number, or a text id of the record's own."""

from decimal import Decimal
from typing import Any, Final, TypeAlias

from obmen.domain.schema import is_text_id

RecordId: TypeAlias = int | str
"""``5``, or an own id (never digits alone)."""
_DIGITS: Final = 18
"""Numbers of records fit PostgreSQL's ``bigint``."""


def record_number(value: Any) -> int | None:
    """The number in ``5``, ``5.0`` or ``"5"``; ``None`` for anything else, also for one that no record can have."""
    if (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, Decimal) and value == value.to_integral_value()
    ):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        return None
    return int(text)


def record_id(value: Any) -> RecordId | None:
    """A record's id from ``5``, ``"5"`` or ``"own-id"``; ``None`` for what cannot be one."""
    if (number := record_number(value)) is not None:
        return number
    return str(value) if is_text_id(value) else None
