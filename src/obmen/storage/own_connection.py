"""A connection with nobody else on it: what a worker holds by it (advisory locks, ``LISTEN``) ends with it.

It is none of the pool's: those who work would have so many fewer. Called by ``services/notifications`` and ``workers``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import asyncpg

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
_GOODBYE_S: Final = 2.0


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
