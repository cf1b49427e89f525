"""Employees."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from obmen.domain.catalogs.schema import USERS, Field, Schema
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Link,
    Render,
    WriteContext,
    as_list,
    filter_problem,
    problem,
    record_id,
)

CURRENT = "CURRENT_USER"


class User(FieldType):
    """A list of ``{id, title}`` of records of ``$users`` (contract: records)."""

    name = "user"
    column = "bigint[]"
    empty = ()

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """Ids of employees, bare or as ``{id}``; ``CURRENT_USER`` is who writes."""
        users: dict[int, None] = {}
        for item in as_list(value):
            given = item.get("id") if isinstance(item, Mapping) else item
            user_id = context.user_id if given == CURRENT else record_id(given)
            if user_id is None:
                raise problem("not_user", field, item)
            users[user_id] = None
        if len(users) > 1 and field.config.get("multiselect") is False:
            raise problem("one_item", field, value)
        return list(users) or None

    def select(self, field: Field, schema: Schema, namespace: str) -> tuple[str, ...]:
        """The ids, and beside each its title behind ``+``, or ``-`` for a removed one."""
        table = f"{namespace}.{schema.catalog(USERS).table}"
        column = f"r.{field.column}"
        return (
            column,
            f"case when {column} is not null then array(select coalesce((select case when t.removed_at is null then '+' "
            f"else '-' end || t.title from {table} t where t.id = u.id), '-') "
            f"from unnest({column}) with ordinality u(id, place) order by u.place) end",
        )

    def renderer(self, field: Field, schema: Schema) -> Render:
        """``[{id, title, isRemoved}]``."""

        def render(ids: list[int] | None, titles: list[str] | None) -> Any:
            if not ids or not titles:
                return ()
            return [
                {"id": str(user_id), "title": title[1:], "isRemoved": title[0] == "-"}
                for user_id, title in zip(ids, titles, strict=True)
            ]

        return render

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """At least one of the employees; ``CURRENT_USER`` is who asks."""
        users = []
        for item in as_list(value):
            given = item.get("id") if isinstance(item, Mapping) else item
            user_id = (context.user_id or 0) if given == CURRENT else record_id(given)
            if user_id is None:
                raise filter_problem("not_ids", field, value)
            users.append(user_id)
        return column.op("&&", is_comparison=True)(sa.cast(users, postgresql.ARRAY(sa.BigInteger)))

    def links(self, field: Field, stored: Any, schema: Schema) -> Iterable[Link]:
        """The employees."""
        users = schema.catalog(USERS).id
        return [Link(users, user_id) for user_id in stored]


FIELD_TYPE = User()
