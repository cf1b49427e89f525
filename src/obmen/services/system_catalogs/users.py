"""``$users``: employees. A record with an address is an invitation; clearing the address or removing the record ends access."""

import re
from typing import Final

from obmen.domain.field_types import shown
from obmen.domain.schema import USERS
from obmen.errors import Conflict
from obmen.services.system_catalogs import Effect, Surroundings, SystemCatalog, Write, notify, run_query
from obmen.storage.database import Connection

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
            "config": {"items": ({"id": "$user"}, {"id": "$extuser"}), "defaultValue": True},
        },
    )
    unique = ("$email",)

    async def prepare(self, write: Write, around: Surroundings) -> list[Effect]:
        """The address must look like one. It makes the account, or moves it: who had the old one is out."""
        if "$email" not in write.values:
            return []
        email = write.values["$email"]
        if email is None:
            return [] if write.record is None else self._end(around)
        if not isinstance(email, str) or not _EMAIL.fullmatch(email):
            raise write.refuse("$email", "field.bad_email", sent=shown(email))
        queries = around.queries
        return [run_query(queries["save_account"], email), notify(queries["notify_access"])]

    def removal(self, around: Surroundings) -> list[Effect]:
        """Ends access at once."""
        return self._end(around)

    def _end(self, around: Surroundings) -> list[Effect]:
        """The last administrator stays."""
        queries = around.queries

        async def require_administrator(connection: Connection, record: int) -> None:
            if not await connection.fetchval(queries["count_administrators"]):
                raise Conflict("access.last_admin")

        return [
            notify(queries["lock_administrators"]),
            run_query(queries["remove_account"]),
            require_administrator,
            notify(queries["notify_access"]),
        ]


SYSTEM_CATALOG = Users()
