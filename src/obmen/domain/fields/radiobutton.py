"""A choice of exactly one."""

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


class RadioButton(FieldType):
    """One item id, as a string (contract: create record, choice)."""

    name = "radiobutton"
    column = "text"

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """Items get their ids."""
        return Items.configure(config, previous)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """An item id, also in a list of one."""
        if value == "":
            return None
        chosen = Items.ids(field, value)
        if len(chosen) > 1:
            raise problem("one_item", field, value)
        return chosen[0] if chosen else None

    def default(self, field: Field, context: WriteContext) -> Any:
        """The first item, where the field says so."""
        return Items.first(field)

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """One of the ids."""
        return column == sa.any_(sa.cast(Items.filter_ids(field, value), postgresql.ARRAY(sa.Text)))


FIELD_TYPE = RadioButton()
