"""How often one may ask: requests per user and per address in a window, counted in this process (docs/reference/settings.md, rate)."""

import time

import msgspec

from obmen.errors import TooManyRequests
from obmen.settings import Rate


class Window(msgspec.Struct, frozen=True):
    """What is left of a limit."""

    limit: int
    left: int
    seconds: int
    """Until the window ends."""
    length_s: int


class Rates:
    """Counts requests, in windows that are the same for all; a limit of 0 counts nothing."""

    def __init__(self, settings: Rate) -> None:
        self._settings = settings
        self._counts: dict[str, int] = {}
        self._end = 0.0

    @property
    def counts_addresses(self) -> bool:
        """Whether requests of an address are limited."""
        return self._settings.address_requests > 0

    def count_address(self, address: str) -> Window | None:
        """One more request of an address; what is left, ``None`` where they are not limited."""
        return self._count(f"address {address}", self._settings.address_requests)

    def count_user(self, user_id: int | None) -> Window | None:
        """One more request of an employee."""
        return self._count(f"user {user_id}", self._settings.user_requests)

    def _count(self, caller: str, limit: int) -> Window | None:
        if not limit:
            return None
        now, length = time.monotonic(), self._settings.window_s
        if now >= self._end:
            self._counts, self._end = {}, now + length
        count = self._counts.get(caller, 0) + 1
        self._counts[caller] = count
        return Window(limit, limit - count, int(self._end - now) + 1, length)


def require_left(window: Window | None) -> None:
    """`TooManyRequests` where the limit is exceeded."""
    if window is not None and window.left < 0:
        raise TooManyRequests("access.too_often", limit=window.limit, window=window.length_s, seconds=window.seconds)
