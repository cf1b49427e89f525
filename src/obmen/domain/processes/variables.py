"""Assignment to variables of a process by path. Used by the engine, and by runners while they fill the outputs of a component."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from obmen.domain.json_values import Path
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
