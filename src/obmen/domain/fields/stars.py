"""Stars: 0 to 5."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain.field_types import (
    FieldType,
    FilterContext,
    Parsed,
    WriteContext,
    as_list,
    filter_problem,
    number_within,
    problem,
)
from obmen.domain.numbers import decimal
from obmen.domain.queries.filters import OneOf, Test
from obmen.domain.renderings import Number, Rendering
from obmen.domain.schema import Field, Schema


class Stars(FieldType):
    """A whole number from 0 to 5 (docs/reference/fields.md)."""

    name = "stars"
    column = "smallint"
    order = "value"
    settings: ClassVar[Mapping[str, Any]] = {"defaultEmptyValue": None}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """A whole number from 0 to 5."""
        if value == "":
            return None
        number = number_within(field, value, 0, 5)
        if number != int(number):
            raise problem("out_of_bounds", field, value, low=0, high=5)
        return int(number)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """A JSON number."""
        return Number()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """Exactly one of the numbers."""
        sent = as_list(value)
        if not sent or "" in sent:
            raise filter_problem("empty", field, value)
        try:
            numbers = [decimal(number) for number in sent]
        except ValueError:
            raise filter_problem("not_ids", field, value) from None
        return OneOf(tuple(number for number in range(6) if number in numbers))


FIELD_TYPE = Stars()
