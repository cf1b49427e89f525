"""What a caller may do, as data (law 7): made from a caller and a schema, compiled into every statement on records.

An administrator may do everything. A process acts past the rights, and its changes bear the name of the employee who
started it. Any other employee has no rights.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from obmen.domain.queries.filters import EVERYTHING, NOTHING, Filter
from obmen.domain.schema import Catalog, Field, Schema
from obmen.errors import Forbidden

Privilege: TypeAlias = Literal["admin", "access", "delete", "export", "create", "edit", "view", "search", "available"]
PRIVILEGES: Final[tuple[Privilege, ...]] = (
    "admin", "access", "delete", "export", "create", "edit", "view", "search", "available",
)  # fmt: skip
"""From the highest to the lowest; each includes those behind it."""


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


SYSTEM: Final = Caller(user_id=None, past_rights=True)


class CatalogPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller may do in one catalog."""

    privilege: Privilege | None
    """The highest one; ``None``: the catalog is not shown at all."""
    rows: Filter
    """Which records."""
    readable: frozenset[int] | None = None
    """Numbers of the fields that may be read; ``None``: all."""
    writable: frozenset[int] | None = None
    """The same for writing."""

    def may(self, privilege: Privilege) -> bool:
        """Whether ``privilege`` is among the caller's."""
        return self.privilege is not None and PRIVILEGES.index(self.privilege) <= PRIVILEGES.index(privilege)

    def reads(self, field: Field) -> bool:
        """Whether the field may be read."""
        return self.readable is None or field.number in self.readable

    def writes(self, field: Field) -> bool:
        """Whether the field may be written."""
        return self.writable is None or field.number in self.writable


ADMINISTRATION: Final = CatalogPolicy(privilege="admin", rows=EVERYTHING)
NO_ACCESS: Final = CatalogPolicy(privilege=None, rows=NOTHING, readable=frozenset(), writable=frozenset())


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller may do, by number of catalog; ``others`` holds for the rest. Hashable: compiled statements are kept by it."""

    others: CatalogPolicy
    catalogs: tuple[tuple[int, CatalogPolicy], ...] = ()

    def of(self, catalog: Catalog) -> CatalogPolicy:
        """The policy of one catalog."""
        return next((policy for number, policy in self.catalogs if number == catalog.number), self.others)

    def require(self, catalog: Catalog, privilege: Privilege) -> CatalogPolicy:
        """The policy of ``catalog``; `Forbidden` where it lacks ``privilege``."""
        found = self.of(catalog)
        if not found.may(privilege):
            raise Forbidden("access.no_right", catalog=catalog.id)
        return found


_EVERYTHING: Final = Policy(others=ADMINISTRATION)
_NOTHING: Final = Policy(others=NO_ACCESS)


def policy(caller: Caller, schema: Schema) -> Policy:
    """What ``caller`` may do under ``schema``."""
    return _EVERYTHING if caller.may_everything else _NOTHING


def require_admin(caller: Caller) -> None:
    """`Forbidden` for a caller who may not change how the company's data is described."""
    if not caller.may_everything:
        raise Forbidden("access.not_admin")
