"""Which records a query means, in which order: their numbers and sort keys. Called by `compiler`.

A page of records that match a filter is looked for twice, in one statement: first near the beginning of the order, among a
few thousand records; where those do not fill it, everywhere, by the indexes of what is filtered. PostgreSQL left alone
has to guess how many match, and where it is wrong it walks through a whole catalog in search of three records, or collects
a million to show twenty (docs/decisions/0026-pages-near-and-far.md). The second part is not run where the first has
filled the page.

Records without a sort key come last in both directions.
"""

from typing import Final

from obmen.domain import items
from obmen.domain.fields.object import targets
from obmen.domain.queries.filters import EVERYTHING
from obmen.domain.queries.queries import After, Page, Query
from obmen.domain.rights.policies import Policy
from obmen.domain.schema import USERS, Field, Schema
from obmen.storage.statements.arguments import Arguments, Statement
from obmen.storage.statements.conditions import Conditions, table

_NEAR: Final = 2_000
"""How many records are near the beginning, beside four times as many as are wanted."""
_LEAST_REACH: Final = 32
_MOST_REACH: Final = 2**60
"""More records than any table holds; four times as many are a ``bigint``."""
_TITLES: Final = ("link", "employee")
_TYPES: Final = {
    "text": "text",
    "contact": "text",
    "items": "integer",
    "link": "text",
    "employee": "text",
    "presence": "boolean",
}


class Finder:
    """Compiles one query under one policy."""

    def __init__(
        self, schema: Schema, namespace: str, policy: Policy, query: Query, arguments: Arguments | None = None
    ) -> None:
        """``arguments`` are those that the statement has already."""
        self._schema = schema
        self._namespace = namespace
        self._query = query
        self._catalog = schema.catalogs[query.catalog]
        self._is_filtered = query.filter != EVERYTHING or policy.of(self._catalog).rows != EVERYTHING
        self._arguments = arguments or Arguments()
        self._where = Conditions(schema, namespace, policy, self._arguments).matching(self._catalog, query.filter, "r")
        self._from = f"{namespace}.{table(self._catalog)} r"
        self._direction = "desc" if query.sort.descending else "asc"
        self._sign = "<" if query.sort.descending else ">"

    def page(self) -> Statement:
        """``→ id, key`` of the records of the page, in order; ``key`` is text or null."""
        text = self._page()
        return Statement(text, self._arguments.values)

    def count(self, most: int | None) -> Statement:
        """``→ how many match``, counted up to ``most``."""
        text = f"select count(*) from {self._from} where {self._where}"
        if most is not None:
            bounded = f"select 1 from {self._from} where {self._where} limit {self._arguments.add(most, 'bigint')}"
            text = f"select count(*) from ({bounded}) b"
        return Statement(text, self._arguments.values)

    def _page(self) -> str:
        page = self._query.page
        limit, offset = (self._arguments.add(value, "bigint") for value in (page.limit, page.offset))
        part, reach = f"limit {limit} offset {offset}", _reach(page)
        if self._query.sort.field is None:
            return self._by_number(part, reach)
        field = self._catalog.by_number[self._query.sort.field]
        if field.type.order in _TITLES:
            return self._by_title(field, part)
        return self._by_key(field, order_key(field, self._namespace, "r"), part, reach)

    def _by_number(self, part: str, reach: int) -> str:
        behind = self._behind("r")
        order = f"order by r.id {self._direction}"
        if not self._is_filtered:
            return f"select r.id, null::text as key from {self._from} where {self._where}{behind} {order} {part}"
        beginning = f"select r.* from {self._from} where r.removed_at is null{behind} {order} limit {_NEAR + 4 * reach}"
        near = f"select r.id, null::text as key from ({beginning}) r where {self._where} {order} limit {reach}"
        # "+ 0" keeps PostgreSQL from walking in order once more
        far = (
            f"select r.id, null::text as key from {self._from} where {self._where}{behind} "
            f"order by r.id + 0 {self._direction} limit {reach}"
        )
        return _near_or_far(near, far, reach, f"order by id {self._direction} {part}")

    def _by_key(self, field: Field, key: str, part: str, reach: int) -> str:
        """The two halves, with a key and without, are asked for apart: an index in order of ``(key, id)`` serves both."""
        order = f"order by {key} {self._direction}, r.id {self._direction}"
        after = self._query.page.after
        behind = "" if after is None or after.key is None else self._behind_key(field, after, key, "r")
        # "key" alone would be the text that comes out
        overall = f"order by (u.key is null), u.key {self._direction}, u.id {self._direction} {part}"
        if not self._is_filtered:
            rest = f"{self._where} and {key} is null{self._behind('r') if after is None or after.key is None else ''}"
            # in order of the key too, which is the same for all: PostgreSQL would walk through the catalog in order of numbers
            empty = f"(select r.id, null from {self._from} where {rest} {order} limit {reach})"
            if after is not None and after.key is None:
                return f"select id, key::text from {empty} u(id, key) {overall}"
            keyed = (
                f"(select r.id, {key} as key from {self._from} where {self._where} and {key} is not null{behind} "
                f"{order} limit {reach})"
            )
            return f"select id, key::text from ({keyed} union all {empty}) u {overall}"
        anywhere = "true" if after is None else self._behind_in_order(field, after, "k.key", "k")
        far = (
            f"select * from (select r.id, {key} as key from {self._from} where {self._where} offset 0) k "
            f"where {anywhere} order by (k.key is null), k.key {self._direction}, k.id {self._direction} limit {reach}"
        )
        if after is not None and after.key is None:
            return f"select id, key::text from ({far}) u {overall}"
        beginning = (
            f"select r.* from {self._from} where r.removed_at is null and {key} is not null{behind} {order} "
            f"limit {_NEAR + 4 * reach}"
        )
        near = f"select r.id, {key} as key from ({beginning}) r where {self._where} {order} limit {reach}"
        return f"select id, key::text from ({_near_or_far(near, far, reach, overall)}) p"

    def _by_title(self, field: Field, part: str) -> str:
        """Sorted by titles of other records, which no index of this catalog can have: the keys are computed once."""
        key, joins = title_key(field, self._schema, self._namespace)
        after = self._query.page.after
        behind = "true" if after is None else self._behind_in_order(field, after, "k.key", "k")
        return (
            f"with k as materialized (select r.id, {key} as key from {self._from} {joins} where {self._where}) "
            f"select k.id, k.key from k where {behind} "
            f"order by (k.key is null), k.key {self._direction}, k.id {self._direction} {part}"
        )

    # what holds behind the record that a page begins after

    def _behind(self, row: str) -> str:
        """In the order of numbers; among records without a key, all are behind one that has a key."""
        after = self._query.page.after
        if after is None or after.key is not None:
            return ""
        return f" and {row}.id {self._sign} {self._arguments.add(after.number, 'bigint')}"

    def _behind_key(self, field: Field, after: After, key: str, row: str) -> str:
        """In the order of keys, among records that have one."""
        kind = _TYPES.get(field.type.order or "", field.type.column or "text")
        bound = f"{self._arguments.add(after.key, 'text')}::{kind}"
        return f" and ({key}, {row}.id) {self._sign} ({bound}, {self._arguments.add(after.number, 'bigint')})"

    def _behind_in_order(self, field: Field, after: After, key: str, row: str) -> str:
        """In the whole order."""
        if after.key is None:
            return f"{key} is null{self._behind(row)}"
        return f"({key} is null or true{self._behind_key(field, after, key, row)})"


