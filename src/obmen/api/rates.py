"""How often one may ask: a window per user and per address, counted in this process (docs/reference/settings.md, rate)."""

import time
from typing import Final

import msgspec

from obmen.errors import TooManyRequests
from obmen.settings import Rate

_COUNTED: Final = 50_000


class Window(msgspec.Struct, frozen=True):
    """What is left of a limit."""

    limit: int
    left: int
    seconds: int
    """Until the window ends."""
    length_s: int


class Rates:
    """Counts requests; a limit of 0 counts nothing."""

    def __init__(self, settings: Rate) -> None:
        self._settings = settings
        self._windows: dict[str, tuple[float, int]] = {}

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
        start, count = self._windows.get(caller, (now, 0))
        if now - start >= length:
            start, count = now, 0
        if len(self._windows) >= _COUNTED:
            self._windows = {key: entry for key, entry in self._windows.items() if now - entry[0] < length}
        self._windows[caller] = (start, count + 1)
        return Window(limit, limit - count - 1, int(start + length - now) + 1, length)


def require_left(window: Window | None) -> None:
    """`TooManyRequests` where the limit is exceeded."""
    if window is not None and window.left < 0:
        raise TooManyRequests("access.too_often", limit=window.limit, window=window.length_s, seconds=window.seconds)
