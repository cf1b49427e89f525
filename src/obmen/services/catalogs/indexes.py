"""Keeps the indexes of catalogs as they should be (docs/decisions/0026-pages-near-and-far.md). Called by ``workers/indexes``.

What is wanted follows from the descriptions of the catalogs. Indexes are made and dropped one by one while records are read and
written. A change of a catalog interrupts the work on its table, which is then taken up again (`Descriptions.store_change`).
"""

import time
from typing import Final, Literal, TypeAlias

import asyncpg
import msgspec
import structlog

from obmen.domain.schema import Catalog
from obmen.services.schema.cache import CatalogCache
from obmen.storage.database import Connection, Database
from obmen.storage.statements import indexes

_LONGEST_S: Final = 7 * 86_400.0
Outcome: TypeAlias = Literal["done", "failed", "disturbed"]

log = structlog.get_logger()


class IndexBuild(msgspec.Struct, frozen=True, kw_only=True):
    """An index that is being made: ids of its catalog and field, the phase as PostgreSQL names it, its share done, seconds so far."""

    catalog: str
    field: str
    phase: str
    done: float | None
    """0 to 1 of the phase; ``None`` where PostgreSQL cannot say."""
    seconds: float


class Step(msgspec.Struct, frozen=True):
    """One statement: it makes or drops the index ``name``, or gathers the statistics of the table ``name``."""

    event: str
    catalog: int
    name: str
    statement: str


class Indexes:
    """The indexes of all catalogs; ``index_from``: smaller catalogs get none."""

    def __init__(self, database: Database, cache: CatalogCache, index_from: int) -> None:
        self.database = database
        self._cache = cache
        self._index_from = index_from
        self._unanalysed: set[int] = set()

    async def keep(self, connection: Connection) -> bool:
        """Makes what is missing and drops what is not wanted, on a connection outside of any transaction.

        ``False``: something was interrupted, or a catalog was being changed; it is to be tried again soon. A statement that
        fails is logged and left for the next call. Raises where the connection is lost.
        """
        tried: set[str] = set()
        disturbed = False
        while (step := await self._next(connection, tried)) is not None:
            outcome = await self._take(connection, step)
            disturbed = disturbed or outcome == "disturbed"
            if outcome != "done":
                tried.add(step.statement)
        return not disturbed

    async def are_complete(self) -> bool:
        """Whether there is nothing for `keep` to do."""
        async with self.database.pool.acquire() as connection:
            return await self._next(connection, set()) is None

    async def builds(self) -> list[IndexBuild]:
        """What is being made now."""
        catalogs = (await self._cache.refresh()).catalogs
        return [
            IndexBuild(
                catalog=catalogs[row["catalog"]].id,
                field=_field(catalogs[row["catalog"]], row["name"]),
                phase=row["phase"],
                done=row["done"],
                seconds=row["seconds"],
            )
            for row in await self.database.fetch("read_index_builds")
            if row["catalog"] in catalogs
        ]

    async def _next(self, connection: Connection, tried: set[str]) -> Step | None:
        """What is to be done first of what has not been tried: useless indexes go before new ones are made."""
        queries, namespace = self.database.queries, self.database.schema
        schema = await self._cache.refresh(connection)
        trigrams = self.database.abilities.trigram_operators
        sizes = {row["catalog"]: row["records"] for row in await connection.fetch(queries["read_table_sizes"])}
        catalogs = {number: found for number, found in schema.catalogs.items() if number in sizes}
        wanted = {number: indexes.wanted(found, namespace, trigrams=trigrams) for number, found in catalogs.items()}
        present = set()
        for row in await connection.fetch(queries["read_catalog_indexes"]):
            number, name = row["catalog"], row["name"]
            present.add(name)
            drop = indexes.drop(name, namespace)
            useless = name not in wanted.get(number, {}) or not row["valid"]
            if useless and not row["building"] and drop not in tried:
                return Step("index_dropped", number, name, drop)
        for number, found in catalogs.items():
            missing = {name: tail for name, tail in wanted[number].items() if name not in present}
            if missing and await self._is_large(connection, found, sizes[number]):
                for name, tail in missing.items():
                    create = indexes.create(name, tail, found, namespace)
                    if create not in tried:
                        return Step("index_made", number, name, create)
            analyze = indexes.analyze(found, namespace)
            if number in self._unanalysed and analyze not in tried:
                return Step("catalog_analysed", number, f"table {number}", analyze)
        return None

    async def _is_large(self, connection: Connection, catalog: Catalog, records: int | None) -> bool:
        if records is None:
            records = await connection.fetchval(indexes.largest(catalog, self.database.schema))
        return (records or 0) >= self._index_from

    async def _take(self, connection: Connection, step: Step) -> Outcome:
        """Takes the step unless the catalog is being changed."""
        queries = self.database.queries
        if not await connection.fetchval(queries["claim_indexes"], step.catalog):
            return "disturbed"
        outcome = await self._execute(connection, step)
        await connection.fetchval(queries["release_indexes"], step.catalog)
        if outcome == "done" and step.event == "index_made":
            self._unanalysed.add(step.catalog)
        if outcome == "done" and step.event == "catalog_analysed":
            self._unanalysed.discard(step.catalog)
        return outcome

    async def _execute(self, connection: Connection, step: Step) -> Outcome:
        catalog = self._cache.schema.catalogs.get(step.catalog)
        facts = {"catalog": catalog.id if catalog else str(step.catalog), "name": step.name}
        if catalog is not None and step.event != "catalog_analysed":
            facts["field"] = _field(catalog, step.name)
        if step.event == "index_made":
            log.info("index_begun", **facts)
        began = time.monotonic()
        try:
            await connection.execute(step.statement, timeout=_LONGEST_S)
        except asyncpg.QueryCanceledError:
            log.info("index_interrupted", **facts)
            return "disturbed"
        except asyncpg.PostgresError as error:
            if connection.is_closed() or isinstance(error, asyncpg.PostgresConnectionError):
                raise
            log.warning("index_failed", problem=str(error), statement=step.statement, **facts)
            return "failed"
        log.info(step.event, seconds=round(time.monotonic() - began, 3), **facts)
        return "done"


def _field(catalog: Catalog, name: str) -> str:
    """The id of the field that the index is for; its number where the field has been removed."""
    number = indexes.field_number(name)
    field = catalog.by_number.get(number)
    return str(number) if field is None else field.id
