"""What the loops have in common: they begin in the background, sleep until something wakes them, and end when asked to."""

import asyncio
import contextlib

from obmen.storage.own_connection import keep_alive


class Loop:
    """A loop repeats its `_work`, which looks at ``_stopping`` between two pieces of work."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins in the background."""
        self._task = asyncio.get_running_loop().create_task(
            keep_alive(type(self).__name__, self._work, is_stopping=lambda: self._stopping, pause=self._pause)
        )

    async def stop(self) -> None:
        """Ends after the piece of work under way."""
        self._stopping = True
        self._woken.set()
        if self._task is not None:
            await self._task

    def wake(self, _: str = "") -> None:
        """There may be something to do."""
        self._woken.set()

    async def _work(self) -> None:
        raise NotImplementedError

    async def _pause(self, seconds: float) -> None:
        """Sleeps until woken, for at most ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
