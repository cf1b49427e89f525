"""The data folder: one Obmen at a time, found by a lock that ends with its process. Called by ``bootstrap``."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from obmen.errors import SetupError

_held: Final[set[IO[str]]] = set()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder, made where it is missing; `SetupError` where another Obmen has it or it cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "lock").open("a+")
    except OSError as error:
        raise SetupError("setup.data_not_writable", data=folder, problem=error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise SetupError("setup.data_in_use", data=folder, pid=file.read().strip() or "?") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held.add(file)
        try:
            yield
        finally:
            _held.discard(file)


def _let_go() -> None:
    """flock(2) belongs to the open file, which a forked process shares: the lock would outlive the process that took it."""
    for file in _held:
        file.close()
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


def private(folder: Path) -> Path:
    """The folder, made where it is missing and closed to other users; `SetupError` where that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise SetupError("setup.data_not_writable", data=folder, problem=error) from error
    return folder


def is_locked(folder: Path) -> bool:
    """Whether an Obmen has the folder right now."""
    try:
        with locked(folder):
            return False
    except SetupError as error:
        if error.message == "setup.data_in_use":
            return True
        raise
