"""The store of files: a local folder, accessed through obstore."""

import contextlib
import errno
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from obmen.errors import StorageFull, Unavailable

_PREFIX: Final = "files"
_NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
"""How obstore names the error of a system call; its classes do not tell them apart."""

log = structlog.get_logger()


class FileStore:
    """Content of files by key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(str(folder))

    async def put(self, content: bytes) -> str:
        """Stores ``content``; its key. `StorageFull`, `Unavailable`: none of it is stored."""
        name = uuid.uuid4().hex
        key = f"{_PREFIX}/{name[:2]}/{name}"
        with _translated(len(content)):
            await obstore.put_async(self._store, key, content)
        return key

    async def get(self, key: str) -> bytes:
        """The content under ``key``; ``FileNotFoundError`` without it, `Unavailable` where it cannot be read now."""
        with _translated():
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())

    async def delete(self, key: str) -> None:
        """Removes the content under ``key``; ``FileNotFoundError`` without it, `Unavailable` where it cannot be removed now."""
        with _translated():
            await obstore.delete_async(self._store, key)


@contextlib.contextmanager
def _translated(size: int = 0) -> Iterator[None]:
    """Errors of the store as those of Obmen; ``size`` is how many bytes are to be stored."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        found = _OS_ERROR.search(str(error))
        problem = str(error).partition("\n")[0]
        log.warning("the store of files failed", problem=problem)
        if found and int(found[1]) in _NO_SPACE:
            raise StorageFull("files.no_space", size=size) from error
        raise Unavailable("files.store_away") from error
