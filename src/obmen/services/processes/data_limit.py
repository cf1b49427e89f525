"""The limit of what a process carries (``process.data_bytes``), kept at every step of every process.

Measuring all variables at each step would cost more than the steps: what is assigned is added up, and all is measured only when
the sum passes the limit. Called by `runs` and `processes`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from obmen.domain.encoding import encode
from obmen.errors import StepFailed

_LEVELS: Final = 64
"""Levels of nesting kept free for the place where a value is put."""
_KEY: Final = 16
"""Bytes counted for the name of a variable."""


class DataLimit:
    """Watches the variables of one process; ``variables`` are those it begins with."""

    def __init__(self, limit: int, variables: Mapping[str, Any]) -> None:
        """`StepFailed` where they are too large already."""
        self._limit = limit
        self._bound = 0
        self._measure(variables)

    def check(self, assigned: Iterable[Any], variables: Mapping[str, Any]) -> None:
        """`StepFailed` where ``variables``, to which the values ``assigned`` were just added, are larger than allowed."""
        bound = self._bound
        for value in assigned:
            bound += _KEY + _size(value)
        if bound > self._limit:
            self._measure(variables)
        else:
            self._bound = bound

    def _measure(self, variables: Mapping[str, Any]) -> None:
        bound = _size(variables)
        if bound > self._limit:
            raise StepFailed("process.too_much_data", limit=self._limit, size=bound)
        self._bound = bound


def _size(value: Any) -> int:
    """Bytes of a value as JSON; `StepFailed` where it is nested too deep to be written."""
    if not isinstance(value, list | dict):
        return len(encode(value))
    for _ in range(_LEVELS):
        value = [value]
    try:
        return len(encode(value)) - 2 * _LEVELS
    except RecursionError as error:
        raise StepFailed("process.too_deep") from error
