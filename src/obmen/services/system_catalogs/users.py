"""``$users``: employees. A record with an address is an invitation; clearing the address or removing the record ends access."""

import re
from typing import Final

from obmen.domain import items
from obmen.domain.field_types import shown
from obmen.domain.schema import USERS
from obmen.errors import Conflict
from obmen.services.system_catalogs import Effect, Surroundings, SystemCatalog, Write, run_query
from obmen.storage.database import Connection

ADMINISTRATOR: Final = "$admin"
"""The role of who may do everything."""
_EMAIL: Final = re.compile(r"(?=.{3,254}\Z)[^@\s]+@[^@\s]+")
"""An address, as long as one may be (RFC 5321, 4.5.3.1.3)."""


class Users(SystemCatalog):
    """Who may sign in."""

    number = 3
    text_id = USERS
    icon = "users-1"
    fields = (
        {"number": 1, "id": "$name", "type": "text"},
        {"number": 2, "id": "$email", "type": "text", "config": {"type": "mail"}},
        {
            "number": 4,
            "id": "$role",
            "type": "dropdown",
            "config": {"items": ({"id": "$user"}, {"id": "$extuser"}, {"id": ADMINISTRATOR}), "defaultValue": True},
        },
    )
    unique = ("$email",)

    async def prepare(self, write: Write, around: Surroundings) -> list[Effect]:
        """The address must look like one; who had another one before is out. The role says who is an administrator."""
        queries, values = around.queries, write.values
        effects: list[Effect] = []
        if "$email" in values:
            email = values["$email"]
            if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
                raise write.refuse("$email", "field.bad_email", sent=shown(email))
            effects.append(run_query(queries["save_address"], email))
        if "$role" in values:
            effects.append(run_query(queries["save_role"], _is_administrator(write)))
        if not effects or write.record is None:
            return effects
        return self._guarded(effects, around)

    def removal(self, around: Surroundings) -> list[Effect]:
        """Ends access at once."""
        return self._guarded([run_query(around.queries["remove_account"])], around)

    def _guarded(self, effects: list[Effect], around: Surroundings) -> list[Effect]:
        """``effects`` on an account that is there: the last administrator stays one, and what is remembered is forgotten."""
        queries = around.queries
        before = 0

        async def count(connection: Connection, record: int) -> None:
            nonlocal before
            await connection.execute(queries["lock_administrators"])
            before = await connection.fetchval(queries["count_administrators"])

        async def require_administrator(connection: Connection, record: int) -> None:
            if before and not await connection.fetchval(queries["count_administrators"]):
                raise Conflict("access.last_admin")

        return [count, *effects, require_administrator, run_query(queries["notify_access"])]


def _is_administrator(write: Write) -> bool:
    chosen = write.values["$role"]
    return isinstance(chosen, tuple) and items.chosen(write.catalog.field("$role"), ADMINISTRATOR)[0] in chosen


SYSTEM_CATALOG = Users()
