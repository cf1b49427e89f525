"""Events of the log: what happened to a record (law 3)."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

CREATED: Final = "record.created"
UPDATED: Final = "record.updated"
DELETED: Final = "record.deleted"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change; ``new`` and ``old`` are the row's columns as JSON.

    Of an update ``new`` holds those that were set, ``old`` all that were before. Readers that need none leave both out.
    """

    position: int
    at: datetime
    type: str
    catalog_id: int
    record_id: int
    text_id: str | None = None
    """The record's own id after the change."""
    actor: int | None
    new: str | None = None
    old: str | None = None


_COLUMNS: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
"""Numbers stay exact: two that differ far behind the point are two."""


def columns(row: str) -> dict[str, Any]:
    """The columns of ``new`` or ``old``."""
    return _COLUMNS.decode(row)


def changed(new: dict[str, Any], old: dict[str, Any] | None) -> set[str]:
    """The columns whose value differs."""
    return set(new) if old is None else {column for column, value in new.items() if old.get(column) != value}


def changed_columns(event: Event) -> set[str]:
    """The columns that an update really changed; of another event none."""
    if event.type != UPDATED or event.new is None or event.old is None:
        return set()
    return changed(columns(event.new), columns(event.old))