def _reach(page: Page) -> int:
    """How far the page reaches, rounded up: a number in the text, since PostgreSQL plans a tenth of a catalog for a parameter."""
    return min(max(_LEAST_REACH, 1 << (page.limit + page.offset - 1).bit_length()), _MOST_REACH)


def _near_or_far(near: str, far: str, reach: int, overall: str) -> str:
    filled = f"(select count(*) from near) >= {reach}"
    return (
        f"with near as materialized ({near}) select * from ("
        f"select id, key from near where {filled} union all select id, key from ({far}) f where not {filled}) u {overall}"
    )


def order_key(field: Field, namespace: str, row: str) -> str:
    """SQL of what records are sorted by for a field, where that depends on the row alone."""
    column = f"{row}.{field.column}" if row else field.column
    match field.type.order:
        case "text":
            return f"{namespace}.sort_key({column})"
        case "contact":
            return f"{namespace}.sort_key({column} -> 0 ->> 'contact')"
        case "items":
            places = ",".join(map(str, items.in_order(field)))
            first = column if field.type.column == "integer" else f"{column}[1]"
            return f"array_position('{{{places}}}'::integer[], {first})"
        case "presence":
            return f"nullif({column} is not null, false)"
        case _:
            return column


def title_key(field: Field, schema: Schema, namespace: str) -> tuple[str, str]:
    """SQL of the title of the first linked record, or employee, of the row ``r``, and the joins it needs."""
    first = f"r.{field.column}[1]"
    if field.type.order == "employee":
        users = f"{namespace}.{table(schema.catalog(USERS))}"
        return f"{namespace}.sort_key(o.title)", f"left join {users} o on o.id = {first}"
    linked = targets(field, schema)
    titles = ", ".join(f"o{target.number}.title" for target in linked)
    joins = " ".join(
        f"left join {namespace}.{table(target)} o{target.number} on {first} = '{target.number}:' || o{target.number}.id"
        for target in linked
    )
    return (f"{namespace}.sort_key(coalesce({titles}))" if linked else "null::text"), joins
