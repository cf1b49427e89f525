"""What a field type is. Each type is one file in ``fields``; this module is what they share.

A type knows its column, how a value of the API becomes a stored value and back, how a filter compares, and what its
part of a record's title is. Stored values are what asyncpg takes and gives for the column's PostgreSQL type.
Called by ``records`` (values), ``filters`` (conditions) and ``storage`` (columns).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

import msgspec
import sqlalchemy as sa

from obmen.domain.catalogs.schema import Field, Schema
from obmen.domain.numbers import decimal
from obmen.errors import FieldProblem, InvalidCatalog, InvalidFilter

Condition = sa.ColumnElement[bool]
Column = sa.ColumnClause[Any]


class WriteContext(msgspec.Struct, frozen=True, kw_only=True):
    """What parsing a value may depend on."""

    schema: Schema
    now: datetime
    user_id: int | None = None


class FilterContext(Protocol):
    """What comparing may depend on; implemented by ``filters``."""

    schema: Schema
    user_id: int | None
    offset_minutes: int

    def linked(self, catalog_id: int, filters: Any) -> sa.ScalarSelect[Any]:
        """The ids of the records of another catalog that match ``filters``."""
        ...


class Link(msgspec.Struct, frozen=True):
    """A record that a value points at."""

    catalog_id: int
    record_id: int


Render = Callable[..., Any]


class FieldType:
    """The defaults of a type; a type overrides what it does otherwise."""

    name: ClassVar[str]
    column: ClassVar[str | None]
    """PostgreSQL type of the column; ``None``: the field holds no value (a heading)."""
    empty: ClassVar[Any] = None
    """What the API answers for no value."""
    searched: ClassVar[bool] = False
    """Quick search looks here."""

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """The settings to store; `InvalidCatalog` where they do not fit."""
        return dict(config)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """The stored value; `FieldProblem` where ``value`` is none of this type. ``None`` is an empty value and never comes here."""
        raise NotImplementedError

    def default(self, field: Field, context: WriteContext) -> Any:
        """The stored value of a new record that does not name this field."""
        return None

    def select(self, field: Field, schema: Schema, namespace: str) -> tuple[str, ...]:
        """SQL of the columns that `renderer` takes; the record's row is ``r``, ``namespace`` qualifies tables."""
        return (f"r.{field.column}",)

    def renderer(self, field: Field, schema: Schema) -> Render:
        """Makes the API's value of what `select` gave."""
        empty = self.empty
        return lambda stored: empty if stored is None else stored

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """SQL that holds for records whose value matches ``value``; `InvalidFilter` where it cannot be compared."""
        raise NotImplementedError

    def is_empty(self, column: Column) -> Condition:
        """SQL that holds for records without a value."""
        return column.is_(None)

    def search(self, column: Column, pattern: str) -> Condition:
        """SQL that holds where quick search finds ``pattern`` (LIKE with ``\\`` as escape)."""
        return column.ilike(pattern, escape="\\")

    def title(self, value: str) -> str | None:
        """SQL of the record's title, ``value`` being SQL of the stored value; ``None``: the next field gives the title."""
        return None

    def links(self, field: Field, stored: Any, schema: Schema) -> Iterable[Link]:
        """The records that a stored value points at, to be checked before it is written."""
        return ()


def shown(value: Any) -> str:
    """``value`` as the sender wrote it, cut short for a message."""
    text = msgspec.json.encode(value, enc_hook=str).decode("utf-8", "replace")
    return text if len(text) <= 80 else text[:77] + "…"


def problem(kind: str, field: Field, value: Any, **facts: Any) -> FieldProblem:
    """The error for a value that does not fit its field."""
    return FieldProblem(f"field.{kind}", field=field.id, name=field.name, sent=shown(value), **facts)


def filter_problem(kind: str, field: Field, value: Any) -> InvalidFilter:
    """The error for a filter that does not fit its field."""
    return InvalidFilter(f"filter.{kind}", field=field.id, name=field.name, sent=shown(value))


