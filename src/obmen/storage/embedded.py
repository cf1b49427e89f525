"""The embedded PostgreSQL server: programs from PyPI, data in the data folder, stopped with its owner.

It listens on a Unix socket with passwords (and on TCP when asked), keeps ``fsync`` on and runs as a user of its own
where Obmen runs as root, which PostgreSQL refuses. It ends with the process that started it. Called by ``obmen serve`` and by tests.
"""

import contextlib
import hashlib
import os
import pwd
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from obmen.children import end_with
from obmen.errors import SetupError
from obmen.storage import postgres_programs

_ACCOUNT: Final = "obmen-postgres"
_DATABASE_USER: Final = "obmen"
_SOCKET_PATH_LIMIT: Final = 90
"""A Unix socket's path has at most 107 bytes, the file name included."""
_START_S: Final = 600.0
"""After a crash PostgreSQL first repeats what the log holds beyond the last checkpoint, up to ``max_wal_size``."""
_STOP_S: Final = 30.0
_POLL_S: Final = 0.005
_WORKING_FOLDER: Final = "/proc/self/cwd"
"""The working folder of a process, whose path its user need not be able to follow (proc_pid_cwd(5))."""
_LOG_BYTES: Final = 10_000_000
_FAST_SHUTDOWN: Final = signal.SIGINT
"""PostgreSQL rolls open transactions back, writes everything to disk and ends."""
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
        self._process: subprocess.Popen[bytes] | None = None
        self._account: pwd.struct_passwd | None = None
        """Whom the server runs as, where that is not the user of this process."""
        self._programs = Path()
        self._sockets = ""

    def start(self, database: str = "obmen") -> str:
        """Starts the server; the URL of ``database``, which is made with the data on the first start.

        `SetupError`: the folder cannot be written, or the server does not start; then with the end of its log.
        """
        self._programs = postgres_programs.folder()
        if os.geteuid() == 0:
            self._account = _ensure_account()
            self._programs = postgres_programs.readable(self._programs, _ACCOUNT)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_private(self._folder)
            sockets = self._make_socket_folder()
        except OSError as error:
            raise SetupError("setup.data_not_writable", data=self._folder, problem=error) from error
        if self._data.exists():
            self._end_leftovers()
        else:
            self._initialise(database)
        self._sockets = sockets
        self._wait_until_ready(self._launch())
        return self.url(database)

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The server's first process, once it was started."""
        assert self._process is not None
        return self._process

    def restart(self) -> "subprocess.Popen[bytes]":
        """Starts a server that has died once more, and does not wait until it is ready. ``OSError`` where it cannot be started."""
        self._end_leftovers()
        return self._launch()

    def trim_log(self) -> None:
        """Keeps the log below about 10 MB, and as much of it in ``postgres.log.1``."""
        if not self._log.exists() or self._log.stat().st_size < _LOG_BYTES:
            return
        with contextlib.suppress(OSError):  # on a full disk it goes without the copy
            old = self._log.with_suffix(".log.1")
            old.unlink(missing_ok=True)
            old.touch(0o600)
            shutil.copyfile(self._log, old)
        os.truncate(self._log, 0)  # the server appends: it goes on at the new end

    def url(self, database: str = "obmen") -> str:
        """The URL of ``database`` on a server that runs; `SetupError` where its data was never made."""
        if not self._password_file.exists():
            raise SetupError("setup.no_data", data=self._folder)
        address = f"host={quote(str(self._socket_folder()), safe='')}&port={self._port or 5432}"
        return f"postgresql://{_DATABASE_USER}:{self._password_file.read_text()}@/{database}?{address}"

    def stop(self) -> None:
        """Ends the server: open transactions are rolled back, everything committed is on disk."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(_FAST_SHUTDOWN)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(_STOP_S)
        self._process = None

    def _initialise(self, database: str) -> None:
        """Makes the data beside its place and moves it there: a start that is cut off leaves nothing half made."""
        data = self._data.with_suffix(".new")
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        self._make_private(data)
        self._password_file.touch(0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        self._give(self._password_file)
        self._run(
            data, "initdb", ["-D", self._path(data), "-U", _DATABASE_USER, "--auth=scram-sha-256", "--encoding=utf8",
            "--locale=C.UTF-8", "--pwfile=../password"],
        )  # fmt: skip
        self._run(
            data, "postgres", ["--single", "-D", self._path(data), "-c", "exit_on_error=on", "postgres"],
            f'create database "{database}"\n',
        )  # fmt: skip
        data.rename(self._data)

    def _run(self, data: Path, program: str, arguments: Sequence[str], answers: str = "") -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            input=answers.encode(), capture_output=True, check=False, cwd=data, **self._identity(),
        )  # fmt: skip
        if done.returncode:
            raise SetupError("setup.postgres_failed", log=program, tail=done.stderr.decode(errors="replace")[-2000:])

    def _launch(self) -> "subprocess.Popen[bytes]":
        listen = f"listen_addresses={'127.0.0.1' if self._port else ''}"
        settings = [part for key, value in _CONFIG.items() for part in ("-c", f"{key}={value}")]
        self._log.touch(0o600)
        self._log.chmod(0o600)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self._path(self._data), "-k", self._sockets),
                    *("-p", str(self._port or 5432), "-c", listen, *settings),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                start_new_session=True,  # a Ctrl-C at the terminal is Obmen's to answer
                preexec_fn=partial(end_with, os.getpid(), _FAST_SHUTDOWN),  # noqa: PLW1509 (it takes no lock)
                **self._identity(),
            )
        return self._process

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """PostgreSQL writes ``ready`` into its pid file."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                lines = self._pid_file.read_text().splitlines()
                if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                    return
            time.sleep(_POLL_S)
        self.stop()
        tail = self._log.read_text(errors="replace")[-2000:]
        raise SetupError("setup.postgres_failed", log=self._log, tail=tail)

    def _end_leftovers(self) -> None:
        """Ends what still has the data open, and removes what it left of itself.

        That is the server of an Obmen that was killed, or the sessions of a server that was killed itself: a session that computes
        does not notice it, and its shared memory keeps the next server from starting.
        """
        with contextlib.suppress(OSError, ValueError, IndexError):
            self._end(int(self._pid_file.read_text().splitlines()[0]), _FAST_SHUTDOWN, signal.SIGQUIT)
        for pid in self._left_over():
            self._end(pid, signal.SIGKILL)
        # They may name processes that have these numbers by now, and PostgreSQL would take those for another server.
        self._pid_file.unlink(missing_ok=True)
        for lock in self._socket_folder().glob(".s.PGSQL.*.lock"):
            lock.unlink(missing_ok=True)

    def _left_over(self) -> Iterator[int]:
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and self._is_in_data(folder):
                yield int(folder.name)

    def _end(self, pid: int, *signals: signal.Signals) -> None:
        """Sends one signal after the other until the process is gone; none where it is no process of this server."""
        with contextlib.suppress(OSError):
            process = os.pidfd_open(pid)
            try:
                if not self._is_in_data(Path(f"/proc/{pid}")):
                    return  # its number belongs to another process by now
                for number in signals:
                    signal.pidfd_send_signal(process, number)
                    if select.select([process], [], [], _STOP_S)[0]:
                        return
            finally:
                os.close(process)

    def _is_in_data(self, process: Path) -> bool:
        """Whether it is one of PostgreSQL's: they all work in the folder of the data."""
        with contextlib.suppress(OSError):
            return (process / "cwd").samefile(self._data) and (process / "exe").readlink().name.startswith("postgres")
        return False

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _path(self, data: Path) -> str:
        """How a program whose working folder is ``data`` names it: its user may be shut out of the folders above."""
        return _WORKING_FOLDER if self._account else str(data)

    def _identity(self) -> dict[str, Any]:
        """Arguments of `subprocess.Popen`; nothing of the environment changes how PostgreSQL works."""
        found: dict[str, Any] = {"env": {"LC_ALL": "C.UTF-8"}}
        if self._account:
            found |= {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        return found

    def _make_private(self, folder: Path) -> None:
        """For the server alone, and for root."""
        folder.chmod(0o700)
        self._give(folder)

    def _give(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _socket_folder(self) -> Path:
        folder = self._folder / "socket"
        if len(os.fsencode(folder)) > _SOCKET_PATH_LIMIT:
            digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"obmen-{digest}"
        return folder

    def _make_socket_folder(self) -> str:
        """Its path as the server sees it. `SetupError` where the folder is somebody else's: in ``/tmp`` anybody can make one."""
        folder = self._socket_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in {os.geteuid(), self._account.pw_uid if self._account else 0}:
            raise SetupError("setup.socket_folder", folder=folder)
        self._make_private(folder)
        return "../socket" if folder.parent == self._folder else str(folder)


def _ensure_account() -> pwd.struct_passwd:
    """The system's user for the server, made where it is missing."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(_ACCOUNT)
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
               "--shell", "/usr/sbin/nologin", _ACCOUNT]  # fmt: skip
    try:
        made = subprocess.run(command, capture_output=True, check=False)
        return pwd.getpwnam(_ACCOUNT)
    except OSError as error:
        raise SetupError("setup.postgres_account", account=_ACCOUNT, problem=error) from error
    except KeyError:
        problem = made.stderr.decode(errors="replace").strip()
        raise SetupError("setup.postgres_account", account=_ACCOUNT, problem=problem) from None
