"""Records as the components of one process see them: past the rights, in the name of who started it (`ports.Records`).

The only module of ``services/processes`` beside `journal` that calls ``services/records``.
"""

from typing import Any, Protocol

import msgspec

from obmen.domain.encoding import plain
from obmen.domain.processes.variables import as_json
from obmen.domain.rights.rights import Caller
from obmen.ports import RecordChange, RecordsQuery
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.records.reading import Records
from obmen.storage.database import Connection


class PreparedChange(Protocol):
    """A change whose values are parsed and whose files are stored; nothing of it is in a record yet."""

    async def write(self, connection: Connection) -> str:
        """Makes the change in the transaction of ``connection``; the record's id."""
        ...


class ProcessRecords:
    """`ports.Records`, and `prepare` for what components give back to be written."""

    def __init__(self, records: Records, catalogs: Catalogs, caller: Caller) -> None:
        self._records = records
        self._catalogs = catalogs
        self._caller = caller

    async def describe_catalog(self, catalog_id: str) -> dict[str, Any]:
        """The catalog with its fields."""
        described: dict[str, Any] = plain(self._catalogs.catalog(self._caller, catalog_id))
        return described

    async def read(self, catalog_id: str, record_id: str, fields: Any = None) -> dict[str, Any]:
        """One record."""
        record: dict[str, Any] = plain(await self._records.read(self._caller, catalog_id, record_id, fields))
        return record

    async def find(self, catalog_id: str, query: RecordsQuery) -> list[dict[str, Any]]:
        """A page of records."""
        found: list[dict[str, Any]] = plain(await self._records.find(self._caller, catalog_id, _asked(query)))
        return found

    async def count(self, catalog_id: str, query: RecordsQuery) -> int:
        """How many records match."""
        return await self._records.count(self._caller, catalog_id, _asked(query))

    async def prepare(self, change: RecordChange) -> PreparedChange:
        """The change, ready to be written inside a transaction."""
        values = as_json(dict(change.values))
        return _Change(self._records, self._caller, change.catalog_id, change.record_id, values)


class _Change:
    """`PreparedChange` by today's writes, which prepare inside the transaction."""

    def __init__(
        self, records: Records, caller: Caller, catalog_id: str, record_id: str | None, values: dict[str, Any]
    ) -> None:
        self._records = records
        self._caller = caller
        self._catalog_id = catalog_id
        self._record_id = record_id
        self._values = values

    async def write(self, connection: Connection) -> str:
        """Makes the change."""
        if self._record_id is None:
            return await self._records.create(self._caller, self._catalog_id, self._values, connection)
        await self._records.update(self._caller, self._catalog_id, self._record_id, self._values, connection)
        return self._record_id


def _asked(query: RecordsQuery) -> RecordsQuery:
    """The query with the dates of its filters as text."""
    return msgspec.structs.replace(query, filters=as_json(query.filters))
