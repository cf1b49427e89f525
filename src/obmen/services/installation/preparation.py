"""The first start: the catalogs of the system, the first administrator. Called by ``bootstrap`` and by commands."""

import secrets
from collections.abc import Collection

import msgspec

from obmen.domain.queries.filters import Condition, Equals
from obmen.domain.rights.policies import SYSTEM
from obmen.domain.schema import USERS
from obmen.services.application import Application
from obmen.services.records.writing import NewRecord, RecordChange
from obmen.services.system_catalogs.users import ADMINISTRATOR
from obmen.settings import Admin
from obmen.storage.database import Database, missing_migrations


class Prepared(msgspec.Struct, frozen=True):
    """What the first start has made: the sign-in of the administrator, its password where it was made up."""

    email: str
    password: str | None


async def is_prepared(database: Database, system_catalogs: Collection[str]) -> bool:
    """Whether there is nothing for `prepare` to do."""
    if await missing_migrations(database):
        return False
    known = {row["text_id"] for row in await database.fetch("read_catalogs")}
    return known >= set(system_catalogs) and bool(await database.fetchval("count_administrators"))


async def prepare(obmen: Application, admin: Admin, language: str) -> Prepared | None:
    """Makes what is missing in a database that is migrated already; the first administrator, where there was none yet."""
    await obmen.catalogs.create_system(language)
    if await obmen.database.fetchval("count_administrators"):
        return None
    password = admin.password or secrets.token_urlsafe(12)
    await add_user(obmen, admin.email, password, admin=True)
    return Prepared(admin.email, None if admin.password else password)


async def add_user(obmen: Application, email: str, password: str, *, admin: bool, name: str = "") -> str:
    """The id of the employee with this address, made where there is none, with this password; ``admin`` makes an administrator."""
    address = obmen.cache.schema.catalog(USERS).field("$email").number
    known = await obmen.records.stored(USERS, Condition(address, Equals(email)), ())
    role = {"$role": [ADMINISTRATOR]} if admin else {}
    if known:
        user_id = str(known[0]["id"])
        if role:
            await obmen.writer.change(SYSTEM, USERS, [RecordChange(user_id, role)])
    else:
        values = {"$name": name or email.partition("@")[0], "$email": email, **role}
        (user_id,) = await obmen.writer.create(SYSTEM, USERS, [NewRecord(values)])
    await obmen.accounts.set_password(int(user_id), password)
    return user_id
