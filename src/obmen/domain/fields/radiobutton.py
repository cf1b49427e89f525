"""A choice of exactly one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain import items
from obmen.domain.field_types import FieldType, FilterContext, Parsed, WriteContext, problem
from obmen.domain.queries.filters import OneOf, Test
from obmen.domain.renderings import Choice, Rendering
from obmen.domain.schema import Field, Schema


class RadioButton(FieldType):
    """One item; clients get a list of one, processes the bare id, both are taken (docs/reference/fields.md)."""

    name = "radiobutton"
    column = "integer"
    order = "items"
    indexes = ("item",)
    settings: ClassVar[Mapping[str, Any]] = {"items": [], "defaultValue": False, "defaultEmptyValue": []}

    def configure(
        self, config: Mapping[str, Any], previous: Mapping[str, Any] | None, schema: Schema
    ) -> dict[str, Any]:
        """Items get their numbers."""
        return items.configure({**self.settings, **config}, previous)

    def described(self, field: Field, schema: Schema) -> dict[str, Any]:
        """Items with both ids."""
        return items.described({**self.settings, **field.config})

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
