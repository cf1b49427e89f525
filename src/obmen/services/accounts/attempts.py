"""Failed sign-ins, counted in PostgreSQL for all server processes: by account and address together, and by address.

Nobody is kept out by what others guess from elsewhere. After too many failures an account is refused to an address from which its
password was never right; where it was, and for further accounts from one address, attempts are made one after the other, with a pause
behind each failure. An IPv6 address counts as its network.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from obmen.clients.clock import now
from obmen.domain.requests.addresses import network_of
from obmen.errors import NotAuthenticated, TooManyRequests
from obmen.storage.database import Database

_WINDOW_S: Final = 900.0
_MANY: Final = 5
"""An address as a whole may fail so many times as often as with one account."""
_KNOWN_DAYS: Final = 90
"""So long an address is known from which the password of an account was right."""
_SAVED_AGAIN: Final = timedelta(days=1)
_PAUSE_S: Final = 2.0
_PATIENCE_S: Final = 15.0
"""Who has not had a turn by then is told to come again."""
_SWEEP_S: Final = 60.0


class Attempts:
    """Sign-ins under way in this process, and the failed ones of all; with a ``limit`` of 0 none is counted."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._turns: WeakValueDictionary[tuple[str, bytes], asyncio.Lock] = WeakValueDictionary()
        self._swept = 0.0

    @contextlib.asynccontextmanager
    async def turn(self, login: str, address: str) -> AsyncIterator[None]:
        """Inside, one attempt may be made; `NotAuthenticated` raised there is counted as a failure. `TooManyRequests` after too many."""
        if not self._limit:
            yield
            return
        network, account = network_of(address), hashlib.sha256(login.lower().encode("utf-8", "surrogatepass")).digest()
        async with contextlib.AsyncExitStack() as turns:
            await self._wait(turns, network, account)  # of many at once, each finds the earlier ones counted
            found = await self._database.fetchrow("read_attempts", network, account, _WINDOW_S, _KNOWN_DAYS)
            assert found is not None
            is_slowed = found["of_both"] >= self._limit
            if found["right_at"] is None:
                if is_slowed:
                    raise TooManyRequests("access.too_many_attempts", seconds=max(1, found["seconds"]))
                is_slowed = found["of_address"] >= self._limit * _MANY
                if is_slowed:
                    await self._wait(turns, network, b"")
            try:
                yield
            except NotAuthenticated:
                await self._failed(network, account)
                if is_slowed:
                    await asyncio.sleep(_PAUSE_S)
                raise
            if found["right_at"] is None or now() - found["right_at"] > _SAVED_AGAIN:
                await self._database.execute("save_right_attempt", network, account)

    async def _wait(self, turns: contextlib.AsyncExitStack, network: str, account: bytes) -> None:
        lock = self._turns.setdefault((network, account), asyncio.Lock())
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await turns.enter_async_context(lock)
        except TimeoutError:
            raise TooManyRequests("access.too_many_attempts", seconds=int(_PATIENCE_S)) from None

    async def _failed(self, network: str, account: bytes) -> None:
        await self._database.execute("count_failed_attempt", network, account, _WINDOW_S)
        if time.monotonic() - self._swept > _SWEEP_S:
            self._swept = time.monotonic()
            await self._database.execute("sweep_attempts", _WINDOW_S, _KNOWN_DAYS)
