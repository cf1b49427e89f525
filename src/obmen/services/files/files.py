"""Files: their descriptions in the database, their content in the store, and the signed addresses they are fetched from.

An address is ``/files/{id}.{expires}.{signature}``: whoever has it can fetch the file until it expires
(docs/reference/files.md). PostgreSQL makes the same signatures (``storage/statements/rendering``).
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec

from obmen.clients.clock import now
from obmen.clients.files import FileStore
from obmen.domain.field_types import shown
from obmen.domain.files import ExternalFile, KeptFile, NewFile, StoredFile
from obmen.domain.record_ids import record_number
from obmen.domain.rights.policies import Caller, require_admin
from obmen.errors import ContentGone, NotFound, ObmenError
from obmen.storage.database import Database, Executor
from obmen.storage.statements.rendering import FileLinks

AnyFile: TypeAlias = StoredFile | NewFile | KeptFile | ExternalFile

_DAY_S: Final = 86_400
_SIGNATURE_BYTES: Final = 16


class FileContent(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be sent: its content, or the address where another system keeps it."""

    title: str
    mime_type: str
    content: bytes
    source: str | None


class Files:
    """Stores and reads files; ``key`` signs addresses below ``base``, which last between one and two times ``link_days``."""

    def __init__(self, database: Database, store: FileStore, *, key: bytes, base: str, link_days: int) -> None:
        self._database = database
        self._store = store
        self._key = key
        self._base = base
        self._lasting_s = link_days * _DAY_S

    def links(self) -> FileLinks:
        """What addresses are made of now; the same for a while, so that statements and clients can keep them."""
        period = int(now().timestamp()) // self._lasting_s
        return FileLinks(self._base, self._key, (period + 2) * self._lasting_s)

    def address(self, file_id: int) -> str:
        """The signed address of a stored file."""
        links = self.links()
        signed = f"{file_id}.{links.expires}"
        return f"{links.base}/files/{signed}.{self._signature(signed)}"

    async def location(self, caller: Caller, file_id: str) -> str:
        """Where the content of a file can be fetched; `NotFound` without one, `Forbidden` for whoever may not read it."""
        require_admin(caller)
        number = record_number(file_id)
        row = None if number is None else await self._database.fetchrow("read_file", number)
        if row is None:
            raise NotFound("files.none", file=shown(file_id))
        return str(row["source"] or self.address(row["id"]))

    async def keep(self, files: Sequence[AnyFile]) -> list[AnyFile]:
        """The files with the content of new ones in the store; where one cannot be stored, none is left there."""
        kept: list[AnyFile] = []
        try:
            for file in files:
                if isinstance(file, NewFile):
                    key = await self._store.put(file.content)
                    kept.append(KeptFile(file.title, key, file.mime_type, len(file.content)))
                else:
                    kept.append(file)
        except BaseException:
            await self.discard(kept)
            raise
        return kept

    async def discard(self, files: Iterable[AnyFile]) -> None:
        """Takes content out of the store again: nothing has come of it."""
        for file in files:
            if isinstance(file, KeptFile):
                with suppress(ObmenError, FileNotFoundError):
                    await self._store.delete(file.key)

    async def describe(self, on: Executor, files: Iterable[AnyFile], author: int | None) -> list[int]:
        """The ids of the files; new ones get one."""
        create = self._database.queries["create_file"]
        ids = []
        for file in files:
            match file:
                case StoredFile(id=file_id):
                    ids.append(file_id)
                case KeptFile(title, key, mime_type, size):
                    ids.append(await on.fetchval(create, title, mime_type, size, key, None, author))
                case ExternalFile(title, source, mime_type, size):
                    ids.append(await on.fetchval(create, title, mime_type, size, None, source, author))
                case NewFile():
                    raise TypeError(file)
        return ids

    async def existing(self, ids: Iterable[int]) -> set[int]:
        """Those of the ids that are files."""
        rows = await self._database.fetch("read_existing_files", list(ids))
        return {row["id"] for row in rows}

    async def content(self, file: NewFile | StoredFile) -> bytes:
        """The content of a file of a value; `NotFound` for one that another system keeps, or that does not exist."""
        if isinstance(file, NewFile):
            return file.content
        found = await self.read(file.id)
        if found.source is not None:
            raise NotFound("files.elsewhere", file=file.id, source=found.source)
        return found.content

    async def read(self, file_id: int) -> FileContent:
        """A file with its content; `NotFound` without one, `ContentGone` where the store has lost it."""
        row = await self._database.fetchrow("read_file", file_id)
        if row is None:
            raise NotFound("files.none", file=file_id)
        content = b""
        if row["key"] is not None:
            try:
                content = await self._store.get(row["key"])
            except FileNotFoundError:
                raise ContentGone("files.content_gone", file=file_id, title=row["title"]) from None
        return FileContent(title=row["title"], mime_type=row["mime_type"], content=content, source=row["source"])

    async def open(self, name: str) -> FileContent:
        """The file at the signed address ``name`` (``{id}.{expires}.{signature}``); `NotFound` for any other name."""
        signed, _, signature = name.rpartition(".")
        number, _, expires = signed.partition(".")
        file_id = record_number(number)
        is_signed = hmac.compare_digest(self._signature(signed).encode(), signature.encode("utf-8", "replace"))
        if file_id is None or not is_signed or int(expires) < now().timestamp():
            raise NotFound("files.no_address", name=name[:80])
        return await self.read(file_id)

    def _signature(self, signed: str) -> str:
        inner = hashlib.sha256(self._key + signed.encode("utf-8", "replace")).digest()
        return hashlib.sha256(self._key + inner).digest()[:_SIGNATURE_BYTES].hex()
