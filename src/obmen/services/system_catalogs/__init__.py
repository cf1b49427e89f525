"""The catalogs of the system: one file each (docs/reference/system-catalogs.md).

They are ordinary catalogs for the API. What is special about one stands in its file: its fields, what it checks before a
write, and the effects of a write.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeAlias

import msgspec

from obmen import messages
from obmen.domain.field_types import Parsed
from obmen.domain.files import NewFile, StoredFile
from obmen.domain.rights.policies import Caller
from obmen.domain.schema import Catalog, Schema
from obmen.errors import FieldProblem, InvalidValue
from obmen.storage.database import Connection

Effect: TypeAlias = Callable[[Connection, int], Awaitable[None]]
"""What is done in the transaction of a write, with the number of its record."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What checks of system catalogs may ask for."""

    queries: Mapping[str, str]
    file_content: Callable[[NewFile | StoredFile], Awaitable[bytes]]
    """The content of a file of a value; `NotFound` where it is kept elsewhere or does not exist."""
    compile_scenario: Callable[[bytes], object]
    """`InvalidScenario` where a scenario could not run."""
    forget_listeners: Callable[[], None]
    """What this process remembers of external requests is about to change."""

    def listeners_change(self) -> Effect:
        """An effect: all processes forget what they remember of external requests."""

        async def run(connection: Connection, record: int) -> None:
            self.forget_listeners()
            await connection.execute(self.queries["notify_listeners"])

        return run


class Write(msgspec.Struct, kw_only=True):
    """A write that is being prepared. ``values`` stand by field id; what a check changes there is what is written."""

    catalog: Catalog
    schema: Schema
    caller: Caller
    record: int | None
    """``None``: a new record."""
    values: dict[str, Parsed]

    def refuse(self, field_id: str, message: str, **facts: Any) -> InvalidValue:
        """The error for the value of one field."""
        field = self.catalog.field(field_id)
        problem = FieldProblem(message, **{"field": field.id, "name": field.name, **facts})
        return InvalidValue("field.invalid", problems=(problem,), count=1)


class SystemCatalog:
    """What is special about a catalog of the system."""

    number: ClassVar[int]
    text_id: ClassVar[str]
    icon: ClassVar[str]
    fields: ClassVar[tuple[Mapping[str, Any], ...]]
    """As the API takes them, with ``number``; ``name`` is left out: it is the message ``system.<catalog>_<field>``."""
    unique: ClassVar[tuple[str, ...]] = ()
    """Fields whose text no two records share, whatever the letter case."""
    read_only: ClassVar[bool] = False
    """Nobody writes its records by the API."""
    removable: ClassVar[bool] = True
    """Its records can be removed by the API."""
    described_by: ClassVar[str | None] = None
    """The table of descriptions whose rows are its records; ``None``: it has a table of its own."""

    def described(self, language: str) -> list[dict[str, Any]]:
        """The fields, with names and items in ``language``."""
        area = self.text_id.removeprefix("$")
        return [
            _named(dict(field), f"system.{area}_{field['id'].removeprefix('$')}", language) for field in self.fields
        ]

    async def prepare(self, write: Write, around: Surroundings) -> list[Effect]:
        """Checks a write before its transaction: may refuse it, may change ``write.values``; what is done inside."""
        return []

    def removal(self, around: Surroundings) -> list[Effect]:
        """What is done in the transaction that removes a record."""
        return []


def _named(field: dict[str, Any], key: str, language: str) -> dict[str, Any]:
    field["name"] = messages.text(key, language)
    config = dict(field.get("config", {}))
    if "items" in config:
        config["items"] = [
            {
                "id": item["id"],
                "name": messages.text(f"system.item_{item['id'].removeprefix('$').replace('.', '_')}", language),
                "color": item.get("color", ""),
            }
            for item in config["items"]
        ]
    field["config"] = config
    return field


def run_query(query: str, *more: Any) -> Effect:
    """An effect: ``query`` with the record's number and ``more``."""

    async def run(connection: Connection, record: int) -> None:
        await connection.execute(query, record, *more)

    return run


def notify(query: str) -> Effect:
    """An effect: a query that takes nothing."""

    async def run(connection: Connection, record: int) -> None:
        await connection.execute(query)

    return run


ON_OFF: tuple[Mapping[str, str], ...] = ({"id": "$on", "color": "C9FDE5"}, {"id": "$off", "color": "DFE0E0"})
"""Items of the fields ``$status``."""
