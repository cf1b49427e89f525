"""Moments as the API writes them: ISO 8601, UTC, milliseconds and ``Z``."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

_SPACE_FOR_PLUS: Final = re.compile(r" (?=\d{2}:?\d{2}\Z)")
"""A bare ``+`` in a query string is read as a space."""
_EPOCH: Final = re.compile(r"-?\d{9,14}(?:\.\d+)?")
_MILLISECONDS_FROM: Final = 10**11
"""Epoch numbers below count seconds, others milliseconds."""


def iso(moment: datetime) -> str:
    """``2015-11-06T21:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def moment(value: Any, offset_minutes: int = 0, *, end_of_day: bool = False) -> datetime:
    """The moment of an ISO 8601 text or an epoch number, cut to milliseconds; ``ValueError`` for anything else.

    A text without a time zone counts in the zone ``offset_minutes`` east of UTC; a day without a time begins at its
    midnight, or with ``end_of_day`` means its last millisecond. An epoch number, as number or text of nine to fourteen
    digits, counts milliseconds, or seconds below 10¹¹.
    """
    if isinstance(value, datetime):
        return _cut(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = format(Decimal(str(value)), "f")
        if not _EPOCH.fullmatch(value):
            raise ValueError(value)
    if not isinstance(value, str) or len(value) < 8:
        raise ValueError(value)
    if _EPOCH.fullmatch(value):
        return _from_epoch(Decimal(value))
    parsed = datetime.fromisoformat(_SPACE_FOR_PLUS.sub("+", value, count=1) if "T" in value else value)
    if not 1 < parsed.year < 9999:
        raise ValueError(value)
    if len(value) <= 10 and end_of_day:
        parsed += timedelta(days=1, milliseconds=-1)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC) - timedelta(minutes=offset_minutes)
    return _cut(parsed)


def _from_epoch(number: Decimal) -> datetime:
    milliseconds = number if abs(number) >= _MILLISECONDS_FROM else number * 1000
    found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(milliseconds))
    if not 1 < found.year < 9999:
        raise ValueError(number)
    return found


def _cut(parsed: datetime) -> datetime:
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000).astimezone(UTC)
