"""Checkboxes: any number of fixed choices."""

from typing import Any

from obmen.domain import items
from obmen.domain.field_types import FilterContext, Parsed, WriteContext
from obmen.domain.queries.filters import AllOf, Test
from obmen.domain.schema import Field


class Checkboxes(items.ItemListType):
    """A list of ids of items (docs/reference/fields.md)."""

    name = "checkboxes"

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """Ids of items, a single one also bare."""
        return None if value == "" else items.chosen(field, value) or None

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """All of the ids."""
        return AllOf(items.filtered(field, value))


FIELD_TYPE = Checkboxes()
