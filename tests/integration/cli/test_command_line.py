"""The command as people use it: a data folder of its own with the embedded PostgreSQL."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from live_server import EMAIL, PASSWORD, LiveServer, free_port
from scenario_files import ScenarioFile, listen


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("cli") / "data", OBMEN_DATABASE_SQL_PORT=str(free_port()))
    server.start("--demo")
    try:
        yield server
    finally:
        server.stop()


def command(server: LiveServer, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "obmen", *words],
        env={**server.environment, "OBMEN_DATA": str(server.data), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def test_the_address_and_the_sign_in_are_told(live: LiveServer) -> None:
    reporting_errors = live.log.read_text()

    assert live.url in reporting_errors
    assert EMAIL in reporting_errors
    assert f"{live.url}/api/webrequest/lead" in reporting_errors
    assert PASSWORD not in reporting_errors  # who set it knows it


def test_the_demo_company_takes_leads(live: LiveServer) -> None:
    form = b"name=Anna+Petrova&email=anna%40example.com&phone=%2B7+900"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = live.ask("POST", "/api/webrequest/lead", form, auth=None, headers=headers)

    assert answer.status == 200
    clients = next(found["id"] for found in live.api("GET", "/catalogs") if found["name"] == "Clients")
    record = live.api("GET", f"/catalogs/{clients}/records/{answer.json['id']}")
    assert record["values"]["name"] == "Anna Petrova"
    assert record["values"]["email"] == [{"contact": "anna@example.com", "comment": ""}]


def test_files_can_be_stored_by_a_server_that_has_made_the_demo(live: LiveServer) -> None:
    path = listen(live, "echo", ScenarioFile().start("say").set("say", _body="body").flow("say", "end").end().xml)

    assert live.ask("POST", path, {"a": [1]}, auth=None).json == {"a": [1]}


def test_a_folder_in_use_is_refused(live: LiveServer) -> None:
    done = command(live, "serve", "--port", str(free_port()))

    assert done.returncode == 1
    assert "is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused(live: LiveServer, tmp_path: Path) -> None:
    done = command(live, "serve", "--data", str(tmp_path / "other"), "--port", str(live.port))

    assert done.returncode == 1
    assert str(live.port) in done.stderr


def test_a_user_is_added_beside_the_running_server(live: LiveServer) -> None:
    done = command(live, "user", "add", "ivan@example.com", "--name", "Ivan")

    assert done.returncode == 0, done.stderr
    password = done.stdout.strip().rpartition(" ")[2]
    assert live.ask("GET", "/api/v1/profile/me", auth=("ivan@example.com", password)).json["title"] == "Ivan"
    changed = command(live, "user", "add", "ivan@example.com", "--password", "another one")
    assert changed.returncode == 0
    assert "another one" not in changed.stdout
    assert live.ask("GET", "/api/v1/profile/me", auth=("ivan@example.com", "another one")).status == 200


def test_seeding_twice_makes_one_company(live: LiveServer) -> None:
    done = command(live, "seed", "demo")

    assert done.returncode == 0
    assert [found["name"] for found in live.api("GET", "/catalogs")].count("Clients") == 1


def test_the_doctor_is_content(live: LiveServer) -> None:
    done = command(live, "doctor")

    assert done.returncode == 0, done.stdout
    assert "All is well" in done.stdout


def test_the_doctor_names_what_is_wrong(live: LiveServer, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "obmen.toml").write_text("[http]\nprot = 1\n")
    done = command(live, "doctor", OBMEN_DATA=str(folder))

    assert done.returncode == 1
    assert "'prot'" in done.stdout

    (folder / "obmen.toml").unlink()
    done = command(live, "doctor", OBMEN_DATA=str(folder), OBMEN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert done.returncode == 1
    assert "OBMEN_DATABASE_URL" in done.stdout


def test_commands_speak_russian(live: LiveServer) -> None:
    assert "Всё в порядке" in command(live, "doctor", LC_ALL="ru_RU.UTF-8").stdout


def test_sql_over_tcp_wants_a_password(live: LiveServer) -> None:
    port = int(live.environment["OBMEN_DATABASE_SQL_PORT"])
    password = (live.data / "postgres" / "password").read_text()

    async def version(secret: str) -> str:
        connection = await asyncpg.connect(host="127.0.0.1", port=port, user="obmen", database="obmen", password=secret)
        try:
            return str(await connection.fetchval("select current_setting('fsync')"))
        finally:
            await connection.close()

    assert asyncio.run(version(password)) == "on"
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(version("guess"))


def test_it_stops_cleanly_and_starts_again(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data", OBMEN_ADMIN_PASSWORD="")
    server.start()
    password = re.search(r"password: (\S+)", server.log.read_text())
    assert password
    auth = (EMAIL, password.group(1))
    section = server.api("POST", "/sections", {"name": "Kept"}, auth=auth)["id"]

    assert server.stop() == 0

    log = server.log.read_text()
    assert "Stopped" in log
    assert "Traceback" not in log
    assert not (server.data / "postgres" / "data" / "postmaster.pid").exists()
    server.start()
    try:
        assert server.api("GET", f"/sections/{section}", auth=auth)["name"] == "Kept"
        assert server.log.read_text().count("password:") == 1  # printed once
    finally:
        assert server.stop() == 0


def test_a_killed_server_leaves_nothing_that_stands_in_the_way(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data")
    server.start()
    section = server.api("POST", "/sections", {"name": "Kept"})["id"]

    server.kill()  # its PostgreSQL lives on and is found by the next start

    server.start()
    try:
        assert server.api("GET", f"/sections/{section}")["name"] == "Kept"
    finally:
        assert server.stop() == 0


def test_the_secret_key_is_for_its_owner_alone(live: LiveServer) -> None:
    assert (live.data / "secret.key").stat().st_mode & 0o077 == 0
