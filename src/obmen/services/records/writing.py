"""Writing records: the one way in for every write path (law 3).

A write is one statement: the row and its event. It becomes a transaction where more belongs to it: a step of a process,
what a system catalog sets in motion, descriptions of new files. Whoever holds a connection does all on that one: a
second one from the same pool may never come. Called by the API, by processes and by the command line through `Records`.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import asyncpg

from obmen.clients.clock import now
from obmen.clients.secrets import SecretBox
from obmen.domain.catalogs.schema import Catalog, Field
from obmen.domain.field_types import WriteContext, record_id, shown
from obmen.domain.fields.text import MASKED, is_secret
from obmen.domain.files import StoredFile
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.records import values as records
from obmen.domain.rights import rights
from obmen.domain.rights.rights import Caller
from obmen.errors import FieldProblem, Forbidden, InvalidFilter, InvalidValue, NotFound
from obmen.services.events.log import EventLog
from obmen.services.files.files import Files
from obmen.services.schema.cache import CatalogCache
from obmen.services.system_catalogs import SystemCatalog, Write, system_catalogs
from obmen.settings import Limits
from obmen.storage.database import Connection, Database, Executor

Result = TypeVar("Result")

_ATTEMPTS: Final = 5
"""Under descriptions that others keep changing."""


class RecordWrites:
    """Creates, changes and removes records of all catalogs."""

    def __init__(
        self,
        database: Database,
        cache: CatalogCache,
        log: EventLog,
        files: Files,
        secrets: SecretBox,
        limits: Limits,
        scenarios: ScenarioReader,
    ) -> None:
        self._database = database
        self._cache = cache
        self._log = log
        self._files = files
        self._secrets = secrets
        self._limits = limits
        self._scenarios = scenarios

    async def create(self, caller: Caller, catalog_id: str, values: Any, connection: Connection | None = None) -> str:
        """The id of a new record, or `InvalidValue`; with ``connection``, inside its transaction."""

        async def attempt() -> int:
            catalog = self._writable(caller, catalog_id)
            stored = records.parse(catalog, values, self._context(caller), creating=True)
            return await self._save(caller, catalog, 0, stored, connection)

        created = await self._with_current_schema(attempt, connection)
        self._log.wake()
        return str(created)

    async def update(
        self, caller: Caller, catalog_id: str, record: str, values: Any, connection: Connection | None = None
    ) -> None:
        """Changes the values named, or `InvalidValue`, or `NotFound`."""

        async def attempt() -> int:
            catalog = self._writable(caller, catalog_id)
            number = record_number(catalog, record)
            stored = records.parse(catalog, values, self._context(caller), creating=False)
            return await self._save(caller, catalog, number, stored, connection)

        await self._with_current_schema(attempt, connection)
        self._log.wake()

    async def delete(self, caller: Caller, catalog_id: str, record: str) -> None:
        """Removes a record, or `NotFound`."""

        async def attempt() -> None:
            catalog = self._writable(caller, catalog_id)
            number = record_number(catalog, record)
            system = system_catalogs().get(catalog.key)
            async with self._database.transaction() as connection:
                if await connection.fetchval(self._cache.table(catalog).delete, number, caller.user_id) is None:
                    raise NotFound("catalog.no_record", catalog=catalog.key, record=number)
                if system is not None:
                    await system.removed(self._system_write(connection, catalog, caller, number, {}))

        await self._with_current_schema(attempt)
        self._log.wake()

    def wrote(self) -> None:
        """Something was committed in a transaction of the caller's: the sequencer is told."""
        self._log.wake()

    async def journal(self, on: Executor, catalog_id: str, values: Mapping[str, Any], caller: Caller) -> int:
        """The id of a new record of the system's own, its stored values given by field id."""
        catalog = self._cache.schema.catalog(catalog_id)
        return await self._insert(on, catalog, _by_number(catalog, values), caller)

    async def journal_change(
        self, on: Executor, catalog_id: str, number: int, values: Mapping[str, Any], caller: Caller
    ) -> None:
        """Changes a record of the system's own, its stored values given by field id; `NotFound` where it is gone."""
        catalog = self._cache.schema.catalog(catalog_id)
        await self._change(on, catalog, number, _by_number(catalog, values), caller)

    def _writable(self, caller: Caller, catalog_id: str) -> Catalog:
        catalog = self._cache.schema.catalog(catalog_id)
        rights.require(caller, catalog)
        system = system_catalogs().get(catalog.key)
        if system is not None and system.read_only:
            raise Forbidden("catalog.read_only", catalog=catalog.key)
        return catalog

    def _context(self, caller: Caller) -> WriteContext:
        return WriteContext(schema=self._cache.schema, now=now(), user_id=caller.user_id)

    async def _save(
        self, caller: Caller, catalog: Catalog, number: int, stored: dict[int, Any], connection: Connection | None
    ) -> int:
        """The record's number; ``number`` is 0 for a new one."""
        self._seal(catalog, stored)
        sent = {field.id: stored[field.number] for field in catalog.fields if field.number in stored}
        kept = await self._files.store(catalog, stored)  # before a transaction begins (law 5)
        save = partial(self._save_on, caller=caller, catalog=catalog, number=number, stored=stored, sent=sent)
        try:
            if connection is not None:
                return await save(connection)
            if not kept and catalog.key not in system_catalogs():
                return await save(self._database.pool)
            async with self._database.transaction() as own:
                return await save(own)
        except BaseException:
            await self._files.discard(kept)
            raise

    def _seal(self, catalog: Catalog, stored: dict[int, Any]) -> None:
        """Secrets; a mask that came back leaves the secret as it is."""
        for field in catalog.fields:
            value = stored.get(field.number)
            if value is not None and is_secret(field):
                if value == MASKED:
                    del stored[field.number]
                else:
                    stored[field.number] = self._secrets.seal(value)

    async def _save_on(
        self,
        on: Executor,
        *,
        caller: Caller,
        catalog: Catalog,
        number: int,
        stored: dict[int, Any],
        sent: dict[str, Any],
    ) -> int:
        await self._check_references(on, catalog, stored)
        system = system_catalogs().get(catalog.key)
        if system is None:
            await self._files.describe(on, catalog, stored, caller.user_id)
            return await self._write(on, catalog, number, stored, caller)
        assert not isinstance(on, asyncpg.Pool)  # `_save` has opened a transaction
        write = self._system_write(on, catalog, caller, number, sent)
        await system.writing(write)
        await self._files.describe(on, catalog, stored, caller.user_id)
        try:
            write.record_id = await self._write(on, catalog, number, stored, caller)
            await system.written(write)
        except asyncpg.UniqueViolationError as error:
            raise _not_unique(system, catalog, stored, error) from error
        return write.record_id

    def _system_write(
        self, connection: Connection, catalog: Catalog, caller: Caller, number: int, values: dict[str, Any]
    ) -> Write:
        return Write(
            connection=connection,
            database=self._database,
            catalog=catalog,
            caller=caller,
            record_id=number,
            creating=number == 0,
            values=values,
            read_file=partial(self._files.content, on=connection),
            scenarios=self._scenarios,
        )

    async def _check_references(self, on: Executor, catalog: Catalog, stored: Mapping[int, Any]) -> None:
        """What parsing could not see: that linked records and files exist. One statement for all of them."""
        links = records.links(catalog, stored, self._cache.schema)
        files = [
            (field, file.id)
            for field in catalog.fields
            if field.type == "file"
            for file in stored.get(field.number) or ()
            if isinstance(file, StoredFile)
        ]
        wanted: dict[int, set[int]] = {}
        for _, link in links:
            wanted.setdefault(link.catalog_id, set()).add(link.record_id)
        if files:
            wanted[0] = {file_id for _, file_id in files}
        found = await self._existing(on, wanted)
        missing = [
            *(self._no_record(field, link) for field, link in links if (link.catalog_id, link.record_id) not in found),
            *(
                FieldProblem("field.no_file", field=field.id, name=field.name, file=file_id)
                for field, file_id in files
                if (0, file_id) not in found
            ),
        ]
        if missing:
            raise InvalidValue("field.invalid", problems=tuple(missing), count=len(missing))

    async def _existing(self, on: Executor, wanted: Mapping[int, set[int]]) -> set[tuple[int, int]]:
        """Of ``{catalog: records}`` those that exist; catalog 0 stands for files."""
        if not wanted:
            return set()
        parts = [
            f"select {catalog_id}::bigint, id from {self._database.schema}.files where id = any(${place}::bigint[])"
            if catalog_id == 0
            else f"select {catalog_id}::bigint, id from {self._cache.table(self._cache.schema.catalog(catalog_id)).name} "
            f"where id = any(${place}::bigint[]) and removed_at is null"
            for place, catalog_id in enumerate(wanted, 1)
        ]
        rows = await on.fetch(" union all ".join(parts), *(list(ids) for ids in wanted.values()))
        return {(row[0], row[1]) for row in rows}

    def _no_record(self, field: Field, link: Any) -> FieldProblem:
        key = self._cache.schema.catalog(link.catalog_id).key
        return FieldProblem("field.no_record", field=field.id, name=field.name, catalog=key, record=link.record_id)

    async def _write(
        self, on: Executor, catalog: Catalog, number: int, stored: Mapping[int, Any], caller: Caller
    ) -> int:
        if number == 0:
            return await self._insert(on, catalog, stored, caller)
        await self._change(on, catalog, number, stored, caller)
        return number

    async def _insert(self, on: Executor, catalog: Catalog, stored: Mapping[int, Any], caller: Caller) -> int:
        table = self._cache.table(catalog)
        return int(await on.fetchval(table.insert, *table.insert_arguments(stored, caller.user_id)))

    async def _change(
        self, on: Executor, catalog: Catalog, number: int, stored: Mapping[int, Any], caller: Caller
    ) -> None:
        table = self._cache.table(catalog)
        numbers = tuple(sorted(stored))
        arguments = table.update_arguments(number, caller.user_id, numbers, stored)
        if not await on.fetchval(table.update(numbers), *arguments):
            raise NotFound("catalog.no_record", catalog=catalog.key, record=number)

    async def _with_current_schema(
        self, attempt: Callable[[], Awaitable[Result]], connection: Connection | None = None
    ) -> Result:
        """``attempt()``, again while it fails under descriptions that have been changed meanwhile.

        Inside somebody's transaction an error of the database is final: it has broken the transaction.
        """
        for _ in range(_ATTEMPTS):
            version = self._cache.schema.version
            try:
                return await attempt()
            except (
                InvalidValue,
                NotFound,
                InvalidFilter,
                asyncpg.UndefinedColumnError,
                asyncpg.UndefinedTableError,
            ) as error:
                if connection is not None and isinstance(error, asyncpg.PostgresError):
                    raise
                if (await self._cache.refresh(connection)).version == version:
                    raise
        return await attempt()


def record_number(catalog: Catalog, record: str) -> int:
    """The number of a record; `NotFound` for what is none."""
    number = record_id(record)
    if not number:  # they begin with 1
        raise NotFound("catalog.no_record", catalog=catalog.key, record=shown(record))
    return number


def _by_number(catalog: Catalog, values: Mapping[str, Any]) -> dict[int, Any]:
    return {catalog.by_id[field_id].number: value for field_id, value in values.items()}


def _not_unique(
    system: SystemCatalog, catalog: Catalog, stored: Mapping[int, Any], error: asyncpg.UniqueViolationError
) -> Exception:
    for field_id in system.unique:
        field = catalog.by_id[field_id]
        if field.number in stored and (error.constraint_name or "").endswith(f"_{field.column}"):
            sent = shown(stored[field.number])
            problem = FieldProblem("field.not_unique", field=field.id, name=field.name, sent=sent)
            return InvalidValue("field.invalid", problems=(problem,), count=1)
    return error
