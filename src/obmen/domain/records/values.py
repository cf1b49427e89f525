"""Values of records: from what a sender wrote to what is stored, and from what is stored to what is answered.

`parse` and `Codec` are the only two ways; every write path and every read path goes through them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from obmen.domain.catalogs.schema import Catalog, Field, Schema
from obmen.domain.field_types import Link, WriteContext, shown
from obmen.domain.fields import field_type
from obmen.domain.fields.text import is_secret
from obmen.errors import FieldProblem, InvalidValue


def parse(catalog: Catalog, values: Any, context: WriteContext, *, creating: bool) -> dict[int, Any]:
    """Stored values by field number of what was sent; for a new record the defaults too.

    `InvalidValue` names every value that does not fit its field, every unknown field and every missing required one.
    """
    if not isinstance(values, Mapping):
        raise InvalidValue("field.not_values", sent=shown(values))
    problems: list[FieldProblem] = []
    parsed: dict[int, Any] = {}
    by_id = catalog.by_id
    for field_id, value in values.items():
        field = by_id.get(str(field_id))
        if field is None or not holds_value(field):
            known = ", ".join(known.id for known in value_fields(catalog))
            problems.append(FieldProblem("field.unknown", field=str(field_id), catalog=catalog.key, known=known))
            continue
        try:
            parsed[field.number] = None if value is None else field_type(field.type).parse(field, value, context)
        except FieldProblem as problem:
            problems.append(problem)
    for field in catalog.fields:
        if creating and field.number not in parsed:
            default = field_type(field.type).default(field, context)
            if default is not None:
                parsed[field.number] = default
        empty = parsed.get(field.number) is None and (creating or field.number in parsed)
        if field.required and empty and not any(p.field == field.id for p in problems):
            problems.append(FieldProblem("field.required", field=field.id, name=field.name))
    if problems:
        raise InvalidValue("field.invalid", problems=tuple(problems), count=len(problems))
    return parsed


def holds_value(field: Field) -> bool:
    """Whether a field has a column (a heading has none)."""
    return field_type(field.type).column is not None


def value_fields(catalog: Catalog) -> list[Field]:
    """The fields of ``catalog`` that hold values."""
    return [field for field in catalog.fields if holds_value(field)]


def title_field(catalog: Catalog) -> Field | None:
    """The field that names a record: the first whose type has a title."""
    for field in value_fields(catalog):
        if field_type(field.type).title("") is not None and not is_secret(field):
            return field
    return None


def links(catalog: Catalog, parsed: Mapping[int, Any], schema: Schema) -> list[tuple[Field, Link]]:
    """The records that the parsed values point at."""
    return [
        (field, link)
        for field in catalog.fields
        if parsed.get(field.number) is not None
        for link in field_type(field.type).links(field, parsed[field.number], schema)
    ]


class Row(Protocol):
    """A row of the database, by place."""

    def __getitem__(self, place: int) -> Any: ...


Part = tuple[str, int, int, Callable[..., Any]]


class Codec:
    """Reads rows of a catalog's table: what to select, and how a row becomes the values of the API.

    ``columns`` is the SQL of the select list, the record's row being ``r``: id and title first, then the fields.
    """

    __slots__ = ("_parts", "_single", "columns")

    def __init__(self, catalog: Catalog, schema: Schema, namespace: str, fields: Iterable[Field] | None = None) -> None:
        columns = ["r.id", "r.title"]
        single: list[tuple[str, int, Callable[[Any], Any]]] = []
        parts: list[Part] = []
        for field in value_fields(catalog) if fields is None else fields:
            kind = field_type(field.type)
            selected = kind.select(field, schema, namespace)
            render = kind.renderer(field, schema)
            if len(selected) == 1:
                single.append((field.id, len(columns), render))
            else:
                parts.append((field.id, len(columns), len(columns) + len(selected), render))
            columns.extend(selected)
        self.columns = ", ".join(columns)
        self._single = single
        self._parts = parts

    def values(self, row: Row) -> dict[str, Any]:
        """``{field id: value}`` as the API answers it."""
        found = {field_id: render(row[place]) for field_id, place, render in self._single}
        for field_id, start, end, render in self._parts:
            found[field_id] = render(*[row[place] for place in range(start, end)])
        return found
