"""External requests: which scenario listens at an address (docs/reference/external-requests.md)."""

from collections.abc import Sequence
from typing import Final

import msgspec

from obmen.domain import items
from obmen.domain.catalogs.schema import SCRIPTS, WEB_REQUESTS
from obmen.domain.queries.filters import Condition, Either, Equals, HasId
from obmen.domain.requests.url_ids import url_ids_of
from obmen.errors import NotFound
from obmen.services.records.reading import RecordReader
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Database

_ON: Final = "$on"
_READ: Final = ("$status", "$urlId", "$script")


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A record of external requests that is switched on; ``script`` is the link to its scenario as it is stored."""

    id: int
    link: str
    script: str
    script_id: int
    scenario_version: int


class Listeners:
    """Finds listeners."""

    def __init__(self, database: Database, cache: CatalogCache, reader: RecordReader) -> None:
        self._database = database
        self._cache = cache
        self._reader = reader

    async def find(self, path: str) -> Listener:
        """The listener whose address is the longest that ``path`` begins with.

        `NotFound` where there is none, or that one is switched off or its scenario is gone: a shorter address does not
        stand in for it.
        """
        catalog = self._cache.schema.catalog(WEB_REQUESTS)
        address = catalog.field("$urlId").number
        matching = Either(tuple(Condition(address, Equals(url_id)) for url_id in url_ids_of(path)))
        rows = await self._reader.stored(WEB_REQUESTS, matching, _READ)
        longest = max(rows, key=lambda row: len(row["$urlId"]), default=None)
        if longest is None or not longest["$script"] or not self._is_on(longest["$status"]):
            raise NotFound("process.no_listener", listener=path)
        script = longest["$script"][0]
        number = int(script.partition(":")[2])
        version = await self._database.fetchval("read_newest_scenario", number)
        scripts = await self._reader.stored(SCRIPTS, HasId((number,)), ())
        if version is None or not scripts:
            raise NotFound("process.no_listener", listener=path)
        return Listener(
            id=longest["id"],
            link=f"{catalog.number}:{longest['id']}",
            script=script,
            script_id=number,
            scenario_version=version,
        )

    def _is_on(self, status: Sequence[int] | None) -> bool:
        field = self._cache.schema.catalog(WEB_REQUESTS).field("$status")
        return items.number_of(field, _ON) in (status or ())
