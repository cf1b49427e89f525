"""Status: one or several of fixed choices."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from obmen.domain.catalogs.schema import Field
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Items,
    WriteContext,
    problem,
)


class Dropdown(FieldType):
    """A list of item ids; ``config.multiselect: false`` allows one (contract: status)."""

    name = "dropdown"
    column = "text[]"
    empty = ()

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """Items get their ids."""
        return Items.configure(config, previous)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """Item ids, a single one also bare."""
        if value == "":
            return None
        chosen = Items.ids(field, value)
        if len(chosen) > 1 and field.config.get("multiselect") is False:
            raise problem("one_item", field, value)
        return chosen or None

    def default(self, field: Field, context: WriteContext) -> Any:
        """The first item, where the field says so."""
        first = Items.first(field)
        return None if first is None else [first]

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """At least one of the ids."""
        ids = Items.filter_ids(field, value)
        return column.op("&&", is_comparison=True)(sa.cast(ids, postgresql.ARRAY(sa.Text)))


FIELD_TYPE = Dropdown()
