"""Reads the parameters of a question about records into a `Query`.

Filters come in three spellings: a list of ``{fieldId, value}``; an object ``{fieldId: value, "$or": [...], "$and": [...]}``;
and within an object ``{fieldId: {"$or": [values]}}`` or ``{"$and": [values]}``. Whatever is not understood is refused: a
filter never finds more than it says (docs/reference/filters.md). Called by ``services/records``.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, tzinfo
from typing import Any, Final

import msgspec

from obmen.domain.encoding import decode, excess
from obmen.domain.field_types import is_storable, shown
from obmen.domain.fields.object import extended_fields
from obmen.domain.queries.filters import EVERYTHING, All, Condition, Either, Filter, Found, HasId
from obmen.domain.queries.queries import NEWEST_FIRST, After, Chosen, Page, Query, Selection, Sort
from obmen.domain.record_ids import record_id
from obmen.domain.schema import Catalog, Field, Schema
from obmen.errors import InvalidFilter

MOST_SKIPPED: Final = 2**62
"""Records that a page may lie behind."""
_NESTING: Final = 40
_JSON_NESTING: Final = 4 * _NESTING
"""A level of a filter is at most four of JSON: a list, its entry, the list of links, a link with the next filter."""
_GROUP: Final = "group"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a question, decoded from their spelling: JSON values."""

    filters: Any = None
    fields: Any = None
    search_text: str = ""
    ids: tuple[str, ...] | None = None
    sort_field: str = ""
    descending: bool = False
    limit: int = 100
    offset: int = 0
    after: str = ""
    zone: tzinfo = UTC
    """Where a day without a time zone begins, and on which day a moment falls."""
    with_linked_values: bool = False
    """Links carry the values of the fields that their field shows of linked records."""
    skip_prev_id: bool = False
    """Values of fields of the system under their own id alone."""


class QueryReader:
    """Reads questions of one user about the records of one schema; counts the conditions of a question against ``limit``.

    A `FilterContext`.
    """

    def __init__(self, schema: Schema, *, user_id: int | None, zone: tzinfo = UTC, limit: int = 200) -> None:
        self.schema = schema
        self.user_id = user_id
        self.zone = zone
        self._limit = limit
        self._left = limit
        self._level = 0

    def query(self, catalog: Catalog, asked: Asked) -> Query:
        """The query; `InvalidFilter` says which parameter does not fit."""
        parts: list[Filter] = []
        if asked.filters is not None:
            parts.append(self.filter(catalog, asked.filters))
        if asked.search_text:
            parts.append(Found(_search_text(asked.search_text)))
        if asked.ids is not None:
            ids = [record_id(item) for item in asked.ids]
            parts.append(HasId(tuple(one for one in ids if one is not None)))
        if not 0 <= asked.offset <= MOST_SKIPPED or asked.limit < 0:
            raise InvalidFilter("filter.bad_page", limit=asked.limit, offset=asked.offset, most=MOST_SKIPPED)
        sort = _sort(catalog, asked)
        after = _after(asked.after, sort) if asked.after else None
        return Query(
            catalog=catalog.number,
            filter=EVERYTHING if not parts else parts[0] if len(parts) == 1 else All(tuple(parts)),
            fields=selection(catalog, self.schema, asked.fields, with_linked_values=asked.with_linked_values),
            sort=sort,
            page=Page(asked.limit, asked.offset, after),
        )

    def filter(self, catalog: Catalog, filters: Any) -> Filter:
        """The filter on the records of ``catalog``; `InvalidFilter` says what does not fit."""
        if isinstance(filters, list):
            return All(tuple(self._listed(catalog, item) for item in filters))
        if isinstance(filters, Mapping):
            if filters and _is_numbered(filters):
                return self.filter(catalog, list(filters.values()))
            return self._keyed(catalog, filters)
        raise InvalidFilter("filter.not_filters", sent=shown(filters))

    def linked(self, catalog: int, filters: Any) -> Filter:
        """The filter on the records of another catalog."""
        if filters in ("", None, [], {}):
            raise InvalidFilter("filter.empty_linked", catalog=self.schema.catalogs[catalog].id)
        with self._deeper():
            return self.filter(self.schema.catalogs[catalog], filters)

    def _listed(self, catalog: Catalog, item: Any) -> Filter:
        if not isinstance(item, Mapping) or not item:
            raise InvalidFilter("filter.not_filters", sent=shown(item))
        key = "fieldId" if "fieldId" in item else "attr" if "attr" in item else None
        if key is None:
            return self._keyed(catalog, item)
        if "value" not in item:
            raise InvalidFilter("filter.no_value", field=shown(item[key]))
        return self._field(catalog, item[key], item["value"])

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """Counts levels: a filter nested without end could not be compiled."""
        self._level += 1
        if self._level > _NESTING:
            raise InvalidFilter("filter.too_deep", limit=_NESTING)
        yield
        self._level -= 1

    def _keyed(self, catalog: Catalog, filters: Mapping[str, Any]) -> Filter:
        parts: list[Filter] = []
        for key, value in filters.items():
            if key in ("$or", "$and"):
                members = _members(key, value)
                with self._deeper():
                    parts.append(_joined(key, tuple(self._listed(catalog, item) for item in members)))
            else:
                parts.append(self._field(catalog, key, value))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _field(self, catalog: Catalog, field_id: Any, value: Any) -> Filter:
        field = catalog.find(field_id) if isinstance(field_id, str | int) else None
        if field is None or not field.holds_value:
            raise InvalidFilter("filter.no_field", field=shown(field_id), catalog=catalog.id)
        if isinstance(value, Mapping) and len(value) == 1 and (key := next(iter(value))) in ("$or", "$and"):
            members = _members(key, value[key])
            with self._deeper():
                return _joined(key, tuple(self._field(catalog, field_id, item) for item in members))
        self._left -= 1
        if self._left < 0:
            raise InvalidFilter("filter.too_many", limit=self._limit)
        if value is None:
            return Condition(field.number, field.type.empty())
        return Condition(field.number, field.type.read_filter(field, value, self))


