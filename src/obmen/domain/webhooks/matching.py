"""Which events match a subscription. Called by ``services/webhooks``."""

from collections.abc import Set as AbstractSet

import msgspec

from obmen.domain.events import UPDATED, Event
from obmen.domain.schema import Catalog


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A record of ``$webhooks`` as it stands now. ``columns`` are those of ``$fields``, ``None`` for all of them."""

    id: int
    active: bool
    catalog_id: int
    events: frozenset[str]
    columns: frozenset[str] | None
    initiators: frozenset[int]
    url: str
    secret: str | None
    retries: int | None = None
    """So many further attempts at most; ``None``: as many as are set."""
    incident: str = ""
    """What Obmen wrote about it: notifications that are paused."""


def matches(subscription: Subscription, event: Event, changed: AbstractSet[str]) -> bool:
    """Whether ``event``, which changed these columns, is sent.

    ``$fields`` applies to changes only; events of created and deleted records match whatever the fields.
    """
    if event.catalog_id != subscription.catalog_id or event.type not in subscription.events:
        return False
    if subscription.initiators and event.actor not in subscription.initiators:
        return False
    return event.type != UPDATED or subscription.columns is None or not subscription.columns.isdisjoint(changed)


def field_names(fields: str | None) -> list[str]:
    """The ids in ``$fields``, separated by commas or spaces."""
    return (fields or "").replace(",", " ").split()


def unknown_fields(fields: str | None, catalog: Catalog) -> list[str]:
    """Those of them that are no field with values: changes of them never happen."""
    found = ((name, catalog.find(name)) for name in field_names(fields))
    return [name for name, field in found if field is None or not field.holds_value]


def watched_columns(fields: str | None, catalog: Catalog | None) -> frozenset[str] | None:
    """The columns of field ids separated by commas or spaces; ``None`` where none are named.

    An unknown id stands for a field that never changes.
    """
    named = field_names(fields)
    if not named:
        return None
    if catalog is None:
        return frozenset()
    return frozenset(field.column for field_id in named if (field := catalog.find(field_id)) is not None)
