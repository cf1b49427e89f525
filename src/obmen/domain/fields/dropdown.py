"""Status: one or several of fixed choices."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain import items
from obmen.domain.field_types import FilterContext, Parsed, WriteContext, require_one
from obmen.domain.queries.filters import AnyOf, Test
from obmen.domain.schema import Field


class Dropdown(items.ItemListType):
    """A list of ids of items; ``config.multiselect`` allows several (docs/reference/fields.md)."""

    name = "dropdown"
    settings: ClassVar[Mapping[str, Any]] = {"multiselect": False, **items.ItemType.settings}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """Ids of items, a single one also bare."""
        if value == "":
            return None
        chosen = items.chosen(field, value)
        require_one(field, chosen, value)
        return chosen or None

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """At least one of the ids."""
        return AnyOf(items.filtered(field, value))


FIELD_TYPE = Dropdown()
