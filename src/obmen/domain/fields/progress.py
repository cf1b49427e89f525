"""Progress: 0 to 100."""

from typing import Any

from obmen.domain.catalogs import Field
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    WriteContext,
    between,
    problem,
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
        try:
            number = decimal(value)
        except ValueError:
            raise problem("not_number", field, value) from None
        if not 0 <= number <= 100:
            raise problem("out_of_bounds", field, value, low=0, high=100)
        return number

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """A range, or equality."""
        return between(field, column, value, lambda bound, is_end: decimal(bound))


FIELD_TYPE = Progress()
