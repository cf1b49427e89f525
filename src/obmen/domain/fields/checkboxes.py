"""Checkboxes: any number of fixed choices."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from obmen.domain.catalogs.schema import Field
from obmen.domain.field_types import Column, Condition, FieldType, FilterContext, Items, WriteContext


class Checkboxes(FieldType):
    """A list of item ids (contract: checkboxes)."""

    name = "checkboxes"
    column = "text[]"
    empty = ()

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """Items get their ids."""
        return Items.configure(config, previous)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """Item ids, a single one also bare."""
        return None if value == "" else Items.ids(field, value) or None

    def default(self, field: Field, context: WriteContext) -> Any:
        """The first item, where the field says so."""
        first = Items.first(field)
        return None if first is None else [first]

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """All of the ids (contract: filters, checkboxes)."""
        ids = Items.filter_ids(field, value)
        return column.op("@>", is_comparison=True)(sa.cast(ids, postgresql.ARRAY(sa.Text)))


FIELD_TYPE = Checkboxes()
