"""Assignment to variables of a process by dotted path.

Used by the engine, and by runners while they fill the outputs of a component.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

_PLACE: Final = re.compile(r"0|[1-9][0-9]{0,8}")


def assign(variables: Mapping[str, Any], assignments: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """``variables`` after the assignments, in order; the mapping passed in and all within it stay as they are.

    ``a.b.c`` writes into an object, ``list.0.b`` into an item of a list, or behind its last; what is missing on the way, or
    cannot be written into, becomes an object. Only what lies along the path is copied, so the cost does not grow with the
    data beside it.
    """
    result = dict(variables)
    for path, value in assignments:
        steps = path.split(".")
        target: dict[str, Any] | list[Any] = result
        for name, following in pairwise(steps):
            copy = _copy(_get(target, name), following)
            _set(target, name, copy)
            target = copy
        _set(target, steps[-1], value)
    return result


def _copy(inner: Any, following: str) -> dict[str, Any] | list[Any]:
    if isinstance(inner, list) and _PLACE.fullmatch(following) and int(following) <= len(inner):
        return list(inner)
    return dict(inner) if isinstance(inner, dict) else {}


def _get(target: dict[str, Any] | list[Any], name: str) -> Any:
    if isinstance(target, dict):
        return target.get(name)
    return target[int(name)] if int(name) < len(target) else None


def _set(target: dict[str, Any] | list[Any], name: str, value: Any) -> None:
    if isinstance(target, dict):
        target[name] = value
    elif int(name) < len(target):
        target[int(name)] = value
    else:
        target.append(value)
