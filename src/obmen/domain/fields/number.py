"""A number, exact."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain.field_types import FieldType, FilterContext, Parsed, WriteContext, number_within, shown, within
from obmen.domain.numbers import decimal
from obmen.domain.queries.filters import Test
from obmen.domain.renderings import Number as NumberJson
from obmen.domain.renderings import Rendering
from obmen.domain.schema import Field, Schema
from obmen.errors import InvalidCatalog


class Number(FieldType):
    """``config.min`` and ``config.max`` bound it (docs/reference/fields.md). Stored as ``numeric``, so that sums of money are exact."""

    name = "number"
    column = "numeric"
    order = "value"
    settings: ClassVar[Mapping[str, Any]] = {"unit": "", "defaultEmptyValue": None}

    def configure(
        self, config: Mapping[str, Any], previous: Mapping[str, Any] | None, schema: Schema
    ) -> dict[str, Any]:
        """Bounds must be numbers."""
        for key in ("min", "max"):
            if config.get(key) not in (None, ""):
                try:
                    decimal(config[key])
                except ValueError:
                    raise InvalidCatalog("catalog.bad_bound", key=key, sent=shown(config[key])) from None
        return {**self.settings, **config}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """A number, or text that is one, within the bounds."""
        if value == "":
            return None
        return number_within(field, value, field.config.get("min"), field.config.get("max"))

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """A JSON number."""
        return NumberJson()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """A range, or equality."""
        return within(field, value, lambda bound, is_end: decimal(bound))


FIELD_TYPE = Number()
