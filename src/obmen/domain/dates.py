"""Moments as the API writes them: ISO 8601, UTC, milliseconds and ``Z``; and days, which have no time zone."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
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


def moment(value: Any, zone: tzinfo = UTC, *, end_of_day: bool = False) -> datetime:
    """The moment of an ISO 8601 text or an epoch number, cut to milliseconds; ``ValueError`` for anything else.

    A text without a time zone counts in ``zone``; a day without a time begins at its midnight, or with ``end_of_day`` means its
    last millisecond. An epoch number, as number or text of nine to fourteen digits, counts milliseconds, or seconds below 10¹¹.
    """
    parsed = _read(value)
    if end_of_day and _is_day(value):
        parsed += timedelta(days=1, milliseconds=-1)
    return _cut(parsed if parsed.tzinfo else parsed.replace(tzinfo=zone))


def day(value: Any, zone: tzinfo = UTC, *, end_of_day: bool = False) -> datetime:
    """The beginning in UTC of the day that ``value`` names, or with ``end_of_day`` its last millisecond; ``ValueError`` for anything else.

    It is the day as the text has it: on the sender's calendar, whatever offset the text names. A moment (a text with ``Z``, an
    epoch number, a `datetime`) names the day that it falls on in ``zone``; the very beginning of a day in UTC, which is how days
    are answered, names that day in every zone.
    """
    parsed = _read(value)
    is_moment = parsed.tzinfo is not None and (
        not isinstance(value, str) or value[-1:] in "Zz" or _EPOCH.fullmatch(value)
    )
    if is_moment and _cut(parsed).time() != time():
        parsed = parsed.astimezone(zone)
    elif is_moment:
        parsed = parsed.astimezone(UTC)
    begin = datetime(parsed.year, parsed.month, parsed.day, tzinfo=UTC)
    return begin + timedelta(days=1, milliseconds=-1) if end_of_day else begin


def _read(value: Any) -> datetime:
    """What is written, without a time zone where none is."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
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
    return parsed


def _is_day(value: Any) -> bool:
    """Whether a text that was read has no time: no form with one is as short."""
    return isinstance(value, str) and len(value) <= 10 and not _EPOCH.fullmatch(value)


def _from_epoch(number: Decimal) -> datetime:
    milliseconds = number if abs(number) >= _MILLISECONDS_FROM else number * 1000
    found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(milliseconds))
    if not 1 < found.year < 9999:
        raise ValueError(number)
    return found


def _cut(parsed: datetime) -> datetime:
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000).astimezone(UTC)
