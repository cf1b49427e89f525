"""Progress: 0 to 100."""

from typing import Any

from obmen.domain.catalogs.schema import Field
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    WriteContext,
    between,
    number_within,
)
from obmen.domain.numbers import decimal


class Progress(FieldType):
    """A number from 0 to 100 (contract: progress)."""

    name = "progress"
    column = "numeric"

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """A number from 0 to 100."""
        if value == "":
            return None
        return number_within(field, value, 0, 100)

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """A range, or equality."""
        return between(field, column, value, lambda bound, is_end: decimal(bound))


FIELD_TYPE = Progress()
