"""Text: one line, several lines, by a mask, or a secret."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from obmen.domain.field_types import (
    FieldType,
    FilterContext,
    Parsed,
    Secret,
    WriteContext,
    clean_text,
    filter_problem,
    filter_text,
    plain_number,
    problem,
    shown,
)
from obmen.domain.queries.filters import Contains, Test
from obmen.domain.renderings import Masked, Rendering
from obmen.domain.renderings import Text as TextJson
from obmen.domain.schema import Field, Schema
from obmen.errors import InvalidCatalog

ONE_LINE: Final = 256
"""Characters of a text of one line."""
_ONE_LINE_KINDS: Final = ("text", "mask")
_SECRET: Final = "secret"  # noqa: S105 (a kind of text)


class Text(FieldType):
    """``config.type`` says how it is entered; ``secret`` is ours: sealed at rest and never answered (docs/reference/fields.md)."""

    name = "text"
    column = "text"
    searched = True
    order = "text"
    indexes = ("words",)
    settings: ClassVar[Mapping[str, Any]] = {"type": "text", "mask": ""}

    def configure(
        self, config: Mapping[str, Any], previous: Mapping[str, Any] | None, schema: Schema
    ) -> dict[str, Any]:
        """The kind and the mask are texts, and a secret stays a secret."""
        settings = {**self.settings, **config}
        for key in self.settings:
            if not isinstance(settings[key], str):
                raise InvalidCatalog(
                    "catalog.bad_property", key=f"config.{key}", accepted='"…"', sent=shown(settings[key])
                )
        if previous is not None and (previous.get("type") == _SECRET) != (settings["type"] == _SECRET):
            raise InvalidCatalog("catalog.secret_stays")
        return settings

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """A string, also in a list of one; a number is taken as it is written."""
        if isinstance(value, list) and len(value) <= 1:
            value = value[0] if value else ""
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            value = plain_number(value)
        if not isinstance(value, str):
            raise problem("not_text", field, value)
        text = clean_text(field, value)
        if not text:
            return None
        if is_secret(field):
            return Secret(text)
        if len(text) > ONE_LINE and field.config.get("type", "text") in _ONE_LINE_KINDS:
            raise problem("too_long", field, text, limit=ONE_LINE, length=len(text))
        mask = field.config.get("mask", "")
        if mask and not _fits(text, mask):
            raise problem("not_masked", field, text, mask=mask)
        return text

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """The text, empty for none; a secret as a mask."""
        return Masked() if is_secret(field) else TextJson()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """Contains, whatever the letter case."""
        if is_secret(field):
            raise filter_problem("not_text", field, "")
        return Contains(filter_text(field, value))

    def names_record(self, field: Field) -> bool:
        """Any text but a secret."""
        return not is_secret(field)

    def is_filterable(self, field: Field) -> bool:
        """Any text but a secret."""
        return not is_secret(field)


def is_secret(field: Field) -> bool:
    """Whether the field's text is sealed at rest."""
    return field.type.name == "text" and field.config.get("type") == _SECRET


def _fits(text: str, mask: str) -> bool:
    """Whether ``text`` has the form of ``mask``.

    ``1`` is a digit, ``A`` and ``a`` a letter of that case, ``*`` a letter or digit, ``#`` a capital or digit; ``\\`` makes the
    next character stand for itself, as any other does.
    """
    allowed: dict[str, Callable[[str], bool]] = {
        "1": str.isdecimal,
        "A": lambda letter: letter.isalpha() and letter == letter.upper(),
        "a": lambda letter: letter.isalpha() and letter == letter.lower(),
        "*": str.isalnum,
        "#": lambda letter: letter.isdecimal() or (letter.isalpha() and letter == letter.upper()),
    }
    letters, signs = iter(text), iter(mask)
    for sign in signs:
        literal = next(signs, "") if sign == "\\" else ""
        letter = next(letters, "")
        if letter == "" or not (
            allowed[sign](letter) if not literal and sign in allowed else letter == (literal or sign)
        ):
            return False
    return next(letters, None) is None


FIELD_TYPE = Text()
