"""Filters of records: the three spellings of the contract, read into one tree and compiled into one condition.

Spellings (contract: Records, filters): a list of ``{fieldId, value}``; an object ``{fieldId: value, "$or": [...], "$and": [...]}``;
and within an object ``{fieldId: {"$or": [values]}}`` or ``{"$and": [values]}``.
Called by ``services/records`` and by linked fields for conditions on the records they link to.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from obmen.domain.catalogs.schema import Catalog, Schema
from obmen.domain.field_types import Condition, shown
from obmen.domain.fields import field_type
from obmen.errors import InvalidFilter

_NESTING: Final = 40


class FilterReader:
    """Compiles filters of one question; counts their conditions against ``limit``. A `FilterContext`."""

    def __init__(
        self,
        schema: Schema,
        namespace: str,
        *,
        user_id: int | None,
        offset_minutes: int = 0,
        limit: int = 200,
    ) -> None:
        self.schema = schema
        self.user_id = user_id
        self.offset_minutes = offset_minutes
        self._namespace = namespace
        self._left = limit
        self._limit = limit
        self._level = 0

    def condition(self, catalog: Catalog, filters: Any, alias: str = "r") -> Condition:
        """SQL that holds for the records of ``catalog`` (as ``alias``) that match; `InvalidFilter` says what does not fit."""
        if filters in (None, "", [], {}):
            return sa.true()
        if isinstance(filters, list):
            return sa.and_(sa.true(), *(self._listed(catalog, item, alias) for item in filters))
        if isinstance(filters, Mapping):
            if _numbered(filters):
                return self.condition(catalog, list(filters.values()), alias)
            return self._all(catalog, filters, alias)
        raise InvalidFilter("filter.not_filters", sent=shown(filters))

    def linked(self, catalog_id: int, filters: Any) -> sa.ScalarSelect[Any]:
        """The links (``catalog:record``) to records of another catalog that match ``filters``."""
        catalog = self.schema.catalog(catalog_id)
        alias = f"l{self._left}"
        table = sa.table(catalog.table, sa.column("id"), sa.column("removed_at"), schema=self._namespace).alias(alias)
        matching = (
            sa.select(sa.func.array_agg(sa.func.concat(f"{catalog.id}:", table.c.id)))
            .select_from(table)
            .where(table.c.removed_at.is_(None), self.condition(catalog, filters, alias))
        )
        return matching.scalar_subquery()

    def _listed(self, catalog: Catalog, item: Any, alias: str) -> Condition:
        if not isinstance(item, Mapping):
            raise InvalidFilter("filter.not_filters", sent=shown(item))
        if "fieldId" in item:
            return self._field(catalog, str(item["fieldId"]), item.get("value"), alias)
        return self._all(catalog, item, alias)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """Counts levels: SQL nested without end could not be compiled."""
        self._level += 1
        if self._level > _NESTING:
            raise InvalidFilter("filter.too_deep", limit=_NESTING)
        yield
        self._level -= 1

    def _all(self, catalog: Catalog, filters: Mapping[str, Any], alias: str) -> Condition:
        conditions: list[Condition] = []
        for key, value in filters.items():
            if key in ("$or", "$and"):
                if not isinstance(value, list) or not value:
                    raise InvalidFilter("filter.not_list", key=key, sent=shown(value))
                join = sa.or_ if key == "$or" else sa.and_
                with self._deeper():
                    conditions.append(join(*(self._listed(catalog, item, alias) for item in value)))
            else:
                conditions.append(self._field(catalog, str(key), value, alias))
        return sa.and_(sa.true(), *conditions)

    def _field(self, catalog: Catalog, field_id: str, value: Any, alias: str) -> Condition:
        field = catalog.by_id.get(field_id)
        if field is None or field_type(field.type).column is None:
            raise InvalidFilter("filter.no_field", field=field_id, catalog=catalog.key)
        if isinstance(value, Mapping) and (set(value) == {"$or"} or set(value) == {"$and"}):
            ((key, values),) = value.items()
            if not isinstance(values, list) or not values:
                raise InvalidFilter("filter.not_list", key=key, sent=shown(values))
            join = sa.or_ if key == "$or" else sa.and_
            with self._deeper():
                return join(*(self._field(catalog, field_id, item, alias) for item in values))
        self._left -= 1
        if self._left < 0:
            raise InvalidFilter("filter.too_many", limit=self._limit)
        kind = field_type(field.type)
        column: sa.ColumnClause[Any] = sa.literal_column(f"{alias}.{field.column}", _COLUMN_TYPES[kind.column])
        if value is None:
            return kind.is_empty(column)
        with self._deeper():
            return kind.condition(field, column, value, self)


_COLUMN_TYPES: dict[str | None, Any] = {
    "text": sa.Text(),
    "text[]": sa.ARRAY(sa.Text()),
    "bigint[]": sa.ARRAY(sa.BigInteger()),
    "numeric": sa.Numeric(),
    "smallint": sa.SmallInteger(),
    "boolean": sa.Boolean(),
    "timestamptz": sa.TIMESTAMP(timezone=True),
    "jsonb": sa.JSON(),
}


def _numbered(filters: Mapping[str, Any]) -> bool:
    """Whether an object is a list whose brackets were numbered with gaps: ``{"0": {"fieldId": …}, "7": {…}}``."""
    return all(isinstance(item, Mapping) and "fieldId" in item for item in filters.values())


def read_json(parameter: Any, name: str) -> Any:
    """What a query parameter means: JSON text, or what the brackets of the query string already spelled."""
    if isinstance(parameter, str) and parameter[:1] in ("{", "["):
        try:
            return msgspec.json.decode(parameter)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidFilter("filter.not_json", name=name, problem=error) from None
    return parameter