def selection(catalog: Catalog, schema: Schema, fields: Any, *, with_linked_values: bool = False) -> Selection | None:
    """What ``fields`` asks for: ids, and ``{fieldId, fields: {catalog: [ids]}}`` for values of linked records; ``None``: all.

    A group stands for the fields behind it. `InvalidFilter` names what is no field.
    """
    if fields in (None, "", []):
        if not with_linked_values:
            return None
        return tuple(Chosen(field.number, _shown(field)) for field in catalog.value_fields)
    if isinstance(fields, str):
        fields = fields.split(",")
    if not isinstance(fields, list):
        fields = [fields]
    chosen: dict[int, Chosen] = {}
    for item in fields:
        linked = item.get("fields") or {} if isinstance(item, Mapping) else {}
        given = item.get("fieldId") if isinstance(item, Mapping) else item
        if isinstance(given, bool) or not isinstance(given, str | int) or not isinstance(linked, Mapping):
            raise InvalidFilter("filter.not_fields", sent=shown(item))
        for field in _meant(catalog, given):
            if linked and field.type.order != "link":
                raise InvalidFilter("filter.no_field", field=given, catalog=catalog.id)
            inner = _linked(linked, schema) if linked else _shown(field) if with_linked_values else ()
            chosen[field.number] = Chosen(field.number, inner)
    return tuple(chosen.values())


def next_page(query: Query, key: str | None, number: int) -> str:
    """The parameter ``after`` that asks for what follows the record with this sort key."""
    place = number if query.sort.field is None else [key, number]
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_json(parameter: Any, name: str) -> Any:
    """What a parameter means: the value of JSON text, or what brackets of the query string spelled, with JSON at their leaves."""
    if isinstance(parameter, str) and parameter.lstrip()[:1] in ("{", "["):
        try:
            return _decoded(parameter)
        except msgspec.DecodeError as error:
            raise InvalidFilter("filter.not_json", name=name, problem=error) from None
    return _leaves(parameter)


