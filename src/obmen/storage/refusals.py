"""What PostgreSQL refuses of values that were sent, as errors of Obmen. Around every statement on records and tables.

Values are checked before they get here, so this is the last resort: a sender is told that it is the value, instead of a fault of
Obmen (https://www.postgresql.org/docs/current/errcodes-appendix.html: classes 22 and 54).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import structlog

from obmen.errors import BadRequest, TooLarge

log = structlog.get_logger()


@contextmanager
def named() -> Iterator[None]:
    """`BadRequest` for a value that PostgreSQL cannot take, `TooLarge` for what exceeds one of its limits."""
    try:
        yield
    except asyncpg.ProgramLimitExceededError as error:
        log.warning("beyond_postgresql", problem=repr(error))
        raise TooLarge("request.beyond_postgresql", problem=error) from error
    except asyncpg.DataError as error:
        log.warning("refused_by_postgresql", problem=repr(error))
        raise BadRequest("request.refused_by_postgresql", problem=error) from error
