"""Progress: 0 to 100."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain.field_types import FieldType, FilterContext, Parsed, WriteContext, number_within, within
from obmen.domain.numbers import decimal
from obmen.domain.queries.filters import Test
from obmen.domain.renderings import Number, Rendering
from obmen.domain.schema import Field, Schema


class Progress(FieldType):
    """A number from 0 to 100 (docs/reference/fields.md)."""

    name = "progress"
    column = "numeric"
    order = "value"
    settings: ClassVar[Mapping[str, Any]] = {"defaultEmptyValue": None}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """A number from 0 to 100."""
        return None if value == "" else number_within(field, value, 0, 100)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """A JSON number."""
        return Number()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """A range, or equality."""
        return within(field, value, lambda bound, is_end: decimal(bound))


FIELD_TYPE = Progress()