def _decoded(text: str) -> Any:
    """The value of JSON; ``msgspec.DecodeError`` where it is none, `InvalidFilter` where it nests deeper than a filter can."""
    content = text.encode()
    if excess(content, depth=_JSON_NESTING, values=2 * len(content)) is not None:
        raise InvalidFilter("filter.too_deep", limit=_NESTING)
    return decode(content)


def _leaves(parameter: Any) -> Any:
    """A leaf of brackets that is a JSON list or object is read as JSON: ``[value]=[1,2,3]``."""
    if isinstance(parameter, dict):
        return {key: _leaves(value) for key, value in parameter.items()}
    if isinstance(parameter, list):
        return [_leaves(value) for value in parameter]
    if isinstance(parameter, str) and parameter[:1] + parameter[-1:] in ("[]", "{}"):
        try:
            return _decoded(parameter)
        except msgspec.DecodeError:
            return parameter
    return parameter


def _search_text(text: str) -> str:
    if not is_storable(text):
        raise InvalidFilter("filter.bad_search", sent=shown(text.encode("utf-8", "replace").decode()))
    return text


def _sort(catalog: Catalog, asked: Asked) -> Sort:
    if not asked.sort_field:
        return NEWEST_FIRST
    if asked.sort_field == "id":
        return Sort(None, asked.descending)
    field = catalog.find(asked.sort_field)
    if field is None or field.type.order is None or not field.type.is_filterable(field):
        known = ", ".join(field.id for field in catalog.value_fields if field.type.order is not None)
        raise InvalidFilter("filter.not_sortable", field=asked.sort_field, catalog=catalog.id, known=known)
    return Sort(field.number, asked.descending)


def _after(text: str, sort: Sort) -> After:
    """What `next_page` made."""
    kind: Any = int if sort.field is None else tuple[str | None, int]
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise InvalidFilter("filter.bad_after", sent=shown(text)) from None
    key, number = (None, place) if sort.field is None else place
    if not 0 < number < 2**63 or (key is not None and not is_storable(key)):
        raise InvalidFilter("filter.bad_after", sent=shown(text))
    return After(key, number)


def _meant(catalog: Catalog, field_id: str | int) -> list[Field]:
    """The field with this id, or the fields of a group."""
    field = catalog.find(str(field_id).strip())
    if field is None:
        raise InvalidFilter("filter.no_field", field=field_id, catalog=catalog.id)
    if field.holds_value:
        return [field]
    found = []
    for following in catalog.fields[catalog.fields.index(field) + 1 :]:
        if following.type.name == _GROUP:
            break
        found.append(following)
    return [following for following in found if following.holds_value]


def _linked(sent: Mapping[str, Any], schema: Schema) -> tuple[tuple[int, tuple[int, ...]], ...]:
    found = []
    for catalog_id, fields in sent.items():
        catalog = schema.find(catalog_id)
        if catalog is None:
            raise InvalidFilter("filter.not_fields", sent=shown(sent))
        if not isinstance(fields, list):
            raise InvalidFilter("filter.not_fields", sent=shown(fields))
        numbers = [field.number for field_id in fields for field in _meant(catalog, _plain_id(field_id))]
        found.append((catalog.number, tuple(dict.fromkeys(numbers))))
    return tuple(found)


def _plain_id(field_id: Any) -> str | int:
    if isinstance(field_id, bool) or not isinstance(field_id, str | int):
        raise InvalidFilter("filter.not_fields", sent=shown(field_id))
    return field_id


def _shown(field: Field) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The fields of linked records that a field shows."""
    return extended_fields(field) if field.type.order == "link" else ()


def _members(key: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidFilter("filter.not_list", key=key, sent=shown(value))
    return value


def _joined(key: str, filters: tuple[Filter, ...]) -> Filter:
    if len(filters) == 1:
        return filters[0]
    return Either(filters) if key == "$or" else All(filters)


def _is_numbered(filters: Mapping[str, Any]) -> bool:
    """Whether an object is a list whose brackets were numbered with gaps: ``{"0": {"fieldId": …}, "7": {…}}``."""
    return all(isinstance(item, Mapping) and ("fieldId" in item or "attr" in item) for item in filters.values())
