"""JSON values among which there are dates: a JavaScript ``Date`` in a variable of a process is an aware ``datetime``.

Called wherever such values are saved, shown, or go to something that knows JSON only.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from obmen.domain.dates import iso
from obmen.domain.encoding import encode

Path: TypeAlias = tuple[str | int, ...]
"""Keys from a value inwards; a number is a place in a list."""


def as_json(value: Any) -> Any:
    """``value`` with its dates as ISO 8601 text; what has none is given back as it is."""
    if not has_dates(value):
        return value
    copy = msgspec.to_builtins([value])
    for path in dates(value):
        _replace(copy, (0, *path), iso(_at(value, path)))
    return copy[0]


def json_text(value: Any) -> bytes:
    """``value`` as JSON text in UTF-8, dates as `as_json` writes them."""
    text = encode(value)
    return encode(as_json(value)) if b'Z"' in text else text  # every date ends so


def has_dates(value: Any) -> bool:
    """Whether there is a date in ``value``."""
    waiting: list[Any] = [[value]]
    while waiting:
        holder = waiting.pop()
        for item in holder.values() if type(holder) is dict else holder:
            kind = type(item)
            if kind is dict or kind is list:
                waiting.append(item)
            elif kind is datetime:
                return True
    return False


def dates(value: Any) -> list[Path]:
    """The paths inside ``value`` that lead to dates."""
    found: list[Path] = []
    waiting: list[tuple[Path, Any]] = [((), [value])]
    while waiting:
        path, holder = waiting.pop()
        for key, item in holder.items() if type(holder) is dict else enumerate(holder):
            kind = type(item)
            if kind is dict or kind is list:
                waiting.append(((*path, key), item))
            elif kind is datetime:
                found.append((*path, key)[1:])  # without the place in the list around it
    return found


def with_dates(value: Any, paths: Iterable[Path]) -> Any:
    """``value`` as `as_json` left it, with dates again at ``paths``; it is changed in place."""
    holder = [value]
    for path in paths:
        text = _at(value, path)
        _replace(holder, (0, *path), datetime.fromisoformat(text))
    return holder[0]


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _replace(holder: Any, path: Path, value: Any) -> None:
    _at(holder, path[:-1])[path[-1]] = value
