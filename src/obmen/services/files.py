"""Files: their descriptions in the database, their content in the store."""

from collections.abc import Sequence
from typing import Any

import msgspec

from obmen.clients.files import FileStore
from obmen.domain.files import ExternalFile, NewFile, StoredFile
from obmen.errors import NotFound
from obmen.storage.database import Database


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

    async def keep(self, files: Sequence[StoredFile | NewFile | ExternalFile], author: int | None) -> list[int]:
        """The ids of ``files``, new ones stored; `NotFound` for an id that is none."""
        ids = []
        for file in files:
            match file:
                case StoredFile(id=file_id):
                    if not await self._database.fetch("existing_files", [file_id]):
                        raise NotFound("files.none", file=file_id)
                    ids.append(file_id)
                case NewFile():
                    key = await self._store.put(file.content)
                    ids.append(await self._create(file.title, file.mime_type, len(file.content), key, None, author))
                case ExternalFile():
                    ids.append(await self._create(file.title, file.mime_type, file.size, None, file.source, author))
        return ids

    async def _create(self, *description: Any) -> int:
        return int(await self._database.fetchval("create_file", *description))

    async def read(self, file_id: int) -> FileContent:
        """A file with its content; `NotFound` without one."""
        row = await self._database.fetchrow("read_file", file_id)
        if row is None:
            raise NotFound("files.none", file=file_id)
        content = b"" if row["key"] is None else await self._store.get(row["key"])
        return FileContent(title=row["title"], mime_type=row["mime_type"], content=content, source=row["source"])

    async def content(self, file_id: int) -> bytes:
        """The content of a stored file; `NotFound` for a file that another system keeps."""
        file = await self.read(file_id)
        if file.source is not None:
            raise NotFound("files.elsewhere", file=file_id, source=file.source)
        return file.content
