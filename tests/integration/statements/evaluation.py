"""Filters and orders evaluated in plain Python over records in memory: what the compiled statements must agree with."""

import re
from collections.abc import Mapping
from typing import Any

from obmen.domain import items
from obmen.domain.queries.filters import (
    All,
    AllOf,
    AnyOf,
    Condition,
    Contains,
    Either,
    Employs,
    Empty,
    Equals,
    Filled,
    Filter,
    Found,
    HasContact,
    HasId,
    Is,
    LinksTo,
    OneOf,
    Test,
    Within,
)
from obmen.domain.queries.queries import Query
from obmen.domain.schema import USERS, Catalog, Schema

Rows = Mapping[int, Mapping[int, Mapping[int, Any]]]
"""``{catalog: {record: {field: stored value}}}``."""


class Evaluation:
    """Over all records of a company."""

    def __init__(self, schema: Schema, rows: Rows) -> None:
        self._schema = schema
        self._rows = rows

    def page(self, query: Query) -> list[int]:
        """The numbers of the records of the page, in order."""
        catalog = self._schema.catalogs[query.catalog]
        found = [number for number in self._rows[catalog.number] if self.holds(catalog, query.filter, number)]
        found.sort(reverse=query.sort.descending)
        if query.sort.field is not None:
            keys = {number: self._key(catalog, query.sort.field, number) for number in found}
            keyed = [number for number in found if keys[number] is not None]
            keyed.sort(key=lambda number: (keys[number], number), reverse=query.sort.descending)
            found = keyed + [number for number in found if keys[number] is None]
        return found[query.page.offset :][: query.page.limit]

    def holds(self, catalog: Catalog, wanted: Filter, number: int) -> bool:
        """Whether the record matches."""
        row = self._rows[catalog.number][number]
        match wanted:
            case All(filters=filters):
                return all(self.holds(catalog, one, number) for one in filters)
            case Either(filters=filters):
                return any(self.holds(catalog, one, number) for one in filters)
            case HasId(ids=ids):
                return number in ids
            case Found(text=text):
                return any(fold(text) in words for words in self._words(catalog, number))
            case Condition(field=field, test=test):
                value = row.get(field)
                return self._passes(test, False if value is None and catalog.by_number[field].type.always else value)

    def _passes(self, test: Test, value: Any) -> bool:  # noqa: C901, PLR0911, PLR0912 (a line per test)
        if isinstance(test, Empty):
            return value is None
        if value is None:
            return False
        match test:
            case Filled():
                return True
            case Is(value=wanted):
                return value is wanted
            case Within(low=low, high=high):
                return (low is None or low <= value) and (high is None or value <= high)
            case OneOf(values=values):
                return value in values
            case AnyOf(values=values):
                return bool(set(values) & set(value))
            case AllOf(values=values):
                return set(values) <= set(value)
            case Contains(text=text):
                return fold(text) in fold(value)
            case Equals(text=text):
                return fold(text) == fold(value)
            case HasContact(text=text, digits=digits):
                return _has_contact(value, text, digits)
            case LinksTo(targets=targets):
                return any(
                    int(link.partition(":")[0]) == target
                    and int(link.partition(":")[2]) in self._rows[target]
                    and self.holds(self._schema.catalogs[target], wanted, int(link.partition(":")[2]))
                    for link in value
                    for target, wanted in targets
                )
            case Employs(filter=wanted):
                users = self._schema.catalog(USERS)
                return any(user in self._rows[users.number] and self.holds(users, wanted, user) for user in value)
        raise TypeError(test)

    def _words(self, catalog: Catalog, number: int) -> list[str]:
        row = self._rows[catalog.number][number]
        found: list[str] = []
        for field in catalog.value_fields:
            value = row.get(field.number)
            if value is None:
                continue
            match field.type.name:
                case "text":
                    found.append(fold(value))
                case "contact":
                    found.append(fold("\n".join(f"{one['contact']}\n{one['comment']}" for one in value)))
                case "object":
                    found += [fold(self._title(*map(int, link.split(":")))) for link in value]
                case "user":
                    found += [fold(self._title(self._schema.catalog(USERS).number, user)) for user in value]
        return found

    def _title(self, catalog: int, number: int) -> str:
        field = self._schema.catalogs[catalog].title_field
        value = None if field is None else self._rows[catalog][number].get(field.number)
        return value or f"#{number}"

    def _key(self, catalog: Catalog, field: int, number: int) -> Any:
        value = self._rows[catalog.number][number].get(field)
        kind = catalog.by_number[field].type
        if value is None:
            return False if kind.always else None
        match kind.order:
            case "text":
                return fold(value)[:200]
            case "items":
                first = value[0] if isinstance(value, list) else value
                return items.in_order(catalog.by_number[field]).index(first) + 1
            case "link":
                return fold(self._title(*map(int, value[0].split(":"))))
            case "employee":
                return fold(self._title(self._schema.catalog(USERS).number, value[0]))
        return value


def fold(text: str) -> str:
    """Text as people compare it."""
    return text.lower().replace("ё", "е")


def _has_contact(contacts: list[dict[str, str]], text: str, digits: str) -> bool:
    if any(fold(text) in fold(one["contact"]) for one in contacts) or fold(text) in fold(
        "\n".join(one["contact"] for one in contacts)
    ):
        return True
    if not digits:
        return False
    phones = [re.sub(r"^8(\d{10})$", r"7\1", re.sub(r"[^0-9]", "", one["contact"])) for one in contacts]
    wanted = f"7{digits[1:]}" if len(digits) == 11 and digits[0] == "8" else digits
    return any(wanted in phone or (digits[0] == "8" and phone.startswith(f"7{digits[1:]}")) for phone in phones)
