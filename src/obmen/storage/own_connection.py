"""Connections that workers keep for themselves, and the loop that keeps workers going while PostgreSQL comes and goes.

What a worker holds by its own connection (advisory locks, ``LISTEN``) ends with it. Such connections do not come from the
pool, which would be smaller by as many. Called by ``services/events`` and ``workers``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import asyncpg
import structlog

from obmen.storage.database import Connection, Database

FAULTS: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)
"""What passes when PostgreSQL is there again."""
UNCERTAIN: Final = (
    TimeoutError,
    ConnectionResetError,
    BrokenPipeError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncio.CancelledError,
)
"""After these nobody knows whether a statement was committed."""
_GOODBYE_S: Final = 2.0
_BACK_OFF_S: Final = 0.5

log = structlog.get_logger()


async def keep_alive(
    worker: str,
    work: Callable[[], Awaitable[object]],
    *,
    is_stopping: Callable[[], bool] = lambda: False,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Does ``work`` again and again until the worker is stopped.

    An error is logged and followed by a pause: a database that does not answer in a line, any other error with its traceback.
    """
    while not is_stopping():
        try:
            await work()
        except FAULTS as error:
            log.warning("worker_lost_database", worker=worker, problem=str(error))
            await pause(_BACK_OFF_S)
        except Exception:
            log.exception("worker_failed", worker=worker)
            await pause(_BACK_OFF_S)


@contextlib.asynccontextmanager
async def own_connection(database: Database, lost: asyncio.Event) -> AsyncIterator[Connection]:
    """A connection that is closed at the end; ``lost`` is set when it breaks."""
    connection = await database.own()
    try:
        connection.add_termination_listener(lambda _: lost.set())
        yield connection
    finally:
        try:
            await connection.close(timeout=_GOODBYE_S)
        except FAULTS:
            with contextlib.suppress(*FAULTS):
                connection.terminate()
