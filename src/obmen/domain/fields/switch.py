"""A switch: on or off."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from obmen.domain.field_types import FieldType, FilterContext, Parsed, WriteContext, filter_problem, problem
from obmen.domain.queries.filters import Is, Test
from obmen.domain.renderings import Flag, Rendering
from obmen.domain.schema import Field, Schema

_WORDS: Final = {"true": True, "1": True, "false": False, "0": False}


class Switch(FieldType):
    """``true`` or ``false``; without a value it is off (docs/reference/fields.md)."""

    name = "switch"
    column = "boolean"
    always = "false"
    order = "value"
    settings: ClassVar[Mapping[str, Any]] = {"defaultValue": False}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """A boolean."""
        if not isinstance(value, bool):
            raise problem("not_switch", field, value)
        return value

    def nothing(self) -> Parsed:
        """Off."""
        return False

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """On, where the field says so."""
        return field.config.get("defaultValue") is True

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """A boolean."""
        return Flag()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """On or off, also as the words of a query string."""
        wanted = _WORDS.get(str(value).lower()) if isinstance(value, bool | str | int) else None
        if wanted is None:
            raise filter_problem("not_switch", field, value)
        return Is(wanted)

    def empty(self) -> Test:
        """Off."""
        return Is(False)


FIELD_TYPE = Switch()
