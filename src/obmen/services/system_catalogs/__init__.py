"""The catalogs of the system (contract: the system catalogs): one file each, found by its file.

They are ordinary catalogs for the API; what is special about one stands in its file: its fields and what a write to it
sets in motion, in the transaction of the write.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, ClassVar

import msgspec

from obmen import discovery, messages
from obmen.domain.catalogs.schema import Catalog
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.rights.rights import Caller
from obmen.storage.database import Connection, Database

SECTION = "$management"


class Write(msgspec.Struct, kw_only=True):
    """A write of a record of a system catalog, inside its transaction.

    ``values`` are the stored values by field id that are being written; ``record_id`` is 0 before a new record has one.
    """

    connection: Connection
    database: Database
    catalog: Catalog
    caller: Caller
    record_id: int
    creating: bool
    values: dict[str, Any]
    read_file: Callable[[int], Awaitable[bytes]]
    scenarios: ScenarioReader


class SystemCatalog:
    """What is special about a catalog of the system."""

    text_id: ClassVar[str]
    order: ClassVar[int]
    """Its place, and the number it is made with."""
    icon: ClassVar[str]
    fields: ClassVar[tuple[Mapping[str, Any], ...]]
    """As the API takes them; ``name`` is left out: it is the message ``system.<catalog>_<field>``."""
    unique: ClassVar[tuple[str, ...]] = ()
    """Fields whose text no two records share, whatever the case."""
    read_only: ClassVar[bool] = False

    def described(self, language: str) -> list[dict[str, Any]]:
        """The fields, with names and items in ``language``."""
        area = self.text_id.removeprefix("$")
        return [
            _named(dict(field), f"system.{area}_{field['id'].removeprefix('$')}", language) for field in self.fields
        ]

    async def writing(self, write: Write) -> None:
        """Before the row is written: may refuse, may change ``write.values``."""

    async def written(self, write: Write) -> None:
        """After the row was written."""

    async def removed(self, write: Write) -> None:
        """After the row was removed."""


def _named(field: dict[str, Any], key: str, language: str) -> dict[str, Any]:
    field["name"] = messages.text(key, language)
    config = dict(field.get("config", {}))
    if "items" in config:
        config["items"] = [
            {"id": item, "name": messages.text(f"system.item_{item.removeprefix('$').replace('.', '_')}", language)}
            for item in config["items"]
        ]
    field["config"] = config
    return field


@cache
def system_catalogs() -> Mapping[str, SystemCatalog]:
    """All catalogs of the system by text id, in their order."""
    found = discovery.by_name(
        discovery.things(sys.modules[__name__], "SYSTEM_CATALOG", SystemCatalog), name_attribute="text_id"
    )
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def column(catalog: Catalog, field_id: str) -> str:
    """Name of a field's column."""
    return catalog.by_id[field_id].column