def clean_text(field: Field, value: str) -> str:
    """``value``, or a `FieldProblem` where PostgreSQL cannot store it."""
    if "\x00" in value or not _encodable(value):
        raise problem("bad_characters", field, value.encode("utf-8", "replace").decode().replace("\x00", "\\u0000"))
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def like(text: str) -> str:
    """A LIKE pattern (escape ``\\``) for texts that contain ``text``."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\x00", "")
    return f"%{escaped}%"


def as_list(value: Any) -> Sequence[Any]:
    """A list, also where one element was given bare."""
    return value if isinstance(value, list | tuple) else (value,)


def between(field: Field, column: Column, value: Any, read: Callable[[Any, bool], Any]) -> Condition:
    """``at ≤ column ≤ to`` for a range ``{at, to}`` (either may be missing), equality for a bare value.

    ``read(bound, is_end)`` makes a stored value of a bound or raises ``ValueError``.
    """
    if not isinstance(value, Mapping):
        value = {"at": value, "to": value}
    if not value or set(value) - {"at", "to"}:
        raise filter_problem("not_range", field, value)
    conditions = []
    try:
        if value.get("at") not in (None, ""):
            conditions.append(column >= read(value["at"], False))
        if value.get("to") not in (None, ""):
            conditions.append(column <= read(value["to"], True))
    except ValueError:
        raise filter_problem("not_range", field, value) from None
    return sa.and_(sa.true(), *conditions)


def number_within(field: Field, value: Any, low: Any, high: Any) -> Decimal:
    """The number, also where it is written as text; a `FieldProblem` where it is none or past a bound (empty: no bound)."""
    try:
        number = decimal(value)
    except ValueError:
        raise problem("not_number", field, value) from None
    if (low not in (None, "") and number < decimal(low)) or (high not in (None, "") and number > decimal(high)):
        raise problem("out_of_bounds", field, value, low=low, high=high)
    return number


class Items:
    """The fixed choices of a field: ``config.items``, ids handed out in order and never again."""

    @staticmethod
    def configure(config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """``config`` with an id for every item; `InvalidCatalog` where items are none."""
        items = config.get("items", [])
        if not isinstance(items, list) or not all(_is_item(item) for item in items):
            raise InvalidCatalog("catalog.bad_items", sent=shown(items))
        given = [str(item["id"]) for item in items if item.get("id") not in (None, "")]
        if len(set(given)) != len(given):
            raise InvalidCatalog("catalog.duplicate_items", sent=shown(items))
        taken = [int(item_id) for item_id in given if item_id.isascii() and item_id.isdecimal()]
        following = max([0, *taken, int((previous or {}).get("nextItem", 1)) - 1]) + 1
        numbered = []
        for item in items:
            item_id = str(item.get("id") or "")
            if not item_id:
                item_id, following = str(following), following + 1
            numbered.append({**item, "id": item_id})
        return {**config, "items": numbered, "nextItem": following}

    @staticmethod
    def ids(field: Field, value: Any) -> list[str]:
        """The chosen item ids, each once, in the order sent; `FieldProblem` for an id that is no choice."""
        known = {item["id"] for item in field.config.get("items", ())}
        chosen: dict[str, None] = {}
        for item in as_list(value):
            if isinstance(item, bool) or not isinstance(item, str | int) or str(item) not in known:
                raise problem("no_item", field, item, accepted=shown(sorted(known)))
            chosen[str(item)] = None
        return list(chosen)

    @staticmethod
    def filter_ids(field: Field, value: Any) -> list[str]:
        """The item ids of a filter; `InvalidFilter` where they are no ids. An id that is no choice matches nothing."""
        ids = as_list(value)
        texts = [str(item) for item in ids if isinstance(item, str | int) and not isinstance(item, bool)]
        if len(texts) < len(ids) or any("\x00" in text for text in texts):
            raise filter_problem("not_ids", field, value)
        return texts

    @staticmethod
    def first(field: Field) -> str | None:
        """The first item's id where the field takes it by default."""
        items = field.config.get("items")
        return items[0]["id"] if items and field.config.get("defaultValue") is True else None


def _is_item(item: Any) -> bool:
    if not isinstance(item, Mapping) or isinstance(item.get("id"), bool):
        return False
    name = item.get("name")
    return isinstance(name, str) and name != "" and isinstance(item.get("id"), str | int | None)


def record_id(value: Any) -> int | None:
    """A record's number from ``5`` or ``"5"``; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        return None
    return int(text)
