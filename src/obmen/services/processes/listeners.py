"""External requests: which scenario listens at an address (docs/reference/external-requests.md)."""

from typing import Final

import msgspec

from obmen.domain.requests.url_ids import url_ids_of
from obmen.errors import NotFound
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Database

LISTENERS: Final = "$weblisteners"
SWITCHED_ON: Final = "$active"


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A record of external requests that is switched on; ``script`` is the link to its scenario as it is stored."""

    id: int
    link: str
    script: str
    script_id: int
    scenario_version: int


class Listeners:
    """Finds listeners."""

    def __init__(self, database: Database, cache: CatalogCache) -> None:
        self._database = database
        self._cache = cache

    async def find(self, path: str) -> Listener:
        """The listener whose address is the longest that ``path`` begins with.

        `NotFound` where there is none, or that one is switched off or its scenario is gone: a shorter address does not
        stand in for it.
        """
        row = None
        if url_ids := url_ids_of(path):
            row = await self._database.pool.fetchrow(self._statement(), url_ids)
        if row is None or not row["is_on"] or row["version"] is None:
            raise NotFound("process.no_listener", listener=path)
        return Listener(
            id=row["id"],
            link=f"{self._cache.schema.catalog(LISTENERS).id}:{row['id']}",
            script=row["script"],
            script_id=row["script_id"],
            scenario_version=row["version"],
        )

    def _statement(self) -> str:
        """``(url ids) → the listener of the longest``, with the newest version of its scenario."""
        schema, namespace = self._cache.schema, self._database.schema
        listeners, scripts = schema.catalog(LISTENERS), schema.catalog("$scripts")
        status, address, script = (listeners.by_id[name].column for name in ("$status", "$urlId", "$script"))
        return (
            f"select r.id, r.{script}[1] as script, r.{status} @> array['{SWITCHED_ON}'] as is_on, s.id as script_id, "
            f"(select max(v.id) from {namespace}.scenario_versions v where v.script_id = s.id) as version "
            f"from {namespace}.{listeners.table} r left join {namespace}.{scripts.table} s "
            f"on s.id = split_part(r.{script}[1], ':', 2)::bigint and s.removed_at is null "
            f"where lower(r.{address}) = any($1::text[]) and r.removed_at is null "
            f"order by length(r.{address}) desc limit 1"
        )
