"""A question about the records of one catalog, as data. Read by `reading`, compiled by ``storage/statements``."""

from typing import Final, TypeAlias

import msgspec

from obmen.domain.queries.filters import EVERYTHING, Filter


class Chosen(msgspec.Struct, frozen=True):
    """A field asked for by number; of the records it links to, the fields asked for by number of catalog."""

    field: int
    linked: tuple[tuple[int, tuple[int, ...]], ...] = ()


Selection: TypeAlias = tuple[Chosen, ...]
"""The fields of an answer, in order. ``None`` in its place: all fields."""


class Sort(msgspec.Struct, frozen=True):
    """By the value of a field (``None``: by number of the record)."""

    field: int | None = None
    descending: bool = True


NEWEST_FIRST: Final = Sort()


class After(msgspec.Struct, frozen=True):
    """The position behind a record, taken from the previous page."""

    key: str | None
    """Its sort key as text; ``None`` where it has none, or where the order is that of numbers."""
    number: int


class Page(msgspec.Struct, frozen=True):
    """Which part of the answer."""

    limit: int = 100
    offset: int = 0
    after: After | None = None


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Records of the catalog with this number."""

    catalog: int
    filter: Filter = EVERYTHING
    fields: Selection | None = None
    sort: Sort = NEWEST_FIRST
    page: Page = Page()
