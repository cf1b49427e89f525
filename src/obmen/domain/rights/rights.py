"""Who may what. The one place where rights are decided (law 7).

An administrator may everything; an employee without rights may see their own profile; a process acts past the rights,
as documented (contract: processes), and its changes bear the name of the employee who started it.
"""

import msgspec
import sqlalchemy as sa

from obmen.domain.catalogs.schema import Catalog
from obmen.errors import Forbidden


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf something is done. ``user_id`` is a record of ``$users``, ``None`` for the system itself."""

    user_id: int | None
    email: str = ""
    is_admin: bool = False
    past_rights: bool = False

    @property
    def may_everything(self) -> bool:
        """Whether no right limits the caller."""
        return self.is_admin or self.past_rights


SYSTEM = Caller(user_id=None, past_rights=True)


def visible(caller: Caller, catalog: Catalog) -> sa.ColumnElement[bool]:
    """SQL that holds for the records ``r`` of ``catalog`` that the caller may see."""
    return sa.true() if caller.may_everything else sa.false()


def sees_catalog(caller: Caller, catalog: Catalog) -> bool:
    """Whether the caller knows of the catalog at all."""
    return caller.may_everything


def require(caller: Caller, catalog: Catalog) -> None:
    """`Forbidden` for a caller who may not use the records of ``catalog``."""
    if not caller.may_everything:
        raise Forbidden("access.no_right", catalog=catalog.key)


def require_admin(caller: Caller) -> None:
    """`Forbidden` for a caller who may not change how the company's data is described."""
    if not caller.may_everything:
        raise Forbidden("access.not_admin")
