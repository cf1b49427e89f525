"""The places of a server process in which it runs processes (``process.running``), in fair shares.

One share, an external request or a scenario, may take ``process.share_percent`` of them; the rest stays for the others. Called by
`processes`.
"""

from collections import Counter

from obmen.errors import TooManyRequests
from obmen.settings import Process

_AGAIN_S = 1


class Places:
    """Counts who has how many."""

    def __init__(self, settings: Process) -> None:
        self._limit = settings.running
        self._most = max(1, settings.running * settings.share_percent // 100)
        self._taken: Counter[str] = Counter()

    @property
    def full(self) -> list[str]:
        """The shares that have all the places they may have."""
        return [share for share, taken in self._taken.items() if taken >= self._most]

    def room(self) -> int:
        """How many processes may be taken now, whichever shares they are of, as long as none is of those that are `full`."""
        left = self._limit - self._taken.total()
        return min(left, self._most - max((taken for taken in self._taken.values() if taken < self._most), default=0))

    def check(self, share: str) -> None:
        """`TooManyRequests` where there is no place for a process of ``share``."""
        if self._taken.total() >= self._limit:
            raise TooManyRequests("process.too_many", limit=self._limit, seconds=_AGAIN_S)
        if self._taken[share] >= self._most:
            raise TooManyRequests("process.too_many_of_share", limit=self._most, seconds=_AGAIN_S)

    def take(self, share: str) -> None:
        """A process of ``share`` begins."""
        self._taken[share] += 1

    def leave(self, share: str) -> bool:
        """A process of ``share`` has ended; whether it was waited for, because the share or all places were full."""
        was_full = self._taken[share] >= self._most or self._taken.total() >= self._limit
        self._taken[share] -= 1
        if not self._taken[share]:
            del self._taken[share]
        return was_full
