"""Records as the components of one process see them: past the rights, in the name of who started it (`ports.Records`).

The only module of ``services/processes`` beside `journal` and `listeners` that calls ``services/records``.
"""

from typing import Any, Protocol

import msgspec

from obmen.domain.json_values import as_json
from obmen.domain.query_reading import Asked
from obmen.domain.rights.policies import Caller
from obmen.ports import RecordChange as Change
from obmen.ports import RecordsQuery
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.records.reading import RecordReader
from obmen.services.records.writing import NewRecord, RecordChange, RecordWriter
from obmen.storage.database import Connection
from obmen.storage.statements.rendering import PROCESSES


class PreparedChange(Protocol):
    """A change whose values are parsed and whose files are stored; nothing of it is in a record yet."""

    async def write(self, on: Connection) -> list[int]:
        """Makes the change in the transaction of ``on``; the record's number, alone in its list."""
        ...

    async def discard(self) -> None:
        """Takes back what was stored: nothing has come of it."""
        ...


class ProcessRecords:
    """`ports.Records`, and `prepare` for what components give back to be written."""

    def __init__(self, reader: RecordReader, writer: RecordWriter, catalogs: Catalogs, caller: Caller) -> None:
        self._reader = reader
        self._writer = writer
        self._catalogs = catalogs
        self._caller = caller

    async def describe_catalog(self, catalog_id: str) -> dict[str, Any]:
        """The catalog with its fields."""
        described: dict[str, Any] = msgspec.to_builtins(await self._catalogs.read_known(self._caller, catalog_id))
        return described

    async def read(self, catalog_id: str, record_id: str, fields: Any = None) -> dict[str, Any]:
        """One record, with the values that its links show."""
        asked = Asked(fields=fields, with_linked_values=fields is None)
        record: dict[str, Any] = msgspec.json.decode(
            await self._reader.read(self._caller, catalog_id, record_id, asked, PROCESSES)
        )
        return record

    async def find(self, catalog_id: str, query: RecordsQuery) -> list[dict[str, Any]]:
        """A page of records."""
        page = await self._reader.find(self._caller, catalog_id, _asked(query), PROCESSES)
        found: list[dict[str, Any]] = msgspec.json.decode(page.json)
        return found

    async def count(self, catalog_id: str, query: RecordsQuery) -> int:
        """How many records match."""
        return await self._reader.count(self._caller, catalog_id, _asked(query))

    async def prepare(self, change: Change) -> PreparedChange:
        """The change, ready to be written inside a transaction."""
        values = as_json(dict(change.values))
        if change.record_id is None:
            return await self._writer.prepare_new(self._caller, change.catalog_id, [NewRecord(values)])
        named = RecordChange(change.record_id, values)
        return await self._writer.prepare_change(self._caller, change.catalog_id, [named])


def _asked(query: RecordsQuery) -> Asked:
    return Asked(
        filters=None if query.filters in ({}, [], "") else as_json(query.filters),
        fields=query.fields,
        sort_field=query.sort_field,
        descending=query.descending,
        limit=query.limit,
        offset=query.offset,
        with_linked_values=query.fields is None,
    )
