"""Filters as data: which records of a catalog are meant. Read by `reading`, compiled by ``storage/statements``.

A filter is a tree of `All` and `Either` over conditions on fields. What a condition asks of a field's stored value is a
test of a closed set: a field type chooses among them, and storage has one piece of SQL for each.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from obmen.domain.record_ids import RecordId

# --- tests of one stored value ------------------------------------------------------------------------------------


class Empty(msgspec.Struct, frozen=True, tag=True):
    """There is no value."""


class Filled(msgspec.Struct, frozen=True, tag=True):
    """There is a value."""


class Is(msgspec.Struct, frozen=True, tag=True):
    """A switch stands so."""

    value: bool


class Within(msgspec.Struct, frozen=True, tag=True):
    """``low`` ≤ value ≤ ``high``; ``None`` is no bound."""

    low: Decimal | datetime | None
    high: Decimal | datetime | None


class OneOf(msgspec.Struct, frozen=True, tag=True):
    """The value is one of these numbers."""

    values: tuple[int, ...]


class AnyOf(msgspec.Struct, frozen=True, tag=True):
    """The list has at least one of these numbers."""

    values: tuple[int, ...]


class AllOf(msgspec.Struct, frozen=True, tag=True):
    """The list has all of these numbers."""

    values: tuple[int, ...]


class Contains(msgspec.Struct, frozen=True, tag=True):
    """The text contains this one; letter case, accents and «ё» do not count."""

    text: str


class Equals(msgspec.Struct, frozen=True, tag=True):
    """The text is this one, compared in the same way."""

    text: str


class HasContact(msgspec.Struct, frozen=True, tag=True):
    """One of the contacts contains ``text``, or a phone contains ``digits`` (empty: the text is no part of a phone)."""

    text: str
    digits: str = ""


class LinksTo(msgspec.Struct, frozen=True, tag=True):
    """The list has a link to a record of one of these catalogs (by number) that matches the filter beside it."""

    targets: tuple[tuple[int, "Filter"], ...]


class Employs(msgspec.Struct, frozen=True, tag=True):
    """The list has an employee that matches ``filter``."""

    filter: "Filter"


Test: TypeAlias = (
    Empty | Filled | Is | Within | OneOf | AnyOf | AllOf | Contains | Equals | HasContact | LinksTo | Employs
)

# --- filters ------------------------------------------------------------------------------------------------------


class Condition(msgspec.Struct, frozen=True, tag=True):
    """The value of the field with this number passes the test."""

    field: int
    test: Test


class HasId(msgspec.Struct, frozen=True, tag=True):
    """The record is one of these."""

    ids: tuple[RecordId, ...]


class Found(msgspec.Struct, frozen=True, tag=True):
    """Quick search finds ``text`` in the record: in texts, contacts, titles of links and of employees."""

    text: str


class All(msgspec.Struct, frozen=True, tag=True):
    """Every one of the filters holds."""

    filters: tuple["Filter", ...]


class Either(msgspec.Struct, frozen=True, tag=True):
    """At least one of the filters holds."""

    filters: tuple["Filter", ...]


Filter: TypeAlias = Condition | HasId | Found | All | Either

EVERYTHING: Final = All(())
NOTHING: Final = Either(())
