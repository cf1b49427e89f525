"""Assignment to variables of a process by dotted path.

Used by the engine, and by runners while they fill the outputs of a component.
"""

from collections.abc import Iterable, Mapping
from typing import Any


def assign(variables: Mapping[str, Any], assignments: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """``variables`` after the assignments, in order; the mapping passed in and all within it stay as they are.

    ``a.b.c`` writes into an object; what is missing on the way, or is no object, becomes one. Only the objects along
    the path are copied, so the cost does not grow with the data beside it.
    """
    result = dict(variables)
    for path, value in assignments:
        *parents, last = path.split(".")
        target = result
        for name in parents:
            inner = target.get(name)
            copy = dict(inner) if isinstance(inner, dict) else {}
            target[name] = copy
            target = copy
        target[last] = value
    return result
