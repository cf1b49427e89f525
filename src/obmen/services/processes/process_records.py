"""Records as the components of one process see them: past the rights, in the name of who started it (`ports.Records`)."""

from collections.abc import Mapping
from typing import Any

from obmen.domain.encoding import plain
from obmen.domain.rights.rights import Caller
from obmen.ports import RecordsQuery
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.records.reading import Records
from obmen.storage.database import Connection


class ProcessRecords:
    """With ``connection``, changes are made inside its transaction."""

    def __init__(
        self, records: Records, catalogs: Catalogs, caller: Caller, connection: Connection | None = None
    ) -> None:
        self._records = records
        self._catalogs = catalogs
        self._caller = caller
        self._connection = connection

    async def describe_catalog(self, catalog_id: str) -> dict[str, Any]:
        """The catalog with its fields."""
        described: dict[str, Any] = plain(self._catalogs.catalog(self._caller, catalog_id))
        return described

    async def create(self, catalog_id: str, values: Mapping[str, Any]) -> str:
        """The id of the new record."""
        return await self._records.create(self._caller, catalog_id, values, self._connection)

    async def read(self, catalog_id: str, record_id: str, fields: Any = None) -> dict[str, Any]:
        """One record."""
        record: dict[str, Any] = plain(await self._records.read(self._caller, catalog_id, record_id, fields))
        return record

    async def edit(self, catalog_id: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Changes the values named."""
        await self._records.update(self._caller, catalog_id, record_id, values, self._connection)

    async def find(self, catalog_id: str, query: RecordsQuery) -> tuple[list[dict[str, Any]], int]:
        """A page of records and how many match altogether."""
        found: list[dict[str, Any]] = plain(await self._records.find(self._caller, catalog_id, query))
        return found, await self._records.count(self._caller, catalog_id, query)
