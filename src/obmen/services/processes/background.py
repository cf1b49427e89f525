"""What a process starts and does not wait for: kept until it is done, so that a server that stops lets it finish."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from obmen.errors import ObmenError

log = structlog.get_logger()


class Background:
    """Background tasks; a failure is logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Does ``work`` beside everything else."""
        task = asyncio.get_running_loop().create_task(self._do(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except ObmenError as error:
            log.warning("background request failed", problem=str(error))
        except Exception:
            log.exception("background_request_failed_unexpectedly")

    async def drain(self, seconds: float) -> None:
        """Waits for what is under way, at most so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
