"""Variables of a process: assignment by path, and the dates among their values.

A value is JSON (``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``) or an aware ``datetime``, a JavaScript
``Date``. Used by the engine, by runners while they fill the outputs of a component, and wherever
values go to something that knows JSON only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import msgspec

from obmen.domain.dates import iso
from obmen.domain.encoding import encode
from obmen.domain.processes.targets import Path
from obmen.errors import StepFailed

_PLACE: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_GAP: Final = 10_000
"""So far behind the end of a list a value may be written: what lies between becomes ``null``."""


def assign(variables: Mapping[str, Any], assignments: Iterable[tuple[Path, Any]]) -> dict[str, Any]:
    """``variables`` after the assignments, in order; the mapping passed in and all within it stay as they are.

    A path leads through objects and lists. What is missing on the way, or cannot be written into, becomes a list where
    a number follows, else an object. Only what lies along the path is copied, so the cost does not grow with the data
    beside it. `StepFailed` for a place far behind the end of a list.
    """
    result = dict(variables)
    for path, value in assignments:
        target: dict[str, Any] | list[Any] = result
        for key, following in pairwise(path):
            copy = _copy(_get(target, key), following)
            _set(target, key, copy)
            target = copy
        _set(target, path[-1], value)
    return result


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


def _copy(inner: Any, following: str | int) -> dict[str, Any] | list[Any]:
    """A copy of ``inner`` that has, or may get, the key ``following``."""
    if isinstance(inner, list) and (isinstance(following, int) or _is_place(following, inner)):
        return list(inner)
    if isinstance(inner, dict):
        return dict(inner)
    return [] if isinstance(following, int) else {}


def _is_place(key: str, within: Sequence[Any]) -> bool:
    """Whether a text names an item of a list, or the place behind its last."""
    return _PLACE.fullmatch(key) is not None and int(key) <= len(within)


def _get(target: dict[str, Any] | list[Any], key: str | int) -> Any:
    if isinstance(target, dict):
        return target.get(str(key))
    return target[int(key)] if int(key) < len(target) else None


def _set(target: dict[str, Any] | list[Any], key: str | int, value: Any) -> None:
    if isinstance(target, dict):
        target[str(key)] = value
        return
    place = int(key)
    if place > len(target) + _GAP:
        raise StepFailed("process.far_behind", place=place, length=len(target), gap=_GAP)
    target.extend([None] * (place + 1 - len(target)))
    target[place] = value
