"""What was found out about a sign-in, kept for a minute, so that a request needs no query and no password is hashed twice."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

_MOST: Final = 10_000
_REMEMBER_S: Final = 60.0


class Remembered(Generic[Value]):
    """Answers by key for a minute; several askers of one key wait for one answer."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[float, Value]] = {}
        self._asking: dict[bytes, asyncio.Task[Value]] = {}
        self._generation = 0

    async def get(self, key: bytes, ask: Callable[[], Awaitable[Value]]) -> Value:
        """The answer of ``ask`` for ``key``."""
        found = self._found.get(key)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        task = self._asking.get(key)
        if task is None:
            task = asyncio.ensure_future(self._ask(key, ask))
            self._asking[key] = task
        return await asyncio.shield(task)

    async def _ask(self, key: bytes, ask: Callable[[], Awaitable[Value]]) -> Value:
        generation = self._generation
        try:
            value = await ask()
        finally:
            self._asking.pop(key, None)
        if generation == self._generation:
            if len(self._found) >= _MOST:
                del self._found[next(iter(self._found))]  # the oldest
            self._found[key] = (time.monotonic() + _REMEMBER_S, value)
        return value

    def clear(self) -> None:
        """Forgets all; what is being asked just now is not kept."""
        self.forget(lambda key, value: True)

    def forget(self, matches: Callable[[bytes, Value], bool]) -> None:
        """Forgets the values for which ``matches(key, value)`` holds; what is being asked just now is not kept."""
        self._generation += 1
        self._asking.clear()
        self._found = {key: entry for key, entry in self._found.items() if not matches(key, entry[1])}
