"""Which records a query means, in which order: their numbers and sort keys. Called by `compiler`.

Records without a sort key come last in both directions. An index in order of ``(key, id)`` serves both where the two
halves, with a key and without, are asked for apart.
"""

from obmen.domain import items
from obmen.domain.catalogs.schema import USERS, Field, Schema
from obmen.domain.fields.object import targets
from obmen.domain.queries.queries import After, Query
from obmen.domain.rights.policies import Policy
from obmen.storage.statements.arguments import Arguments, Statement
from obmen.storage.statements.conditions import Conditions, table

_TITLES = ("link", "employee")
_TYPES = {"value": "", "text": "text", "items": "integer", "link": "text", "employee": "text", "presence": "boolean"}


class Finder:
    """Compiles one query under one policy."""

    def __init__(self, schema: Schema, namespace: str, policy: Policy, query: Query) -> None:
        self._schema = schema
        self._namespace = namespace
        self._query = query
        self._catalog = schema.catalogs[query.catalog]
        self._arguments = Arguments()
        self._conditions = Conditions(schema, namespace, policy, self._arguments)

    def page(self) -> Statement:
        """``→ id, key`` of the records of the page, in order; ``key`` is text or null."""
        page = self._query.page
        where = self._conditions.matching(self._catalog, self._query.filter, "r")
        limit, offset = (self._arguments.add(value, "bigint") for value in (page.limit, page.offset))
        direction = "desc" if self._query.sort.descending else "asc"
        if self._query.sort.field is None:
            ordered = f"order by r.id {direction} limit {limit} offset {offset}"
            text = f"select r.id, null::text as key from {self._from} where {where}{self._behind(page.after)} {ordered}"
            return Statement(text, self._arguments.values)
        field = self._catalog.by_number[self._query.sort.field]
        if field.type.order in _TITLES:
            return self._page_by_titles(field, where, f"limit {limit} offset {offset}", direction)
        key = order_key(field, self._namespace, "r")
        halves = [
            f"(select r.id, {value} as key from {self._from} where {where} and {key} {state}{behind} "
            f"order by {order} limit {limit} + {offset})"
            for value, state, order, behind in (
                (key, "is not null", f"{key} {direction}, r.id {direction}", self._behind_key(page.after, key)),
                ("null", "is null", f"r.id {direction}", self._behind(page.after)),
            )
            if behind is not None
        ]
        text = (
            f"select id, key::text from ({' union all '.join(halves)}) u "
            f"order by (key is null), key {direction}, id {direction} limit {limit} offset {offset}"
        )
        return Statement(text, self._arguments.values)

    def _page_by_titles(self, field: Field, where: str, part: str, direction: str) -> Statement:
        """Sorted by titles of other records, which no index of this catalog can have: the keys are computed once."""
        key, joins = title_key(field, self._schema, self._namespace)
        after = self._query.page.after
        behind = "true"
        if after is not None and after.key is None:
            behind = f"k.key is null{self._behind(after, 'k')}"
        elif after is not None:
            behind = f"(k.key is null or true{self._behind_key(after, 'k.key', 'k')})"
        text = (
            f"with k as materialized (select r.id, {key} as key from {self._from} {joins} where {where}) "
            f"select k.id, k.key from k where {behind} order by (k.key is null), k.key {direction}, k.id {direction} {part}"
        )
        return Statement(text, self._arguments.values)

    def count(self, most: int | None) -> Statement:
        """``→ how many match``, counted up to ``most``."""
        where = self._conditions.matching(self._catalog, self._query.filter, "r")
        if most is None:
            return Statement(f"select count(*) from {self._from} where {where}", self._arguments.values)
        bounded = f"select 1 from {self._from} where {where} limit {self._arguments.add(most, 'bigint')}"
        return Statement(f"select count(*) from ({bounded}) b", self._arguments.values)

    @property
    def _from(self) -> str:
        return f"{self._namespace}.{table(self._catalog)} r"

    @property
    def _sign(self) -> str:
        return "<" if self._query.sort.descending else ">"

    def _behind(self, after: After | None, row: str = "r") -> str:
        """What holds behind ``after`` among records without a key; all of them are behind one that has a key."""
        if after is None or after.key is not None:
            return ""
        return f" and {row}.id {self._sign} {self._arguments.add(after.number, 'bigint')}"

    def _behind_key(self, after: After | None, key: str, row: str = "r") -> str | None:
        """The same among records with a key; ``None`` where they all come before."""
        if after is None:
            return ""
        if after.key is None:
            return None
        field = self._catalog.by_number[self._query.sort.field or 0]
        kind = _TYPES[field.type.order or "value"] or field.type.column or "text"
        bound = f"{self._arguments.add(after.key, 'text')}::{kind}"
        return f" and ({key}, {row}.id) {self._sign} ({bound}, {self._arguments.add(after.number, 'bigint')})"


def order_key(field: Field, namespace: str, row: str) -> str:
    """SQL of what records are sorted by for a field, where that depends on the row alone."""
    column = f"{row}.{field.column}" if row else field.column
    match field.type.order:
        case "text":
            return f"{namespace}.sort_key({column})"
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
        return (
            f"{namespace}.sort_key(o.title)",
            f"left join {namespace}.{table(schema.catalog(USERS))} o on o.id = {first}",
        )
    found = [f"o{target.number}" for target in targets(field, schema)]
    joins = [
        f"left join {namespace}.{table(target)} {row} on {first} = '{target.number}:' || {row}.id"
        for row, target in zip(found, targets(field, schema), strict=True)
    ]
    titles = ", ".join(f"{row}.title" for row in found)
    return (f"{namespace}.sort_key(coalesce({titles}))" if found else "null::text"), " ".join(joins)
