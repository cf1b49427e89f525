"""Failed sign-ins, counted in this process: by account and address together, and by each of them alone."""

import time
from typing import Final

from obmen.errors import TooManyRequests

WINDOW_S: Final = 900.0
_MANY: Final = 5
"""An account, or an address, as a whole may fail so many times as often as the two together."""
_COUNTED: Final = 10_000


class Attempts:
    """Failed sign-ins of the last while, by account and by address."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures: dict[str, list[float]] = {}

    def check(self, account: str, address: str) -> None:
        """`TooManyRequests` where the account has failed too often from this address, or either of them as a whole."""
        start = time.monotonic() - WINDOW_S
        for key, limit in self._limits(account, address).items():
            recent = [moment for moment in self._failures.get(key, ()) if moment > start]
            if limit and len(recent) >= limit:
                seconds = int(recent[0] - start) + 1
                raise TooManyRequests("access.too_many_attempts", seconds=seconds)

    def failed(self, account: str, address: str) -> None:
        """Counts a failure; forgets those of long ago once there are many."""
        start = time.monotonic() - WINDOW_S
        if len(self._failures) > _COUNTED:
            self._failures = {key: times for key, times in self._failures.items() if times[-1] > start}
        for key in self._limits(account, address):
            recent = [moment for moment in self._failures.get(key, ()) if moment > start]
            self._failures[key] = [*recent, time.monotonic()]

    def _limits(self, account: str, address: str) -> dict[str, int]:
        return {
            f"{account} from {address}": self._limit,
            f"account {account}": self._limit * _MANY,
            f"address {address}": self._limit * _MANY,
        }
