"""Moments as the API writes them: ISO 8601, UTC, milliseconds and ``Z``."""

from datetime import UTC, datetime, timedelta
from typing import Any


def iso(moment: datetime) -> str:
    """``2015-11-06T21:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def moment(value: Any, offset_minutes: int = 0, *, end_of_day: bool = False) -> datetime:
    """The moment of an ISO 8601 text, cut to milliseconds; ``ValueError`` for anything else.

    A text without a time zone counts in the zone ``offset_minutes`` east of UTC; a day without a time begins at its
    midnight, or with ``end_of_day`` means its last millisecond.
    """
    if not isinstance(value, str) or len(value) < 8:
        raise ValueError(value)
    parsed = datetime.fromisoformat(value)
    if not 1 < parsed.year < 9999:
        raise ValueError(value)
    if len(value) <= 10 and end_of_day:
        parsed += timedelta(days=1, milliseconds=-1)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC) - timedelta(minutes=offset_minutes)
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000).astimezone(UTC)
