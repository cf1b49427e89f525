"""Files: their descriptions in the database, their content in the store."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from obmen.clients.files import FileStore
from obmen.domain.catalogs.schema import Catalog
from obmen.domain.files import ExternalFile, KeptFile, NewFile, StoredFile
from obmen.errors import NotFound
from obmen.storage.database import Database, Executor


class FileContent(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be sent: its content, or the address where another system keeps it."""

    title: str
    mime_type: str
    content: bytes
    source: str | None


class Files:
    """Stores and reads files."""

    def __init__(self, database: Database, store: FileStore) -> None:
        self._database = database
        self._store = store

    async def store(self, catalog: Catalog, stored: dict[int, Any]) -> list[str]:
        """Puts the content of new files into the store and says so in ``stored``; the keys, for `discard`."""
        keys = []
        for number in _file_fields(catalog, stored):
            files = []
            for file in stored[number]:
                if isinstance(file, NewFile):
                    key = await self._store.put(file.content)
                    keys.append(key)
                    files.append(KeptFile(file.title, key, file.mime_type, len(file.content)))
                else:
                    files.append(file)
            stored[number] = files
        return keys

    async def discard(self, keys: Iterable[str]) -> None:
        """Takes content out of the store again: nothing has come of it."""
        for key in keys:
            with suppress(OSError):
                await self._store.delete(key)

    async def describe(self, on: Executor, catalog: Catalog, stored: dict[int, Any], author: int | None) -> None:
        """Puts ids in the place of the files in ``stored``."""
        create = self._database.queries["create_file"]
        for number in _file_fields(catalog, stored):
            ids = []
            for file in stored[number]:
                match file:
                    case StoredFile(id=file_id):
                        ids.append(file_id)
                    case KeptFile(title, key, mime_type, size):
                        ids.append(await on.fetchval(create, title, mime_type, size, key, None, author))
                    case ExternalFile(title, source, mime_type, size):
                        ids.append(await on.fetchval(create, title, mime_type, size, None, source, author))
                    case other:
                        raise TypeError(other)
            stored[number] = ids

    async def read(self, file_id: int, on: Executor | None = None) -> FileContent:
        """A file with its content; `NotFound` without one."""
        row = await (on or self._database.pool).fetchrow(self._database.queries["read_file"], file_id)
        if row is None:
            raise NotFound("files.none", file=file_id)
        content = b"" if row["key"] is None else await self._store.get(row["key"])
        return FileContent(title=row["title"], mime_type=row["mime_type"], content=content, source=row["source"])

    async def content(self, file_id: int, on: Executor | None = None) -> bytes:
        """The content of a stored file; `NotFound` for a file that another system keeps."""
        file = await self.read(file_id, on)
        if file.source is not None:
            raise NotFound("files.elsewhere", file=file_id, source=file.source)
        return file.content


def _file_fields(catalog: Catalog, stored: dict[int, Any]) -> list[int]:
    return [field.number for field in catalog.fields if field.type == "file" and stored.get(field.number)]
