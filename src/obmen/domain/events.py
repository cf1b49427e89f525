"""Events of the log: what happened to a record (law 3)."""

from datetime import datetime
from typing import Any, Final

import msgspec

CREATED: Final = "record.created"
UPDATED: Final = "record.updated"
DELETED: Final = "record.deleted"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change; ``new`` and ``old`` are the row's columns as JSON, of a change only those that were set and all that were before."""

    position: int
    at: datetime
    type: str
    catalog_id: int
    record_id: int
    actor: int | None
    new: str | None
    old: str | None


def changed(new: dict[str, Any], old: dict[str, Any] | None) -> set[str]:
    """The columns whose value differs."""
    return set(new) if old is None else {column for column, value in new.items() if old.get(column) != value}
