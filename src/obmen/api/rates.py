"""How often one may ask: a window per user and per address, counted in this process (contract: rate limits)."""

import time
from typing import Final

from obmen.errors import TooManyRequests
from obmen.settings import Rate

_COUNTED: Final = 50_000


class Rates:
    """Counts requests; a limit of 0 counts nothing."""

    def __init__(self, settings: Rate) -> None:
        self._settings = settings
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, caller: str, limit: int) -> None:
        """One more request of ``caller``; `TooManyRequests` past ``limit`` in the window."""
        if not limit:
            return
        now, window = time.monotonic(), self._settings.window_s
        start, count = self._windows.get(caller, (now, 0))
        if now - start >= window:
            start, count = now, 0
        if count >= limit:
            seconds = int(start + window - now) + 1
            raise TooManyRequests("access.too_often", limit=limit, window=window, seconds=seconds)
        if len(self._windows) >= _COUNTED:
            self._windows = {key: entry for key, entry in self._windows.items() if now - entry[0] < window}
        self._windows[caller] = (start, count + 1)

    def count_address(self, address: str) -> None:
        """One more request of an address."""
        self.count(f"address {address}", self._settings.address_requests)

    def count_user(self, user_id: int | None) -> None:
        """One more request of an employee."""
        self.count(f"user {user_id}", self._settings.user_requests)
