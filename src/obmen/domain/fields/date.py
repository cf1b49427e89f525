"""A date, with or without the time of day."""

from typing import Any

from obmen.domain.catalogs.schema import Field, Schema
from obmen.domain.dates import iso, moment
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Render,
    WriteContext,
    between,
    problem,
)


class Date(FieldType):
    """A moment in UTC; ``config.time`` says how people see it (contract: date)."""

    name = "date"
    column = "timestamptz"

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """ISO 8601."""
        if value == "":
            return None
        try:
            return moment(value)
        except (ValueError, OverflowError):
            raise problem("not_date", field, value) from None

    def default(self, field: Field, context: WriteContext) -> Any:
        """Now, where the field says so."""
        return context.now if field.config.get("defaultValue") is True else None

    def renderer(self, field: Field, schema: Schema) -> Render:
        """ISO 8601 in UTC."""
        return lambda stored: None if stored is None else iso(stored)

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """A range of moments or of whole days in the caller's zone; ``NULL_DATE`` finds records without one."""
        if value == "NULL_DATE":
            return column.is_(None)
        return between(
            field, column, value, lambda bound, is_end: moment(bound, context.offset_minutes, end_of_day=is_end)
        )

    def title(self, value: str) -> str | None:
        """The day."""
        return f"to_char({value} at time zone 'UTC', 'YYYY-MM-DD')"


FIELD_TYPE = Date()
