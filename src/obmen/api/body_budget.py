"""One budget for the bodies of all requests that a server process has under way; ``wire.body`` takes from it what it reads."""

from typing import Final

from litestar.types import Scope

from obmen.errors import Unavailable

_TAKEN: Final = "obmen_body_bytes"


class BodyBudget:
    """``limit`` bytes; a request holds its share until it is answered."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    def take(self, scope: Scope, size: int) -> bool:
        """``size`` bytes more (or fewer) for a request; ``False`` where they are not left."""
        if self._taken + size > self._limit:
            return False
        self._taken += size
        scope["state"][_TAKEN] = scope["state"].get(_TAKEN, 0) + size
        return True

    def full(self) -> Unavailable:
        """What is answered then."""
        return Unavailable("request.bodies_full", limit=self._limit, seconds=1)

    def give_back(self, scope: Scope) -> None:
        """All that a request has taken."""
        self._taken -= scope["state"].pop(_TAKEN, 0)
