"""External requests: which scenario listens at an address (contract: external requests)."""

from typing import Final

import msgspec

from obmen.errors import NotFound
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Database

LISTENERS: Final = "$weblisteners"


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A record of ``$weblisteners`` that is switched on; ``script`` is the link to its scenario as it is stored."""

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

    async def find(self, url_id: str) -> Listener:
        """The listener at ``url_id``; `NotFound` where there is none, it is switched off or its scenario is gone."""
        schema = self._cache.schema
        listeners, scripts = schema.catalog(LISTENERS), schema.catalog("$scripts")
        namespace = self._database.schema
        status, urls, script = (listeners.by_id[name].column for name in ("$status", "$urlId", "$script"))
        row = await self._database.pool.fetchrow(
            f"select r.id, r.{script}[1] as script, s.id as script_id, "
            f"(select max(v.id) from {namespace}.scenario_versions v where v.script_id = s.id) as version "
            f"from {namespace}.{listeners.table} r "
            f"join {namespace}.{scripts.table} s on s.id = split_part(r.{script}[1], ':', 2)::bigint and s.removed_at is null "
            f"where lower(r.{urls}) = lower($1) and r.removed_at is null and r.{status} @> array['$active']",
            url_id,
        )
        if row is None or row["version"] is None:
            raise NotFound("process.no_listener", listener=url_id)
        return Listener(
            id=row["id"],
            link=f"{listeners.id}:{row['id']}",
            script=row["script"],
            script_id=row["script_id"],
            scenario_version=row["version"],
        )
