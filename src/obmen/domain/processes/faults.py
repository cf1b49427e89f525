"""The faults of a scenario file, collected while it is read so that all are reported at once. Used by `reader` and `dialect`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from obmen.errors import InvalidScenario

_MOST: Final = 100


class Faults:
    """What was found so far."""

    def __init__(self) -> None:
        self._found: list[InvalidScenario] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keeps the `InvalidScenario` raised inside and goes on behind it."""
        try:
            yield
        except InvalidScenario as fault:
            self._found.extend(fault.problems)

    def raise_any(self) -> None:
        """Raises what was found, the first hundred of them: a single fault as it is, several as one error."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            raise InvalidScenario("scenario.several", problems=tuple(self._found[:_MOST]))
