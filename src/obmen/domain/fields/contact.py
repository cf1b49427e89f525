"""Contacts: phones, addresses of mail, links."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from obmen.domain.field_types import (
    ContactEntry,
    FieldType,
    FilterContext,
    Parsed,
    WriteContext,
    as_list,
    clean_text,
    filter_text,
    problem,
)
from obmen.domain.queries.filters import HasContact, Test
from obmen.domain.renderings import Contacts, Rendering
from obmen.domain.schema import Field, Schema

_PHONE: Final = re.compile(r"(?=\D*\d)[\d\s()+.-]+", re.ASCII)
_NO_DIGIT: Final = re.compile(r"\D")


class Contact(FieldType):
    """A list of ``{contact, comment}`` (docs/reference/fields.md)."""

    name = "contact"
    column = "jsonb"
    searched = True
    order = "contact"
    indexes = ("contacts",)
    settings: ClassVar[Mapping[str, Any]] = {"type": "other", "defaultEmptyValue": []}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """Contacts; a single one also bare, or as its text."""
        contacts = []
        for item in as_list(value):
            entry = {"contact": item} if isinstance(item, str) else item
            if not isinstance(entry, Mapping) or not isinstance(entry.get("contact"), str):
                raise problem("not_contact", field, item)
            comment = entry.get("comment") or ""
            if not isinstance(comment, str):
                raise problem("not_contact", field, item)
            if entry["contact"].strip():
                contacts.append(ContactEntry(clean_text(field, entry["contact"]), clean_text(field, comment)))
        return tuple(contacts) or None

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """The contacts as they were sent."""
        return Contacts()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """A contact that contains the text; phones are compared by their digits, 8 and +7 in front being the same."""
        text = filter_text(field, value)
        return HasContact(text, _NO_DIGIT.sub("", text) if _PHONE.fullmatch(text) else "")


FIELD_TYPE = Contact()
