"""Stars: 0 to 5."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from obmen.domain.catalogs.schema import Field
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    WriteContext,
    as_list,
    filter_problem,
    number_within,
    problem,
)
from obmen.domain.numbers import decimal


class Stars(FieldType):
    """A whole number from 0 to 5 (contract: stars)."""

    name = "stars"
    column = "smallint"

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """A whole number from 0 to 5."""
        if value == "":
            return None
        number = number_within(field, value, 0, 5)
        if number != int(number):
            raise problem("out_of_bounds", field, value, low=0, high=5)
        return int(number)

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """Exactly one of the numbers."""
        try:
            numbers = [decimal(number) for number in as_list(value)]
        except ValueError:
            raise filter_problem("not_ids", field, value) from None
        return column == sa.any_(
            sa.cast([number for number in range(6) if number in numbers], postgresql.ARRAY(sa.SmallInteger))
        )


FIELD_TYPE = Stars()
