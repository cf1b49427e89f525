"""What a field type is. Each type is one file in ``fields``; this module is what they share.

A type knows its column, how a value of the API becomes a stored one, which rendering makes JSON of it, which tests its
filters come to, and how records are sorted by it. It contains no SQL: renderings, tests and orders are closed sets that
``storage/statements`` compiles. Called by ``domain/records``, ``domain/queries`` and ``storage/statements``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias

import msgspec

from obmen.domain.files import ExternalFile, KeptFile, NewFile, StoredFile
from obmen.domain.numbers import decimal
from obmen.domain.queries.filters import Empty, Filter, Test, Within
from obmen.domain.record_ids import RecordId
from obmen.domain.renderings import Rendering
from obmen.domain.schema import Field, Schema
from obmen.errors import FieldProblem, InvalidFilter

Order: TypeAlias = Literal["value", "text", "contact", "items", "link", "employee", "presence"]
"""How records are sorted: by the stored value; by text, or the first contact, as people compare text; by the place of the first
item in the list of the field; by the title of the first linked record, or employee; by whether there is a value."""
Index: TypeAlias = Literal["words", "contacts", "members", "item"]
"""What is indexed beside the order: parts of text, parts of contacts, members of a list, the one item."""


_SHOWN: Final = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class Reference(msgspec.Struct, frozen=True):
    """A record that a value points at; ``catalog`` is a number."""

    catalog: int
    record: RecordId


class Secret(msgspec.Struct, frozen=True):
    """A text that is sealed before it is stored."""

    text: str


class ContactEntry(msgspec.Struct, frozen=True):
    """A phone, an address of mail, a link or any other text, with what the user wrote beside it."""

    contact: str
    comment: str = ""


Parsed: TypeAlias = (
    bool
    | int
    | Decimal
    | str
    | datetime
    | Secret
    | tuple[int, ...]
    | tuple[Reference, ...]
    | tuple[ContactEntry, ...]
    | tuple[StoredFile | NewFile | ExternalFile | KeptFile, ...]
    | None
)
"""A value that fits its field; what it points at has not been looked up yet."""


class WriteContext(msgspec.Struct, frozen=True, kw_only=True):
    """What parsing a value may depend on."""

    schema: Schema
    now: datetime
    user_id: int | None = None
    zone: tzinfo = UTC
    """The writer's: on which day a moment falls."""


class FilterContext(Protocol):
    """What reading a filter may depend on; implemented by ``queries.reading``."""

    schema: Schema
    user_id: int | None
    zone: tzinfo
    """The time zone of who asks."""

    def linked(self, catalog: int, filters: Any) -> Filter:
        """The filter on the records of another catalog; `InvalidFilter` where it does not fit."""
        ...


class FieldType:
    """The defaults of a type; a type overrides what it does otherwise."""

    name: ClassVar[str]
    column: ClassVar[str | None]
    """PostgreSQL type of the column; ``None``: the field holds no value."""
    always: ClassVar[str | None] = None
    """SQL of the value that stands where none was given; ``None``: the column may be empty."""
    searched: ClassVar[bool] = False
    """Quick search looks here."""
    order: ClassVar[Order | None] = None
    """``None``: records are not sorted by it."""
    indexes: ClassVar[tuple[Index, ...]] = ()
    settings: ClassVar[Mapping[str, Any]] = {}
    """What ``config`` holds where it was not given."""

    def configure(
        self, config: Mapping[str, Any], previous: Mapping[str, Any] | None, schema: Schema
    ) -> dict[str, Any]:
        """The settings to store; `InvalidCatalog` where they do not fit. ``previous`` is what is stored now."""
        return {**self.settings, **config}

    def described(self, field: Field, schema: Schema) -> dict[str, Any]:
        """``config`` as answers show it."""
        return {**self.settings, **field.config}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """What ``value`` means; `FieldProblem` where it is not a value of this type. ``value`` is not ``None``."""
        raise NotImplementedError

    def nothing(self) -> Parsed:
        """What an empty value is stored as."""
        return None

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """The value of a new record that does not name this field."""
        return None

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """How the stored value becomes JSON."""
        raise NotImplementedError

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """The test that ``value`` of a filter comes to; `InvalidFilter` where the field cannot be compared with it."""
        raise NotImplementedError

    def empty(self) -> Test:
        """The test that records without a value pass."""
        return Empty()

    def names_record(self, field: Field) -> bool:
        """Whether the first field of this type gives the record its title."""
        return False

    def is_filterable(self, field: Field) -> bool:
        """Whether filters, sorting and search may look at its values."""
        return self.column is not None


