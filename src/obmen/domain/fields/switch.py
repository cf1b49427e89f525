"""A switch: on or off."""

from typing import Any

import sqlalchemy as sa

from obmen.domain.catalogs.schema import Field
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    WriteContext,
    filter_problem,
    problem,
)

_WORDS = {"true": True, "1": True, "false": False, "0": False}


class Switch(FieldType):
    """``true`` or ``false``; without a value it is off (contract: switch)."""

    name = "switch"
    column = "boolean"
    empty = False

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """A boolean."""
        if not isinstance(value, bool):
            raise problem("not_switch", field, value)
        return value

    def default(self, field: Field, context: WriteContext) -> Any:
        """On, where the field says so."""
        return field.config.get("defaultValue") is True

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """On or off, also as the words of a query string."""
        wanted = _WORDS.get(str(value).lower()) if isinstance(value, bool | str | int) else None
        if wanted is None:
            raise filter_problem("not_switch", field, value)
        return sa.func.coalesce(column, sa.false()).is_(wanted)


FIELD_TYPE = Switch()
