"""A choice of exactly one."""

from typing import Any

from obmen.domain import items
from obmen.domain.field_types import FilterContext, Parsed, WriteContext, problem
from obmen.domain.queries.filters import OneOf, Test
from obmen.domain.renderings import Choice, Rendering
from obmen.domain.schema import Field, Schema


class RadioButton(items.ItemType):
    """One item; clients get a list of one, processes the bare id, both are taken (docs/reference/fields.md)."""

    name = "radiobutton"
    column = "integer"
    indexes = ("item",)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """An id of an item, also in a list of one."""
        if value == "":
            return None
        chosen = items.chosen(field, value)
        if len(chosen) > 1:
            raise problem("one_value", field, value)
        return chosen[0] if chosen else None

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """The first item, where the field says so."""
        return items.first(field)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """One id."""
        return Choice(items.own_ids(field))

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """One of the ids."""
        return OneOf(items.filtered(field, value))


FIELD_TYPE = RadioButton()
