"""A write that is ready: all it still needs is statements on one connection. Made by `writing`, written by it or by processes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import asyncpg
import msgspec

from obmen.domain.encoding import encode
from obmen.domain.field_types import shown
from obmen.domain.files import StoredFile
from obmen.domain.rights.policies import Policy
from obmen.errors import Conflict, FieldProblem, InvalidValue, NotFound
from obmen.services.files.files import AnyFile
from obmen.services.records.preparation import Preparation
from obmen.services.system_catalogs import Effect
from obmen.storage.database import Executor
from obmen.storage.statements.compiler import Required


class PreparedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record: its stored values and files by number of field; ``number`` is ``None`` for a new one."""

    number: int | None
    text_id: str | msgspec.UnsetType | None
    """``UNSET``: it keeps the id it has."""
    values: Mapping[int, Any]
    files: Mapping[int, Sequence[AnyFile]]
    effects: Sequence[Effect]

    @property
    def describes_files(self) -> bool:
        """Whether it has files without an id."""
        return any(not isinstance(file, StoredFile) for files in self.files.values() for file in files)


class FileKeeper(Protocol):
    """What a write needs of files."""

    async def describe(self, on: Executor, files: Iterable[AnyFile], author: int | None) -> list[int]:
        """The ids of the files; new ones get one."""
        ...

    async def discard(self, files: Iterable[AnyFile]) -> None:
        """Takes content out of the store again."""
        ...


class PreparedWrite:
    """New records, or changes, of one catalog."""

    def __init__(
        self,
        work: Preparation,
        policy: Policy,
        rows: Sequence[PreparedRow],
        required: Required,
        files: FileKeeper,
    ) -> None:
        self.work = work
        self._statements = work.statements
        self._catalog = work.catalog
        self._author = work.caller.user_id
        self._policy = policy
        self._rows = rows
        self._required = required
        self._files = files

    def verified(self) -> "PreparedWrite":
        """The same write, which requires nothing any more."""
        return PreparedWrite(self.work, self._policy, self._rows, {}, self._files)

    @property
    def needs_transaction(self) -> bool:
        """Whether it is more than one statement."""
        groups = {_shape(row) for row in self._rows}
        return len(groups) > 1 or any(row.effects or row.describes_files for row in self._rows)

    async def write(self, on: Executor) -> list[int]:
        """The numbers of the records, in order, of a write that requires nothing.

        `NotFound` where a record to be changed is gone, `InvalidValue` where a value is not unique.
        """
        numbers = await self.try_to_write(on)
        assert numbers is not None
        return numbers

    async def try_to_write(self, on: Executor) -> list[int] | None:
        """The same; ``None``, and nothing is written, where what it requires is not there, or perhaps a record to be changed."""
        sent = [await self._row(on, row) for row in self._rows]
        try:
            numbers = await (self._insert(on, sent) if self._rows[0].number is None else self._update(on, sent))
            if numbers is None:
                return None
            for row, number in zip(self._rows, numbers, strict=True):
                for effect in row.effects:
                    assert not isinstance(on, asyncpg.Pool)  # a write with effects has a transaction
                    await effect(on, number)
        except asyncpg.UniqueViolationError as error:
            raise self._not_unique(error, sent) from error
        return numbers

    async def discard(self) -> None:
        """Takes back what preparation has stored: nothing has come of it."""
        for row in self._rows:
            for files in row.files.values():
                await self._files.discard(files)

    async def _row(self, on: Executor, row: PreparedRow) -> dict[str, Any]:
        columns = {f"f{number}": value for number, value in row.values.items()}
        for number, files in row.files.items():
            columns[f"f{number}"] = await self._files.describe(on, files, self._author)
        if row.number is not None:
            columns["id"] = row.number
        if row.text_id is not msgspec.UNSET:
            columns["text_id"] = row.text_id
        return columns

    async def _insert(self, on: Executor, sent: Sequence[Mapping[str, Any]]) -> list[int] | None:
        many = len(sent) > 1
        rows = encode(sent if many else sent[0]).decode()
        statement = self._statements.insert(self._catalog, self._author, rows, many=many, required=self._required)
        return sorted(row["id"] for row in await on.fetch(statement.text, *statement.arguments)) or None

    async def _update(self, on: Executor, sent: Sequence[Mapping[str, Any]]) -> list[int] | None:
        groups: dict[tuple[tuple[int, ...], bool], list[Mapping[str, Any]]] = {}
        for row, columns in zip(self._rows, sent, strict=True):
            groups.setdefault(_shape(row), []).append(columns)
        found: set[int] = set()
        for (fields, renames), members in groups.items():
            many = len(members) > 1
            statement = self._statements.update(
                self._policy,
                self._catalog,
                fields,
                self._author,
                encode(members if many else members[0]).decode(),
                renames=renames,
                many=many,
                required=self._required,
            )
            found.update(row["id"] for row in await on.fetch(statement.text, *statement.arguments))
        numbers = [row.number or 0 for row in self._rows]
        for number in numbers:
            if number not in found:
                if self._required:
                    return None
                raise NotFound("catalog.no_record", catalog=self._catalog.id, record=number)
        return numbers

    def _not_unique(self, error: asyncpg.UniqueViolationError, sent: Sequence[Mapping[str, Any]]) -> Exception:
        constraint = error.constraint_name or ""
        if constraint.endswith("_text_id"):
            taken = [str(row["text_id"]) for row in sent if row.get("text_id")]
            return Conflict("catalog.id_taken", catalog=self._catalog.id, id=", ".join(taken))
        for field in self._catalog.value_fields:
            if constraint.endswith(f"_{field.column}_unique"):
                values = [row[field.column] for row in sent if row.get(field.column) is not None]
                problem = FieldProblem(
                    "field.not_unique", field=field.id, name=field.name, sent=shown(values[0] if values else None)
                )
                return InvalidValue("field.invalid", problems=(problem,), count=1)
        return error


def _shape(row: PreparedRow) -> tuple[tuple[int, ...], bool]:
    """Rows of one shape are written by one statement."""
    if row.number is None:
        return (), False
    return tuple(sorted({*row.values, *row.files})), row.text_id is not msgspec.UNSET
