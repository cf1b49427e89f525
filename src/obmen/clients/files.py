"""The store of files: a local folder, or any store obstore has a client for (S3 and compatible) by URL."""

import uuid
from pathlib import Path
from typing import Final

import obstore
from obstore.store import LocalStore

_PREFIX: Final = "files"


class FileStore:
    """Content of files by key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(str(folder))

    async def put(self, content: bytes) -> str:
        """Stores ``content``; its key."""
        name = uuid.uuid4().hex
        key = f"{_PREFIX}/{name[:2]}/{name}"
        await obstore.put_async(self._store, key, content)
        return key

    async def get(self, key: str) -> bytes:
        """The content under ``key``; ``FileNotFoundError`` without it."""
        result = await obstore.get_async(self._store, key)
        return bytes(await result.bytes_async())

    async def delete(self, key: str) -> None:
        """Removes the content under ``key``."""
        await obstore.delete_async(self._store, key)
