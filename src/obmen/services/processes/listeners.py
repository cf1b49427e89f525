"""External requests: which scenario listens at an address (docs/reference/external-requests.md).

What was found is remembered, since each request asks. A change of a record of external requests or of scenarios forgets it: in the
process that makes the change before it commits, in the others, and once more in that one, when PostgreSQL tells of the commit.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from obmen.domain import items
from obmen.domain.requests.url_ids import url_ids_of
from obmen.domain.schema import SCRIPTS, WEB_REQUESTS
from obmen.errors import NotFound
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Database

CHANNEL: Final = "obmen_listeners"
_ON: Final = "$on"
_REMEMBERED: Final = 10_000
_LONGEST: Final = 500
"""Characters of a path that is remembered: what follows the address in it may be anything."""


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A record of external requests that is switched on; ``script`` is the link to its scenario as it is stored."""

    id: int
    link: str
    script: str
    script_id: int
    scenario_version: int


class Listeners:
    """Finds listeners; remembers them once `changed` is called for every change."""

    def __init__(self, database: Database, cache: CatalogCache) -> None:
        self._database = database
        self._cache = cache
        self._remembers = False
        self._found: dict[str, Listener] = {}
        self._generation = 0

    def remember(self) -> None:
        """From here on changes made by other processes are told by `changed`."""
        self._remembers = True

    def changed(self, _: str = "") -> None:
        """Something of external requests or scenarios has changed, or is about to."""
        self._generation += 1
        self._found.clear()

    async def find(self, path: str) -> Listener:
        """The listener whose address is the longest that ``path`` begins with.

        `NotFound` where there is none, or that one is switched off or its scenario is gone: a shorter address does not
        stand in for it.
        """
        if (known := self._found.get(path)) is not None:
            return known
        generation = self._generation
        found = await self._read(path)
        if self._remembers and generation == self._generation and len(path) <= _LONGEST:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[path] = found
        return found

    async def _read(self, path: str) -> Listener:
        schema = self._cache.schema
        catalog = schema.catalog(WEB_REQUESTS)
        row = None
        if url_ids := url_ids_of(path):
            statement = self._cache.statements.listener(catalog, schema.catalog(SCRIPTS))
            row = await self._database.pool.fetchrow(statement, url_ids)
        if row is None or not self._is_on(row["status"]) or row["version"] is None:
            raise NotFound("process.no_listener", listener=path)
        return Listener(
            id=row["id"],
            link=f"{catalog.number}:{row['id']}",
            script=row["script"],
            script_id=row["script_id"],
            scenario_version=row["version"],
        )

    def _is_on(self, status: Sequence[int] | None) -> bool:
        field = self._cache.schema.catalog(WEB_REQUESTS).field("$status")
        return items.number_of(field, _ON) in (status or ())
