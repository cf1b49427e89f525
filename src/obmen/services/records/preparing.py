"""What is done for a write before its transaction. Called by `writing`.

What values point at is looked up, secrets are sealed, files are stored, and system catalogs check.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from obmen.clients.secrets import SecretBox
from obmen.domain import items
from obmen.domain.field_types import Parsed, Reference, Secret, references, shown
from obmen.domain.files import ExternalFile, KeptFile, NewFile, StoredFile
from obmen.domain.queries.filters import HasId
from obmen.domain.record_ids import RecordId
from obmen.domain.records.values import Values
from obmen.domain.rights.policies import SYSTEM, policy
from obmen.domain.schema import Catalog, Field
from obmen.errors import FieldProblem, InvalidValue, NotFound
from obmen.services.files.files import AnyFile, Files
from obmen.services.records.preparation import Preparation
from obmen.services.system_catalogs import Effect, Surroundings, SystemCatalog, Write
from obmen.storage.database import Database, Executor
from obmen.storage.statements.compiler import FILES, Required, Statements

Found: TypeAlias = Mapping[tuple[int, RecordId], tuple[int, bool]]
"""``(catalog, id) → (number, whether it was removed)``."""


class Prepared(msgspec.Struct, frozen=True):
    """Per record its stored values, its files and its effects, and what must be there when they are written."""

    values: Sequence[Mapping[int, Any]]
    files: Sequence[Mapping[int, Sequence[AnyFile]]]
    effects: Sequence[Sequence[Effect]]
    required: Required


class Preparer:
    """Prepares writes; a `FileKeeper`."""

    def __init__(
        self,
        database: Database,
        files: Files,
        secrets: SecretBox,
        system_catalogs: Mapping[str, SystemCatalog],
        around: Surroundings,
    ) -> None:
        self._database = database
        self._files = files
        self._secrets = secrets
        self._system_catalogs = system_catalogs
        self._around = around

    async def prepare(self, work: Preparation, *, trusting: bool) -> Prepared:
        """The rows as they are written; `InvalidValue` names every value that points at nothing.

        With ``trusting``, links by number and files are left to the write: its own statement finds out whether they are
        there. Where they are not, `require` says what is wrong.
        """
        effects = [await self._check(work, place) for place in range(len(work.rows))]
        required = _required(work) if trusting else None
        found = await self.require(work) if required is None else {}
        values = [self._stored(work.catalog, row, found) for row in work.rows]
        files: list[dict[int, list[AnyFile]]] = []
        try:
            for row in work.rows:
                kept_files = {number: await self._files.keep(sent) for number, sent in _files(row)}
                files.append(kept_files)
        except BaseException:
            await self.discard(file for kept in files for some in kept.values() for file in some)
            raise
        return Prepared(values, files, effects, required or {})

    def removal(self, catalog: Catalog) -> list[Effect]:
        """What is done in the transaction that removes a record."""
        system = self._system_catalogs.get(catalog.id)
        return [] if system is None else system.removal(self._around)

    async def numbers(self, statements: Statements, catalog: Catalog, keys: Sequence[RecordId]) -> list[int]:
        """The numbers of records; `NotFound` for an own id that none has."""
        texts = [key for key in keys if isinstance(key, str)]
        found = await self._existing(statements, {catalog.number: texts}) if texts else {}
        numbers = []
        for key in keys:
            number = key if isinstance(key, int) else found.get((catalog.number, key), (None, True))[0]
            if number is None:
                raise NotFound("catalog.no_record", catalog=catalog.id, record=shown(key))
            numbers.append(number)
        return numbers

    async def describe(self, on: Executor, files: Iterable[AnyFile], author: int | None) -> list[int]:
        """The ids of the files; new ones get one."""
        return await self._files.describe(on, files, author)

    async def discard(self, files: Iterable[AnyFile]) -> None:
        """Takes content out of the store again."""
        await self._files.discard(files)

    async def _check(self, work: Preparation, place: int) -> list[Effect]:
        """A system catalog looks at a record; what it changes in the values is what is written."""
        system = self._system_catalogs.get(work.catalog.id)
        if system is None:
            return []
        row, catalog = work.rows[place], work.catalog
        write = Write(
            catalog=catalog,
            schema=work.statements.schema,
            caller=work.caller,
            record=work.records[place],
            values={catalog.by_number[number].id: value for number, value in row.items()},
        )
        effects = await system.prepare(write, self._around)
        row.update((catalog.field(field_id).number, value) for field_id, value in write.values.items())
        return effects

    async def require(self, work: Preparation) -> Found:
        """What the values point at; `InvalidValue` names every value that points at nothing."""
        wanted: dict[int, dict[RecordId, None]] = {}
        files: dict[int, None] = {}
        for row in work.rows:
            for value in row.values():
                for reference in references(value):
                    wanted.setdefault(reference.catalog, {})[reference.record] = None
                files.update((file, None) for file in _stored_files(value))
        known = {number: list(ids) for number, ids in wanted.items() if number in work.statements.schema.catalogs}
        found = await self._existing(work.statements, known) if known else {}
        existing = await self._files.existing(files) if files else set()
        await self._refuse_missing(work, found, existing)
        return found

    async def _existing(self, statements: Statements, wanted: Mapping[int, Sequence[RecordId]]) -> Found:
        statement = statements.references(wanted)
        found: dict[tuple[int, RecordId], tuple[int, bool]] = {}
        for row in await self._database.pool.fetch(statement.text, *statement.arguments):
            for key in (row["id"], row["text_id"]):
                if key is not None:
                    found[row["catalog"], key] = (row["id"], row["removed"])
        return found

    async def _refuse_missing(self, work: Preparation, found: Found, files: set[int]) -> None:
        """`InvalidValue` for what does not exist; what was removed may stay where the record has it already."""
        problems: list[FieldProblem] = []
        held = await self._held(work, found)
        for place, row in enumerate(work.rows):
            for number, value in row.items():
                field = work.catalog.by_number[number]
                has = held.get((work.records[place], number), ())
                problems += _missing(field, value, work, found, has)
                problems += [
                    FieldProblem("field.no_file", field=field.id, name=field.name, file=file)
                    for file in _stored_files(value)
                    if file not in files
                ]
        if problems:
            raise InvalidValue("field.invalid", problems=tuple(problems), count=len(problems))

    async def _held(self, work: Preparation, found: Found) -> Mapping[tuple[int | None, int], Sequence[Any]]:
        """What records already have in the fields whose new value names something removed."""
        doubtful = {
            (record, number)
            for record, row in zip(work.records, work.rows, strict=True)
            for number, value in row.items()
            if record is not None and _is_doubtful(work.catalog.by_number[number], value, found)
        }
        if not doubtful:
            return {}
        fields = sorted({number for _, number in doubtful})
        statements = work.statements
        wanted = HasId(tuple(dict.fromkeys(record for record, _ in doubtful)))
        ids = [work.catalog.by_number[number].id for number in fields]
        statement = statements.stored(policy(SYSTEM, statements.schema), work.catalog, wanted, ids)
        rows = await self._database.pool.fetch(statement.text, *statement.arguments)
        return {
            (row["id"], number): value if isinstance(value, list) else (value,)
            for row in rows
            for number, field_id in zip(fields, ids, strict=True)
            if (value := row[field_id]) is not None
        }

    def _stored(self, catalog: Catalog, row: Values, found: Found) -> dict[int, Any]:
        """Values as the columns take them; files aside, which get their ids in the transaction."""
        return {
            number: self._column(catalog.by_number[number], value, found)
            for number, value in row.items()
            if not _is_files(value)
        }

    def _column(self, field: Field, value: Parsed, found: Found) -> Any:
        if isinstance(value, Secret):
            return self._secrets.seal(value.text)
        if isinstance(value, tuple) and value and isinstance(value[0], Reference):
            numbers = [
                (one.catalog, found.get((one.catalog, one.record), (one.record, True))[0]) for one in references(value)
            ]
            if field.type.order == "employee":
                return [number for _, number in numbers]
            return [f"{target}:{number}" for target, number in numbers]
        return value


def _required(work: Preparation) -> Required | None:
    """What values point at; ``None`` where more is to be looked up than whether these numbers are there."""
    wanted: dict[int, dict[int, None]] = {}
    for row in work.rows:
        for number, value in row.items():
            for file in _stored_files(value):
                wanted.setdefault(FILES, {})[file] = None
            if _has_removed_item(work.catalog.by_number[number], value):
                return None
            for one in references(value):
                if not isinstance(one.record, int) or one.catalog not in work.statements.schema.catalogs:
                    return None
                wanted.setdefault(one.catalog, {})[one.record] = None
    return {catalog: list(numbers) for catalog, numbers in sorted(wanted.items())}


def _stored_files(value: Parsed) -> list[int]:
    return [item.id for item in value if isinstance(item, StoredFile)] if isinstance(value, tuple) else []


def _files(row: Values) -> list[tuple[int, Sequence[AnyFile]]]:
    return [(number, value) for number, value in row.items() if _is_files(value)]  # type: ignore[misc]


def _is_files(value: Parsed) -> bool:
    return (
        isinstance(value, tuple)
        and bool(value)
        and isinstance(value[0], StoredFile | NewFile | KeptFile | ExternalFile)
    )


def _is_doubtful(field: Field, value: Parsed, found: Found) -> bool:
    """Whether it names a removed record or item."""
    if any(found.get((one.catalog, one.record), (0, True))[1] for one in references(value)):
        return True
    return _has_removed_item(field, value)


def _has_removed_item(field: Field, value: Parsed) -> bool:
    return field.type.order == "items" and any(items.is_removed(field, number) for number in _numbers(value))


def _numbers(value: Parsed) -> Sequence[int]:
    if isinstance(value, tuple):
        return [number for number in value if isinstance(number, int)]
    return [value] if isinstance(value, int) else []


def _missing(field: Field, value: Parsed, work: Preparation, found: Found, held: Sequence[Any]) -> list[FieldProblem]:
    problems = []
    for one in references(value):
        number, removed = found.get((one.catalog, one.record), (one.record, True))
        link = number if field.type.order == "employee" else f"{one.catalog}:{number}"
        if removed and link not in held:
            target = work.statements.schema.catalogs.get(one.catalog)
            catalog = str(one.catalog) if target is None else target.id
            problems.append(
                FieldProblem("field.no_record", field=field.id, name=field.name, catalog=catalog, record=one.record)
            )
    if field.type.order == "items":
        problems += [
            items.no_item(field, number)
            for number in _numbers(value)
            if items.is_removed(field, number) and number not in held
        ]
    return problems