def shown(value: Any) -> str:
    """``value`` as the sender wrote it, cut short for a message."""
    text = _SHOWN.encode(value).decode("utf-8", "replace")
    return text if len(text) <= 80 else text[:77] + "…"


def problem(kind: str, field: Field, value: Any, **facts: Any) -> FieldProblem:
    """The error for a value that does not fit its field."""
    return FieldProblem(f"field.{kind}", field=field.id, name=field.name, sent=shown(value), **facts)


def filter_problem(kind: str, field: Field, value: Any) -> InvalidFilter:
    """The error for a filter that does not fit its field."""
    return InvalidFilter(f"filter.{kind}", field=field.id, name=field.name, sent=shown(value))


def clean_text(field: Field, value: str) -> str:
    """``value``, or a `FieldProblem` where PostgreSQL cannot store it."""
    if not is_storable(value):
        raise problem("bad_characters", field, value.encode("utf-8", "replace").decode().replace("\x00", "\\u0000"))
    return value


def is_storable(value: Any) -> bool:
    """Whether PostgreSQL can store it: no text in it has a NUL character or half of a surrogate pair."""
    match value:
        case str():
            return "\x00" not in value and _is_encodable(value)
        case Mapping():
            return all(is_storable(part) for pair in value.items() for part in pair)
        case list() | tuple():
            return all(is_storable(item) for item in value)
    return True


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def filter_text(field: Field, value: Any) -> str:
    """The text that a filter looks for; `InvalidFilter` for an empty one, which would find everything, and for what is no text."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise filter_problem("not_text", field, value)
    text = value if isinstance(value, str) else plain_number(value)
    if not is_storable(text):
        raise filter_problem("not_text", field, text.encode("utf-8", "replace").decode())
    if not text:
        raise filter_problem("empty", field, value)
    return text


def plain_number(value: float | Decimal) -> str:
    """A number without exponent: ``10000``, not ``1E+4``."""
    return format(Decimal(repr(value) if isinstance(value, float) else value), "f")


def as_list(value: Any) -> Sequence[Any]:
    """A list, also where one element was given bare."""
    return value if isinstance(value, list | tuple) else (value,)


def within(field: Field, value: Any, read: Callable[[Any, bool], Decimal | datetime]) -> Within:
    """``at ≤ stored ≤ to`` for a range ``{at, to}`` (either may be missing), equality for a bare value.

    ``read(bound, is_end)`` makes a stored value of a bound or raises ``ValueError``. A range without any bound is refused:
    it would hold for everything.
    """
    if not isinstance(value, Mapping):
        value = {"at": value, "to": value}
    if set(value) - {"at", "to"}:
        raise filter_problem("not_range", field, value)
    given = {key: bound for key, bound in value.items() if bound not in (None, "")}
    if not given:
        raise filter_problem("empty", field, value)
    try:
        low, high = (read(given[key], key == "to") if key in given else None for key in ("at", "to"))
    except (ValueError, OverflowError):
        raise filter_problem("not_range", field, value) from None
    return Within(low, high)


def number_within(field: Field, value: Any, low: Any, high: Any) -> Decimal:
    """The number, also where it is written as text; a `FieldProblem` where it is none or past a bound (empty: no bound)."""
    try:
        number = decimal(value)
    except ValueError:
        raise problem("not_number", field, value) from None
    if (low not in (None, "") and number < decimal(low)) or (high not in (None, "") and number > decimal(high)):
        raise problem("out_of_bounds", field, value, low=low, high=high)
    return number


def require_one(field: Field, chosen: Sequence[Any], value: Any) -> None:
    """A `FieldProblem` for several values where ``config.multiselect`` does not allow them."""
    if len(chosen) > 1 and field.config.get("multiselect") is not True:
        raise problem("one_value", field, value)


def references(parsed: Parsed) -> Iterable[Reference]:
    """The records that a value points at."""
    return (item for item in parsed if isinstance(item, Reference)) if isinstance(parsed, tuple) else ()
