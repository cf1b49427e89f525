"""The clock: the only place that asks the machine for the time and its zones."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from obmen.errors import SetupError


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> tzinfo:
    """The time zone of this name; `SetupError` where the machine does not know it."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SetupError("script.unknown_timezone", timezone=name) from error
