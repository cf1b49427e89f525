"""Checkboxes: any number of fixed choices."""

from typing import Any

from obmen.domain import items
from obmen.domain.field_types import FilterContext, Parsed, WriteContext
from obmen.domain.queries.filters import AllOf, Test
from obmen.domain.renderings import Choices, Rendering
from obmen.domain.schema import Field, Schema


class Checkboxes(items.ItemType):
    """A list of ids of items (docs/reference/fields.md)."""

    name = "checkboxes"
    column = "integer[]"
    indexes = ("members",)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """Ids of items, a single one also bare."""
        return None if value == "" else items.chosen(field, value) or None

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """The first item, where the field says so."""
        first = items.first(field)
        return None if first is None else (first,)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """A list of ids."""
        return Choices(items.own_ids(field))

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """All of the ids."""
        return AllOf(items.filtered(field, value))


FIELD_TYPE = Checkboxes()
