"""Filters as SQL. Every condition on a linked catalog carries the policy of that catalog too (law 7). Called by `compiler`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from obmen.domain.fields.object import targets
from obmen.domain.queries.filters import (
    EVERYTHING,
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
from obmen.domain.record_ids import RecordId
from obmen.domain.rights.policies import ADMINISTRATION, CatalogPolicy, Policy
from obmen.domain.schema import USERS, Catalog, Field, Schema
from obmen.errors import InvalidFilter
from obmen.storage.statements.arguments import Arguments

_MOBILE_DIGITS: Final = 11


class Conditions:
    """Compiles the filters of one statement under one policy; values go to ``arguments``."""

    def __init__(self, schema: Schema, namespace: str, policy: Policy, arguments: Arguments) -> None:
        self._schema = schema
        self._namespace = namespace
        self._policy = policy
        self._arguments = arguments
        self._depth = 0

    def visible(self, catalog: Catalog, row: str) -> str:
        """What holds for the rows of ``catalog`` that the policy lets the caller see, removed ones aside."""
        rows = self._policy.of(catalog).rows
        return self._sql(catalog, rows, row, ADMINISTRATION)

    def matching(self, catalog: Catalog, wanted: Filter, row: str) -> str:
        """What holds for the rows that are there, that the policy shows, and that match. `InvalidFilter` for a field it does not."""
        parts = [f"{row}.removed_at is null", self.visible(catalog, row)]
        if wanted != EVERYTHING:
            parts.append(self._sql(catalog, wanted, row, self._policy.of(catalog)))
        return " and ".join(part for part in parts if part != "true")

    def _sql(self, catalog: Catalog, wanted: Filter, row: str, policy: CatalogPolicy) -> str:
        match wanted:
            case All(filters=filters):
                return _joined(" and ", (self._sql(catalog, one, row, policy) for one in filters), "true")
            case Either(filters=filters):
                return _joined(" or ", (self._sql(catalog, one, row, policy) for one in filters), "false")
            case HasId(ids=ids):
                return self._has_id(ids, row)
            case Found(text=text):
                return self._found(catalog, text, row, policy)
            case Condition(field=number, test=test):
                field = catalog.by_number[number]
                if not policy.reads(field):
                    raise InvalidFilter("filter.no_field", field=field.id, catalog=catalog.id)
                return self._test(field, test, f"{row}.{field.column}")

    def _has_id(self, ids: Iterable[RecordId], row: str) -> str:
        numbers, texts = split(ids)
        parts = []
        if numbers or not texts:
            parts.append(f"{row}.id = any({self._arguments.add(numbers, 'bigint[]')})")
        if texts:
            parts.append(f"{row}.text_id = any({self._arguments.add(texts, 'text[]')})")
        return _joined(" or ", parts, "false")

    def _test(self, field: Field, test: Test, column: str) -> str:  # noqa: C901, PLR0911 (a line per test)
        add = self._arguments.add
        match test:
            case Empty():
                return f"{column} is null"
            case Filled():
                return f"{column} is not null"
            case Is(value=value):
                return column if value else f"not {column}"
            case Within(low=low, high=high):
                return self._within(column, low, high)
            case OneOf(values=values):
                return f"{column} = any({add(list(values), f'{field.type.column}[]')})"
            case AnyOf(values=values):
                return f"{column} && {add(list(values), 'integer[]')}"
            case AllOf(values=values):
                return f"{column} @> {add(list(values), 'integer[]')}"
            case Contains(text=text):
                return f"{self._folded(column)} like {self._pattern(text)}"
            case Equals(text=text):
                return f"{self._folded(column)} = {self._folded(add(text, 'text'))}"
            case HasContact(text=text, digits=digits):
                return self._has_contact(column, text, digits)
            case LinksTo(targets=linked):
                return _joined(" or ", (self._links_to(number, wanted, column) for number, wanted in linked), "false")
            case Employs(filter=wanted):
                return self._employs(wanted, column)

    def _within(self, column: str, low: Any, high: Any) -> str:
        bounds = [(">=", low), ("<=", high)]
        parts = [
            f"{column} {sign} {self._arguments.add(bound, 'timestamptz' if isinstance(bound, datetime) else 'numeric')}"
            for sign, bound in bounds
            if bound is not None
        ]
        return _joined(" and ", parts, f"{column} is not null")

    def _has_contact(self, column: str, text: str, digits: str) -> str:
        found = self._in_contacts(column, text, f"{self._folded('o.contact')} like {self._pattern(text)}")
        if not digits:
            return found
        phone, core = f"{self._namespace}.phone(o.contact)", digits
        if digits[0] in "78":  # the same in front
            core = digits[1:]
        whole = f"7{core}" if len(digits) == _MOBILE_DIGITS and digits[0] in "78" else digits
        parts = [f"{phone} like {self._arguments.add(f'%{whole}%', 'text')}"]
        if digits[0] == "8":
            parts.append(f"{phone} like {self._arguments.add(f'7{core}%', 'text')}")
        indexed = f"{self._namespace}.contact_digits({column}) like {self._arguments.add(f'%{core}%', 'text')}"
        return f"({found} or {indexed} and {_any_contact(column, _joined(' or ', parts, 'false'))})"

    def _in_contacts(self, column: str, text: str, holds: str) -> str:
        """What holds where it holds for one of the contacts; an index narrows it down."""
        pattern = f"{self._namespace}.json_pattern({self._arguments.add(text, 'text')})"
        return f"{self._namespace}.contact_words({column}) like {pattern} and {_any_contact(column, holds)}"

    def _links_to(self, number: int, wanted: Filter, column: str) -> str:
        catalog = self._schema.catalogs[number]
        if (numbers := _numbers(wanted)) is not None:
            return f"{column} && {self._arguments.add([f'{number}:{one}' for one in numbers], 'text[]')}"
        rows = self._linked_rows(catalog, wanted)
        return f"{column} && array(select '{number}:' || {rows})"

    def _employs(self, wanted: Filter, column: str) -> str:
        if (numbers := _numbers(wanted)) is not None:
            return f"{column} && {self._arguments.add(numbers, 'bigint[]')}"
        return f"{column} && array(select {self._linked_rows(self._schema.catalog(USERS), wanted)})"

    def _linked_rows(self, catalog: Catalog, wanted: Filter) -> str:
        """``id from …`` of the records of another catalog that match."""
        self._depth += 1
        row = f"l{self._depth}"
        return f"{row}.id from {self._namespace}.{table(catalog)} {row} where {self.matching(catalog, wanted, row)}"

    def _found(self, catalog: Catalog, text: str, row: str, policy: CatalogPolicy) -> str:
        """Quick search: texts, contacts with their comments, titles of links and of employees."""
        pattern = self._pattern(text)
        parts = []
        for field in catalog.value_fields:
            column = f"{row}.{field.column}"
            if not policy.reads(field) or not field.type.is_filterable(field):
                continue
            if "contacts" in field.type.indexes:
                holds = f"{self._folded('o.contact')} like {pattern} or {self._folded('o.comment')} like {pattern}"
                parts.append(self._in_contacts(column, text, holds))
            elif field.type.searched:
                parts.append(f"{self._folded(column)} like {pattern}")
            elif field.type.order == "link":
                parts += [
                    f"{column} && array(select '{target.number}:' || {self._titled(target, pattern)})"
                    for target in targets(field, self._schema)
                ]
            elif field.type.order == "employee":
                parts.append(f"{column} && array(select {self._titled(self._schema.catalog(USERS), pattern)})")
        return _joined(" or ", parts, "false")

    def _titled(self, catalog: Catalog, pattern: str) -> str:
        """``id from …`` of the records whose title is found."""
        self._depth += 1
        row = f"l{self._depth}"
        visible = self.matching(catalog, EVERYTHING, row)
        title = self._folded(f"{row}.title")
        return f"{row}.id from {self._namespace}.{table(catalog)} {row} where {visible} and {title} like {pattern}"

    def _folded(self, value: str) -> str:
        return f"{self._namespace}.fold({value})"

    def _pattern(self, text: str) -> str:
        return f"{self._namespace}.pattern({self._arguments.add(text, 'text')})"


def _any_contact(column: str, holds: str) -> str:
    return f"exists (select from jsonb_to_recordset({column}) o(contact text, comment text) where {holds})"


def table(catalog: Catalog) -> str:
    """Name of a catalog's table."""
    return f"c{catalog.number}"


def _joined(word: str, parts: Iterable[str], empty: str) -> str:
    found = [part for part in parts if part != "true" or word != " and "]
    if len(found) == 1:
        return found[0]
    return f"({word.join(found)})" if found else empty


def split(ids: Iterable[RecordId]) -> tuple[list[int], list[str]]:
    """The numbers among the ids, and the own ids."""
    ids = list(ids)
    return [one for one in ids if isinstance(one, int)], [one for one in ids if isinstance(one, str)]


def _numbers(wanted: Filter) -> list[int] | None:
    """The numbers of the records where a filter only lists numbers, as most on links do."""
    match wanted:
        case HasId(ids=ids):
            numbers, texts = split(ids)
            return None if texts else numbers
        case Either(filters=filters):
            found: list[int] = []
            for one in filters:
                if (numbers_of_one := _numbers(one)) is None:
                    return None
                found += numbers_of_one
            return found
    return None
