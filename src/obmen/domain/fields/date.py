"""A date, with or without the time of day."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain.dates import moment
from obmen.domain.field_types import FieldType, FilterContext, Parsed, WriteContext, problem, within
from obmen.domain.queries.filters import Empty, Test
from obmen.domain.renderings import Moment, Rendering
from obmen.domain.schema import Field, Schema


class Date(FieldType):
    """A moment in UTC; ``config.time`` says how people see it (docs/reference/fields.md)."""

    name = "date"
    column = "timestamptz"
    order = "value"
    settings: ClassVar[Mapping[str, Any]] = {"time": False, "defaultValue": False}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """ISO 8601, or an epoch number."""
        if value == "":
            return None
        try:
            return moment(value)
        except (ValueError, OverflowError):
            raise problem("not_date", field, value) from None

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """Now, where the field says so."""
        return context.now if field.config.get("defaultValue") is True else None

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """ISO 8601 in UTC."""
        return Moment()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """A range of moments or of whole days in the caller's time zone; ``NULL_DATE`` finds records without one."""
        if value == "NULL_DATE":
            return Empty()
        return within(field, value, lambda bound, is_end: moment(bound, context.offset_minutes, end_of_day=is_end))


FIELD_TYPE = Date()
