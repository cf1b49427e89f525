"""Records: the one way in for every write path, and the ways out (law 3, law 7).

A write is one statement: the row, its event and nothing else; a write to a catalog of the system is a transaction with
what it sets in motion. Called by the API, by processes and by the command line.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec
import sqlalchemy as sa

from obmen.clients.clock import now
from obmen.clients.secrets import SecretBox
from obmen.domain import records, rights
from obmen.domain.catalogs import Catalog, Field
from obmen.domain.field_types import WriteContext, record_id, shown
from obmen.domain.fields.text import MASKED, is_secret
from obmen.domain.filters import FilterReader
from obmen.domain.rights import Caller
from obmen.errors import FieldProblem, Forbidden, InvalidFilter, InvalidValue, NotFound, ObmenError
from obmen.ports import RecordsQuery
from obmen.services.catalog_cache import CatalogCache
from obmen.services.event_log import EventLog
from obmen.services.files import Files
from obmen.services.system_catalogs import SystemCatalog, Write, system_catalogs
from obmen.settings import Limits
from obmen.storage.catalog_tables import CatalogTable
from obmen.storage.database import Connection, Database

Result = TypeVar("Result")


class Records:
    """Records of all catalogs."""

    def __init__(
        self,
        database: Database,
        cache: CatalogCache,
        log: EventLog,
        files: Files,
        secrets: SecretBox,
        limits: Limits,
    ) -> None:
        self._database = database
        self._cache = cache
        self._log = log
        self._files = files
        self._secrets = secrets
        self._limits = limits

    # writing

    async def create(self, caller: Caller, catalog_id: str, values: Any, connection: Connection | None = None) -> str:
        """The id of a new record, or `InvalidValue`; with ``connection``, inside its transaction."""

        async def attempt() -> int:
            catalog = self._writable(caller, catalog_id)
            stored = records.parse(catalog, values, self._context(caller), creating=True)
            await self._prepare(catalog, stored)
            return await self._write(
                caller, catalog, 0, stored, lambda on: self._insert(on, catalog, stored, caller), connection
            )

        created = await self._with_current_schema(attempt)
        self._log.wake()
        return str(created)

    async def update(
        self, caller: Caller, catalog_id: str, record: str, values: Any, connection: Connection | None = None
    ) -> None:
        """Changes the values named, or `InvalidValue`, or `NotFound`."""

        async def attempt() -> int:
            catalog = self._writable(caller, catalog_id)
            number = _number(catalog, record)
            stored = records.parse(catalog, values, self._context(caller), creating=False)
            await self._prepare(catalog, stored)
            return await self._write(
                caller,
                catalog,
                number,
                stored,
                lambda on: self._change(on, catalog, number, stored, caller),
                connection,
            )

        await self._with_current_schema(attempt)
        self._log.wake()

    async def delete(self, caller: Caller, catalog_id: str, record: str) -> None:
        """Removes a record, or `NotFound`."""
        catalog = self._writable(caller, catalog_id)
        number = _number(catalog, record)
        system = system_catalogs().get(catalog.key)
        async with self._database.transaction() as connection:
            if await connection.fetchval(self._cache.table(catalog).delete, number, caller.user_id) is None:
                raise NotFound("catalog.no_record", catalog=catalog.key, record=number)
            if system is not None:
                await system.removed(self._system_write(connection, catalog, caller, number, False, {}))
        self._log.wake()

    def wrote(self) -> None:
        """Something was committed in a transaction of the caller's: the sequencer is told."""
        self._log.wake()

    def _writable(self, caller: Caller, catalog_id: str) -> Catalog:
        catalog = self._cache.schema.catalog(catalog_id)
        rights.require(caller, catalog)
        system = system_catalogs().get(catalog.key)
        if system is not None and system.read_only:
            raise Forbidden("catalog.read_only", catalog=catalog.key)
        return catalog

    def _context(self, caller: Caller) -> WriteContext:
        return WriteContext(schema=self._cache.schema, now=now(), user_id=caller.user_id)

    async def _prepare(self, catalog: Catalog, stored: dict[int, Any]) -> None:
        """Checks what parsing could not: links lead somewhere. Seals secrets."""
        await self._check_links(catalog, stored)
        for field in catalog.fields:
            value = stored.get(field.number)
            if value is not None and is_secret(field):
                if value == MASKED:
                    del stored[field.number]
                else:
                    stored[field.number] = self._secrets.seal(value)

    async def _check_links(self, catalog: Catalog, stored: Mapping[int, Any]) -> None:
        wanted: dict[int, set[int]] = {}
        links = records.links(catalog, stored, self._cache.schema)
        for _, link in links:
            wanted.setdefault(link.catalog_id, set()).add(link.record_id)
        found: dict[int, set[int]] = {}
        for catalog_id, ids in wanted.items():
            query = self._cache.table(self._cache.schema.catalog(catalog_id)).existing
            found[catalog_id] = {row["id"] for row in await self._database.pool.fetch(query, list(ids))}
        problems = tuple(
            FieldProblem(
                "field.no_record",
                field=field.id,
                name=field.name,
                catalog=self._cache.schema.catalog(link.catalog_id).key,
                record=link.record_id,
            )
            for field, link in links
            if link.record_id not in found[link.catalog_id]
        )
        if problems:
            raise InvalidValue("field.invalid", problems=problems, count=len(problems))

    async def _keep_files(self, catalog: Catalog, stored: dict[int, Any], caller: Caller) -> None:
        for field in catalog.fields:
            if field.type == "file" and stored.get(field.number):
                try:
                    stored[field.number] = await self._files.keep(stored[field.number], caller.user_id)
                except NotFound as error:
                    problem = FieldProblem("field.no_file", field=field.id, name=field.name, **error.facts)
                    raise InvalidValue("field.invalid", problems=(problem,), count=1) from error

    async def _write(
        self,
        caller: Caller,
        catalog: Catalog,
        number: int,
        stored: dict[int, Any],
        run: Callable[[Connection | asyncpg.Pool], Awaitable[int]],
        connection: Connection | None,
    ) -> int:
        """Runs the statement of a write: alone, inside the caller's transaction, or among what a system catalog adds."""
        system = system_catalogs().get(catalog.key)
        if system is None:
            await self._keep_files(catalog, stored, caller)
            return await run(connection or self._database.pool)
        by_id = {field.id: stored[field.number] for field in catalog.fields if field.number in stored}
        try:
            if connection is not None:
                return await self._write_system(connection, system, catalog, caller, number, stored, by_id, run)
            async with self._database.transaction() as own:
                return await self._write_system(own, system, catalog, caller, number, stored, by_id, run)
        except asyncpg.UniqueViolationError as error:
            raise _not_unique(system, catalog, stored, error) from error

    async def _write_system(
        self,
        connection: Connection,
        system: SystemCatalog,
        catalog: Catalog,
        caller: Caller,
        number: int,
        stored: dict[int, Any],
        by_id: dict[str, Any],
        run: Callable[[Connection | asyncpg.Pool], Awaitable[int]],
    ) -> int:
        write = self._system_write(connection, catalog, caller, number, number == 0, by_id)
        await system.writing(write)
        await self._keep_files(catalog, stored, caller)
        write.record_id = await run(connection)
        await system.written(write)
        return write.record_id

    def _system_write(
        self,
        connection: Connection,
        catalog: Catalog,
        caller: Caller,
        number: int,
        creating: bool,
        values: dict[str, Any],
    ) -> Write:
        return Write(
            connection=connection,
            database=self._database,
            catalog=catalog,
            caller=caller,
            record_id=number,
            creating=creating,
            values=values,
            read_file=self._files.content,
        )

    async def journal(
        self, on: "Connection | asyncpg.Pool", catalog_id: str, values: Mapping[str, Any], caller: Caller
    ) -> int:
        """The id of a new record of the system's own, its stored values given by field id."""
        catalog = self._cache.schema.catalog(catalog_id)
        stored = {catalog.by_id[field_id].number: value for field_id, value in values.items()}
        return await self._insert(on, catalog, stored, caller)

    async def journal_change(
        self,
        on: "Connection | asyncpg.Pool",
        catalog_id: str,
        number: int,
        values: Mapping[str, Any],
        caller: Caller,
    ) -> None:
        """Changes a record of the system's own, its stored values given by field id."""
        catalog = self._cache.schema.catalog(catalog_id)
        stored = {catalog.by_id[field_id].number: value for field_id, value in values.items()}
        await self._change(on, catalog, number, stored, caller)

    async def _insert(
        self, on: "Connection | asyncpg.Pool", catalog: Catalog, stored: Mapping[int, Any], caller: Caller
    ) -> int:
        table = self._cache.table(catalog)
        return int(await on.fetchval(table.insert, *table.insert_arguments(stored, caller.user_id)))

    async def _change(
        self, on: "Connection | asyncpg.Pool", catalog: Catalog, number: int, stored: Mapping[int, Any], caller: Caller
    ) -> int:
        table = self._cache.table(catalog)
        numbers = tuple(sorted(stored))
        row = await on.fetchrow(table.update(numbers), *table.update_arguments(number, caller.user_id, numbers, stored))
        assert row is not None
        if not row["found"]:
            raise NotFound("catalog.no_record", catalog=catalog.key, record=number)
        return number

    async def _with_current_schema(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """``attempt()``, once more where it failed under descriptions that another process has changed meanwhile."""
        version = self._cache.schema.version
        try:
            return await attempt()
        except (InvalidValue, NotFound, InvalidFilter, asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError):
            if (await self._cache.refresh()).version == version:
                raise
            return await attempt()

    # reading

    async def read(self, caller: Caller, catalog_id: str, record: str, fields: Any = None) -> dict[str, Any]:
        """One record (contract: Records), or `NotFound`."""

        async def attempt() -> dict[str, Any]:
            catalog = self._cache.schema.catalog(catalog_id)
            rights.require(caller, catalog)
            table = self._cache.table(catalog)
            chosen = _chosen_fields(catalog, fields)
            codec = table.codec_of(None if chosen is None else [choice.field for choice in chosen])
            row = await self._database.pool.fetchrow(table.read(codec), _number(catalog, record))
            if row is None:
                raise NotFound("catalog.no_record", catalog=catalog.key, record=record)
            found = _answer(catalog, codec, row)
            found["privilegeCode"] = "admin"
            if chosen is not None:
                await self._add_linked_values(caller, [found], chosen)
            return found

        return await self._with_current_schema(attempt)

    async def find(self, caller: Caller, catalog_id: str, query: RecordsQuery) -> list[dict[str, Any]]:
        """A page of the records that match (contract: Records); the newest first where nothing else is asked."""

        async def attempt() -> list[dict[str, Any]]:
            catalog = self._cache.schema.catalog(catalog_id)
            rights.require(caller, catalog)
            table = self._cache.table(catalog)
            chosen = _chosen_fields(catalog, query.fields)
            codec = table.codec_of(None if chosen is None else [choice.field for choice in chosen])
            matching, arguments = self._matching(caller, catalog, table, query)
            count = len(arguments)
            rows = await self._database.pool.fetch(
                f"select {codec.columns} {matching} order by {_order(catalog, query)} "
                f"limit ${count + 1} offset ${count + 2}",
                *arguments,
                self._limit(query.limit),
                query.offset,
            )
            found = [_answer(catalog, codec, row) for row in rows]
            if chosen is not None:
                await self._add_linked_values(caller, found, chosen)
            return found

        return await self._with_current_schema(attempt)

    async def find_one(self, caller: Caller, catalog_id: str, field_id: str, text: str) -> dict[str, Any] | None:
        """The record whose field holds exactly this text, whatever the case; ``None`` without one."""
        found = await self.find(caller, catalog_id, RecordsQuery(filters={field_id: text}, limit=self._limits.page))
        return next((record for record in found if record["values"][field_id].lower() == text.lower()), None)

    async def count(self, caller: Caller, catalog_id: str, query: RecordsQuery) -> int:
        """How many records match, whatever the page."""
        catalog = self._cache.schema.catalog(catalog_id)
        rights.require(caller, catalog)
        matching, arguments = self._matching(caller, catalog, self._cache.table(catalog), query)
        return int(await self._database.pool.fetchval(f"select count(*) {matching}", *arguments))

    def _limit(self, limit: int) -> int:
        return min(limit, self._limits.page)

    def _matching(
        self, caller: Caller, catalog: Catalog, table: CatalogTable, query: RecordsQuery
    ) -> tuple[str, list[Any]]:
        reader = FilterReader(
            self._cache.schema,
            self._database.schema,
            user_id=caller.user_id,
            offset_minutes=query.offset_minutes,
            limit=self._limits.filter_conditions,
        )
        condition = sa.and_(rights.visible(caller, catalog), reader.condition(catalog, query.filters))
        if query.search_text:
            condition = sa.and_(condition, table.search(query.search_text))
        ids = None if not query.ids else [number for item in query.ids if (number := record_id(item)) is not None]
        return table.matching(condition, ids)

    async def _add_linked_values(
        self, caller: Caller, found: list[dict[str, Any]], chosen: "Sequence[FieldChoice]"
    ) -> None:
        """Adds ``recordValues`` to links whose fields were asked for: one query per linked catalog, not per record."""
        for choice in chosen:
            for catalog_id, fields in choice.linked.items():
                catalog = self._cache.schema.catalog(catalog_id)
                links = [
                    link
                    for record in found
                    for link in record["values"][choice.field.id]
                    if link.get("catalogId") == catalog.key
                ]
                if not links:
                    continue
                ids = list({link["recordId"] for link in links})
                linked: dict[str, Any] = {}
                for start in range(0, len(ids), self._limits.page):
                    part = ids[start : start + self._limits.page]
                    page = await self.find(
                        caller, catalog.key, RecordsQuery(fields=fields, ids=part, limit=self._limits.page)
                    )
                    linked.update((record["id"], record["values"]) for record in page)
                for link in links:
                    link["recordValues"] = linked.get(link["recordId"], {})


class FieldChoice(msgspec.Struct, frozen=True):
    """A field asked for, with the fields asked for of the records it links to, by catalog id."""

    field: Field
    linked: Mapping[str, Any]


def _chosen_fields(catalog: Catalog, fields: Any) -> list[FieldChoice] | None:
    """What ``fields`` asks for: ids and ``{fieldId, fields: {catalog: [...]}}`` (contract: Records, fields)."""
    if fields in (None, "", []):
        return None
    if isinstance(fields, str):
        fields = fields.split(",")
    if not isinstance(fields, list):
        raise InvalidFilter("filter.not_fields", sent=shown(fields))
    chosen: dict[str, FieldChoice] = {}
    for item in fields:
        linked = item.get("fields") or {} if isinstance(item, Mapping) else {}
        given = item.get("fieldId") if isinstance(item, Mapping) else item
        if not isinstance(given, str | int) or not isinstance(linked, Mapping):
            raise InvalidFilter("filter.not_fields", sent=shown(item))
        field = catalog.by_id.get(str(given).strip())
        if field is None or not records.holds_value(field) or (linked and field.type != "object"):
            raise InvalidFilter("filter.no_field", field=given, catalog=catalog.key)
        chosen[field.id] = FieldChoice(field, linked)
    return list(chosen.values())


def _answer(catalog: Catalog, codec: records.Codec, row: asyncpg.Record) -> dict[str, Any]:
    return {"id": str(row[0]), "catalogId": catalog.key, "title": row[1], "values": codec.values(row)}


def _order(catalog: Catalog, query: RecordsQuery) -> str:
    direction = "desc" if query.descending else "asc"
    if not query.sort_field:
        return "r.id desc"
    if query.sort_field == "id":
        return f"r.id {direction}"
    field = catalog.by_id.get(query.sort_field)
    if field is None or not records.holds_value(field) or is_secret(field):
        known = ", ".join(field.id for field in records.value_fields(catalog))
        raise InvalidFilter("filter.not_sortable", field=query.sort_field, catalog=catalog.key, known=known)
    return f"r.{field.column} {direction} nulls last, r.id {direction}"


def _number(catalog: Catalog, record: str) -> int:
    number = record_id(record)
    if number is None:
        raise NotFound("catalog.no_record", catalog=catalog.key, record=shown(record))
    return number


def _not_unique(
    system: SystemCatalog, catalog: Catalog, stored: Mapping[int, Any], error: asyncpg.UniqueViolationError
) -> ObmenError:
    for field_id in system.unique:
        field = catalog.by_id[field_id]
        if field.number in stored and (error.constraint_name or "").endswith(f"_{field.column}"):
            problem = FieldProblem(
                "field.not_unique", field=field.id, name=field.name, sent=shown(stored[field.number])
            )
            return InvalidValue("field.invalid", problems=(problem,), count=1)
    raise error
