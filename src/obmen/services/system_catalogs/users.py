"""``$users``: employees. A record is an invitation, its removal ends access."""

import re

from obmen.domain.catalogs.schema import USERS
from obmen.domain.field_types import shown
from obmen.errors import Conflict, FieldProblem, InvalidValue
from obmen.services.system_catalogs import SystemCatalog, Write

_EMAIL = re.compile(r"(?=.{3,254}\Z)[^@\s]+@[^@\s]+")
"""An address, as long as one may be (RFC 5321, 4.5.3.1.3)."""


class Users(SystemCatalog):
    """Who may sign in (contract: ``$users``)."""

    text_id = USERS
    order = 3
    icon = "users-10"
    fields = (
        {"id": "$name", "type": "text", "required": True},
        {"id": "$email", "type": "text", "required": True},
        {
            "id": "$role",
            "type": "dropdown",
            "config": {"items": ("$user", "$extuser"), "multiselect": False, "defaultValue": True},
        },
    )
    unique = ("$email",)

    async def writing(self, write: Write) -> None:
        """The address must look like one."""
        email = write.values.get("$email")
        if email is not None and not _EMAIL.fullmatch(email):
            problem = FieldProblem(
                "field.bad_email", field="$email", name=write.catalog.by_id["$email"].name, sent=shown(email)
            )
            raise InvalidValue("field.invalid", problems=(problem,), count=1)

    async def written(self, write: Write) -> None:
        """Makes the account, or moves it to a new address: who had the old one is out."""
        if write.values.get("$email"):
            queries = write.database.queries
            await write.connection.execute(queries["save_account"], write.record_id, write.values["$email"])
            await write.connection.execute(queries["notify_access"])

    async def removed(self, write: Write) -> None:
        """Ends access at once; the last administrator stays."""
        queries = write.database.queries
        await write.connection.execute(queries["lock_administrators"])
        await write.connection.execute(queries["remove_account"], write.record_id)
        if not await write.connection.fetchval(queries["count_administrators"]):
            raise Conflict("access.last_admin")
        await write.connection.execute(queries["notify_access"])


SYSTEM_CATALOG = Users()
