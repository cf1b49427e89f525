"""A number, exact."""

from collections.abc import Mapping
from typing import Any

from obmen.domain.catalogs.schema import Field, Schema
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Render,
    WriteContext,
    between,
    number_within,
    shown,
)
from obmen.domain.numbers import decimal
from obmen.errors import InvalidCatalog


class Number(FieldType):
    """``config.min`` and ``config.max`` bound it (contract: number). Stored as ``numeric``, so that sums of money are exact."""

    name = "number"
    column = "numeric"

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """Bounds must be numbers."""
        for key in ("min", "max"):
            if config.get(key) not in (None, ""):
                try:
                    decimal(config[key])
                except ValueError:
                    raise InvalidCatalog("catalog.bad_bound", key=key, sent=shown(config[key])) from None
        return dict(config)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """A number, or text that is one, within the bounds."""
        if value == "":
            return None
        return number_within(field, value, field.config.get("min"), field.config.get("max"))

    def renderer(self, field: Field, schema: Schema) -> Render:
        """A JSON number."""
        return lambda stored: stored

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """A range, or equality."""
        return between(field, column, value, lambda bound, is_end: decimal(bound))

    def title(self, value: str) -> str | None:
        """The number."""
        return f"trim_scale({value})::text"


FIELD_TYPE = Number()
