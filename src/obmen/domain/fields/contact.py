"""Contacts: phones, addresses of mail, links."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from obmen.domain.catalogs.schema import Field, Schema
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Render,
    WriteContext,
    as_list,
    clean_text,
    filter_problem,
    like,
    problem,
)

_PHONE = re.compile(r"[\d\s()+.-]*\d[\d\s()+.-]*")
_NO_DIGIT = re.compile(r"\D")


class Contact(FieldType):
    """A list of ``{contact, comment}`` (contract: records)."""

    name = "contact"
    column = "jsonb"
    empty = ()
    searched = True

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
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
                contacts.append({"contact": clean_text(field, entry["contact"]), "comment": clean_text(field, comment)})
        return msgspec.json.encode(contacts).decode() if contacts else None

    def renderer(self, field: Field, schema: Schema) -> Render:
        """The stored JSON as it is."""
        return lambda stored: () if stored is None else msgspec.Raw(stored.encode())

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """A contact that contains the text; phones compare by their digits alone (contract: filters, contact)."""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise filter_problem("not_text", field, value)
        text = str(value)
        contact = sa.func.jsonb_path_query_array(column, sa.literal_column("'$[*].contact'::jsonpath")).cast(sa.Text)
        found: Condition = contact.ilike(like(text), escape="\\")
        if _PHONE.fullmatch(text):
            digits = _NO_DIGIT.sub("", text)
            found = found | sa.func.regexp_replace(contact, r"[^\d,]", "", "g").like(like(digits), escape="\\")
        return found

    def search(self, column: Column, pattern: str) -> Condition:
        """Contacts and comments."""
        return column.cast(sa.Text).ilike(pattern, escape="\\")

    def title(self, value: str) -> str | None:
        """The first contact."""
        return f"{value} -> 0 ->> 'contact'"


FIELD_TYPE = Contact()
