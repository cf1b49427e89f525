"""Records that nobody writes: what was read of them may be sent back, and changes nothing. Called by `writing`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from obmen.domain.dates import moment
from obmen.domain.field_types import shown
from obmen.domain.queries.filters import HasId
from obmen.domain.rights.policies import SYSTEM, policy
from obmen.errors import Forbidden, NotFound
from obmen.services.records.preparation import Preparation
from obmen.services.records.preparing import Preparer
from obmen.storage.database import Executor


async def require_unchanged(on: Executor, preparer: Preparer, work: Preparation, text_ids: Sequence[Any]) -> None:
    """`Forbidden` where a record would differ in one of the values, or in the own id, from what is stored; `NotFound` without it."""
    statements, catalog = work.statements, work.catalog
    numbers = [number for number in work.records if number is not None]
    prepared = await preparer.prepare(work, trusting=False)
    wanted = HasId(tuple(numbers))
    ids = [field.id for field in catalog.value_fields]
    statement = statements.stored(policy(SYSTEM, statements.schema), catalog, wanted, ids)
    rows = {row["id"]: row for row in await on.fetch(statement.text, *statement.arguments)}
    for number, values, text_id in zip(numbers, prepared.values, text_ids, strict=True):
        if number not in rows:
            raise NotFound("catalog.no_record", catalog=catalog.id, record=shown(number))
        stored = {field.number: rows[number][field.id] for field in catalog.value_fields}
        is_own = not isinstance(text_id, str) or await preparer.numbers(statements, catalog, [text_id]) == [number]
        if not is_own or any(_comparable(stored[field]) != _comparable(value) for field, value in values.items()):
            raise Forbidden("catalog.read_only", catalog=catalog.id)


def _comparable(value: Any) -> Any:
    """As it is answered: dates with milliseconds, lists as lists."""
    if isinstance(value, datetime):
        return moment(value)
    return list(value) if isinstance(value, tuple) else value
