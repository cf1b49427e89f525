"""Employees."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from obmen.domain.field_types import (
    FieldType,
    FilterContext,
    Parsed,
    Reference,
    WriteContext,
    as_list,
    filter_problem,
    problem,
    require_one,
)
from obmen.domain.queries.filters import Employs, HasId, Test
from obmen.domain.record_ids import RecordId, record_id
from obmen.domain.renderings import Employees, Rendering
from obmen.domain.schema import USERS, Field, Schema

CURRENT: Final = "CURRENT_USER"


class User(FieldType):
    """A list of ``{id, title}`` of records of ``$users`` (docs/reference/fields.md)."""

    name = "user"
    column = "bigint[]"
    order = "employee"
    indexes = ("members",)
    settings: ClassVar[Mapping[str, Any]] = {"multiselect": False, "defaultValue": False, "defaultEmptyValue": []}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """Ids of employees, bare or as ``{id}``; ``CURRENT_USER`` is who writes."""
        users: dict[RecordId, Reference] = {}
        catalog = context.schema.catalog(USERS).number
        for item in as_list(value) if value != "" else ():
            given = item.get("id") if isinstance(item, Mapping) else item
            user_id = context.user_id if given == CURRENT else record_id(given)
            if user_id is None:
                raise problem("not_user", field, item)
            users[user_id] = Reference(catalog, user_id)
        require_one(field, list(users), value)
        return tuple(users.values()) or None

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """Who writes, where the field says so."""
        if field.config.get("defaultValue") is not True or context.user_id is None:
            return None
        return (Reference(context.schema.catalog(USERS).number, context.user_id),)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """``[{id, title, isRemoved}]``."""
        return Employees()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """At least one of the employees; ``CURRENT_USER`` is who asks."""
        users = []
        for item in as_list(value):
            given = item.get("id") if isinstance(item, Mapping) else item
            user_id = (context.user_id or 0) if given == CURRENT else record_id(given)
            if user_id is None:
                raise filter_problem("not_ids", field, value)
            users.append(user_id)
        if not users:
            raise filter_problem("empty", field, value)
        return Employs(HasId(tuple(users)))


FIELD_TYPE = User()
