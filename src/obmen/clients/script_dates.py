"""Dates on their way into the JavaScript sandbox and out of it: JSON has none.

Into it a date is text, and its path stands beside the values; out of it, it is text behind a mark that no value can know.
"""

import marshal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def paths_of_dates(values: Mapping[str, Any]) -> list[list[str | int]]:
    """Where in ``values``, JSON values and dates in dicts and lists, the dates stand."""
    try:
        marshal.dumps(values)  # does not know dates, and is far quicker than a look at every value from here
    except ValueError:
        return _find(values)
    return []


def _find(values: Mapping[str, Any]) -> list[list[str | int]]:
    found: list[list[str | int]] = []
    waiting: list[tuple[list[str | int], Any]] = [([], values)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, datetime):
            found.append(path)
        elif isinstance(value, Mapping):
            waiting.extend(([*path, key], item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend(([*path, index], item) for index, item in enumerate(value))
    return found


def with_dates(value: Any, mark: str) -> Any:
    """``value`` with the texts that begin with ``mark`` as aware datetimes in UTC; changes its dicts and lists in place.

    A date before the year 1 or after 9999, which Python cannot hold, stays text in the form of ISO 8601.
    """
    holder = [value]
    waiting: list[dict[str, Any] | list[Any]] = [holder]
    while waiting:
        inner = waiting.pop()
        for key, item in list(inner.items() if isinstance(inner, dict) else enumerate(inner)):
            if isinstance(item, str):
                if item.startswith(mark):
                    inner[key] = _read(item.removeprefix(mark))  # type: ignore[index]
            elif isinstance(item, dict | list):
                waiting.append(item)
    return holder[0]


def _read(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return text
