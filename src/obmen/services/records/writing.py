"""Writing records: the one way in for every write path (law 3).

A write takes a list of records. `prepare_new` and `prepare_change` do all that needs no transaction: they parse values, look
up what they point at, store files, and let system catalogs check (law 5). What comes out is written in one statement for all
rows with their events, inside a transaction where more belongs to it. Called by the API, by processes and by commands.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from obmen.clients.clock import now
from obmen.domain import items
from obmen.domain.encoding import encode
from obmen.domain.field_types import WriteContext, shown
from obmen.domain.records.values import parse_change, parse_new
from obmen.domain.rights.policies import SYSTEM, Caller, Policy, Privilege, policy
from obmen.domain.schema import Catalog, is_text_id
from obmen.errors import BadRequest, Forbidden, NotFound
from obmen.services.events.log import EventLog
from obmen.services.records.preparation import Preparation
from obmen.services.records.prepared import PreparedRow, PreparedWrite
from obmen.services.records.preparing import Preparer
from obmen.services.records.reading import record_key
from obmen.services.schema.cache import CatalogCache
from obmen.services.system_catalogs import SystemCatalog
from obmen.storage.database import Database, Executor
from obmen.storage.statements.compiler import Statements


class NewRecord(msgspec.Struct, frozen=True):
    """A record to be made: values by field id, and an id of its own where it is to have one."""

    values: Any
    id: Any = None


class RecordChange(msgspec.Struct, frozen=True):
    """A record to be changed: the values named, and a new id of its own where one is given."""

    record: str
    values: Any
    id: Any = UNSET


class RecordWriter:
    """Creates, changes and removes records of all catalogs."""

    def __init__(
        self,
        database: Database,
        cache: CatalogCache,
        log: EventLog,
        preparer: Preparer,
        system_catalogs: Mapping[str, SystemCatalog],
    ) -> None:
        self._database = database
        self._cache = cache
        self._log = log
        self._preparer = preparer
        self._system_catalogs = system_catalogs

    async def create(self, caller: Caller, catalog_id: str, records: Sequence[NewRecord]) -> list[str]:
        """The ids of new records, in order, or `InvalidValue`: then none is made."""

        async def attempt(statements: Statements) -> list[int]:
            return await self._write(await self._prepare_new(statements, caller, catalog_id, records, trusting=True))

        created = await self._cache.with_current_schema(attempt)
        return [_text_id(record.id) or str(number) for record, number in zip(records, created, strict=True)]

    async def change(self, caller: Caller, catalog_id: str, changes: Sequence[RecordChange]) -> None:
        """Changes the values named, or `InvalidValue`, or `NotFound`: then nothing is changed."""

        async def attempt(statements: Statements) -> None:
            await self._write(await self._prepare_change(statements, caller, catalog_id, changes, trusting=True))

        await self._cache.with_current_schema(attempt)

    async def prepare_new(self, caller: Caller, catalog_id: str, records: Sequence[NewRecord]) -> PreparedWrite:
        """New records, ready to be written in a transaction of the caller's; `PreparedWrite.discard` where nothing comes of it."""
        return await self._cache.with_current_schema(
            lambda statements: self._prepare_new(statements, caller, catalog_id, records, trusting=False)
        )

    async def prepare_change(self, caller: Caller, catalog_id: str, changes: Sequence[RecordChange]) -> PreparedWrite:
        """Changes, ready to be written in a transaction of the caller's."""
        return await self._cache.with_current_schema(
            lambda statements: self._prepare_change(statements, caller, catalog_id, changes, trusting=False)
        )

    async def remove(self, caller: Caller, catalog_id: str, records: Sequence[str]) -> None:
        """Removes records, or `NotFound`: then none is removed."""

        async def attempt(statements: Statements) -> None:
            catalog, allowed = self._writable(statements, caller, catalog_id, "delete")
            numbers = await self._preparer.numbers(statements, catalog, [record_key(catalog, one) for one in records])
            effects = self._preparer.removal(catalog)
            async with self._database.transaction() as connection:
                statement = statements.delete(allowed, catalog, caller.user_id, numbers)
                gone = {row["id"] for row in await connection.fetch(statement.text, *statement.arguments)}
                for number, record in zip(numbers, records, strict=True):
                    if number not in gone:
                        raise NotFound("catalog.no_record", catalog=catalog.id, record=shown(record))
                    for effect in effects:
                        await effect(connection, number)

        await self._cache.with_current_schema(attempt)
        self._log.wake()

    def wrote(self) -> None:
        """Notifies the sequencer of events committed in a transaction of the caller."""
        self._log.wake()

    # records of the system's own

    async def journal(
        self, on: Executor, catalog_id: str, records: Sequence[Mapping[str, Any]], author: int | None
    ) -> list[int]:
        """The numbers of new records, in order; values by field id as they are stored, items by id. One statement."""
        statements = self._cache.statements
        catalog = statements.schema.catalog(catalog_id)
        rows = [_columns(catalog, values) for values in records]
        many = len(rows) > 1
        statement = statements.insert(catalog, author, encode(rows if many else rows[0]).decode(), many=many)
        return sorted(row["id"] for row in await on.fetch(statement.text, *statement.arguments))

    async def journal_change(
        self, on: Executor, catalog_id: str, number: int, values: Mapping[str, Any], author: int | None
    ) -> None:
        """Changes such a record; `NotFound` where it is gone."""
        statements = self._cache.statements
        catalog = statements.schema.catalog(catalog_id)
        fields = sorted(catalog.field(field_id).number for field_id in values)
        row = encode({"id": number, **_columns(catalog, values)}).decode()
        allowed = policy(SYSTEM, statements.schema)
        statement = statements.update(allowed, catalog, fields, author, row, renames=False, many=False)
        if await on.fetchval(statement.text, *statement.arguments) is None:
            raise NotFound("catalog.no_record", catalog=catalog.id, record=number)

    # preparation

    async def _prepare_new(
        self, statements: Statements, caller: Caller, catalog_id: str, records: Sequence[NewRecord], *, trusting: bool
    ) -> PreparedWrite:
        catalog, allowed = self._writable(statements, caller, catalog_id, "create")
        context = _context(statements, caller)
        parsed = [parse_new(catalog, record.values, context, allowed.of(catalog)) for record in records]
        text_ids = [_text_id(record.id) for record in records]
        work = Preparation(statements, catalog, caller, [None] * len(parsed), parsed)
        return await self._prepared(work, allowed, text_ids, trusting=trusting)

    async def _prepare_change(
        self,
        statements: Statements,
        caller: Caller,
        catalog_id: str,
        changes: Sequence[RecordChange],
        *,
        trusting: bool,
    ) -> PreparedWrite:
        catalog, allowed = self._writable(statements, caller, catalog_id, "edit")
        context = _context(statements, caller)
        keys = [record_key(catalog, change.record) for change in changes]
        parsed = [parse_change(catalog, change.values, context, allowed.of(catalog)) for change in changes]
        numbers = await self._preparer.numbers(statements, catalog, keys)
        text_ids = [
            UNSET if change.id is UNSET else _text_id(change.id, number)
            for change, number in zip(changes, numbers, strict=True)
        ]
        work = Preparation(statements, catalog, caller, list(numbers), parsed)
        return await self._prepared(work, allowed, text_ids, trusting=trusting)

    async def _prepared(
        self, work: Preparation, allowed: Policy, text_ids: Sequence[Any], *, trusting: bool
    ) -> PreparedWrite:
        prepared = await self._preparer.prepare(work, trusting=trusting)
        parts = zip(work.records, text_ids, prepared.values, prepared.files, prepared.effects, strict=True)
        rows = [
            PreparedRow(number=number, text_id=text_id, values=values, files=files, effects=effects)
            for number, text_id, values, files, effects in parts
        ]
        return PreparedWrite(work, allowed, rows, prepared.required, self._preparer)

    async def _write(self, prepared: PreparedWrite) -> list[int]:
        try:
            numbers = await self._written(prepared)
            if numbers is None:
                await self._preparer.require(prepared.work)  # it says what is missing, unless the record has it already
                numbers = await self._written(prepared.verified())
            assert numbers is not None  # it requires nothing any more
        except BaseException:
            await prepared.discard()
            raise
        self._log.wake()
        return numbers

    async def _written(self, prepared: PreparedWrite) -> list[int] | None:
        if not prepared.needs_transaction:
            return await prepared.try_to_write(self._database.pool)
        async with self._database.transaction() as connection:
            return await prepared.try_to_write(connection)

    def _writable(
        self, statements: Statements, caller: Caller, catalog_id: str, privilege: Privilege
    ) -> tuple[Catalog, Policy]:
        catalog = statements.schema.catalog(catalog_id)
        allowed = policy(caller, statements.schema)
        allowed.require(catalog, privilege)
        system = self._system_catalogs.get(catalog.id)
        if system is not None and (system.read_only if privilege != "delete" else not system.removable):
            raise Forbidden("catalog.read_only", catalog=catalog.id)
        return catalog, allowed


def _context(statements: Statements, caller: Caller) -> WriteContext:
    return WriteContext(schema=statements.schema, now=now(), user_id=caller.user_id)


def _text_id(given: Any, number: int | None = None) -> str | None:
    """The own id that was given; none for a number, which must be the record's."""
    if given in (None, ""):
        return None
    if str(given).isdecimal():
        if number is None or int(str(given)) != number:
            raise BadRequest("catalog.number_given", sent=shown(given))
        return None
    if not is_text_id(given):
        raise BadRequest("catalog.bad_field_id", sent=shown(given))
    return str(given)


def _columns(catalog: Catalog, values: Mapping[str, Any]) -> dict[str, Any]:
    columns = {}
    for field_id, value in values.items():
        field = catalog.field(field_id)
        is_choice = field.type.order == "items" and value is not None
        columns[field.column] = items.chosen(field, value) if is_choice else value
    return columns
