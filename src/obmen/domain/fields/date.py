"""A date, with or without the time of day."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, ClassVar

from obmen.domain.dates import day, moment
from obmen.domain.field_types import FieldType, FilterContext, Parsed, WriteContext, problem, within
from obmen.domain.queries.filters import Empty, Test
from obmen.domain.renderings import Moment, Rendering
from obmen.domain.schema import Field, Schema


class Date(FieldType):
    """A moment where ``config.time`` is on, else a day, the same for everybody (docs/reference/fields.md)."""

    name = "date"
    column = "timestamptz"
    order = "value"
    settings: ClassVar[Mapping[str, Any]] = {"time": False, "defaultValue": False}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """ISO 8601, or an epoch number; a day is stored as its beginning in UTC."""
        if value == "":
            return None
        try:
            return moment(value, UTC) if _has_time(field) else day(value, context.zone)
        except (ValueError, OverflowError):
            raise problem("not_date", field, value) from None

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """Now, or the present day, where the field says so."""
        if field.config.get("defaultValue") is not True:
            return None
        return context.now if _has_time(field) else day(context.now, context.zone)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """ISO 8601 in UTC."""
        return Moment()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """A range of moments, bare days being those of the caller's time zone, or of days; ``NULL_DATE`` finds records without one."""
        if value == "NULL_DATE":
            return Empty()
        read = moment if _has_time(field) else day
        return within(field, value, lambda bound, is_end: read(bound, context.zone, end_of_day=is_end))


def _has_time(field: Field) -> bool:
    """Whether the field is for moments, not for days."""
    return field.config.get("time") is True


FIELD_TYPE = Date()
