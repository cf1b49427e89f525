"""Text: one line, several lines, by a mask, or a secret."""

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
    clean_text,
    filter_problem,
    like,
    problem,
    shown,
)
from obmen.errors import InvalidCatalog

MASKED = "********"
"""What a stored secret is answered as; sent back, it leaves the secret as it is."""


class Text(FieldType):
    """``config.type``: how it is entered (contract: text); ``secret`` is ours: sealed at rest and never answered."""

    name = "text"
    column = "text"
    empty = ""
    searched = True

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """Keeps what it gets; a kind of text is a word, and a secret stays a secret."""
        kind = config.get("type", "text")
        if not isinstance(kind, str):
            raise InvalidCatalog("catalog.bad_kind", sent=shown(kind))
        if previous is not None and (previous.get("type") == "secret") != (kind == "secret"):
            raise InvalidCatalog("catalog.secret_stays")
        return dict(config)

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """A string; a number is taken as it is written."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise problem("not_text", field, value)
        return clean_text(field, value) or None

    def renderer(self, field: Field, schema: Schema) -> Render:
        """The text, empty for none; a secret as a mask."""
        if is_secret(field):
            return lambda stored: MASKED if stored else ""
        return lambda stored: stored or ""

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """Contains, whatever the case."""
        if is_secret(field) or isinstance(value, bool) or not isinstance(value, str | int | float):
            raise filter_problem("not_text", field, value)
        return self.search(column, like(str(value)))

    def title(self, value: str) -> str | None:
        """The text."""
        return value


def is_secret(field: Field) -> bool:
    """Whether the field's text is sealed at rest."""
    return field.type == "text" and field.config.get("type") == "secret"


FIELD_TYPE = Text()
