"""Single processes of ``obmen serve`` are killed: the others go on, the dead one comes back, and nothing outlives its parent."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from live_server import LiveServer, free_port, wait_until
from obmen.storage.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("supervised") / "data") as server:
        yield server
        assert server.stop() == 0


def query(live: LiveServer, sql: str) -> object:
    """The first value; None where PostgreSQL goes away meanwhile."""

    async def ask() -> object:
        connection = await asyncpg.connect(EmbeddedPostgres(live.data / "postgres").url())
        try:
            return await connection.fetchval(sql)
        finally:
            connection.terminate()

    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return asyncio.run(ask())
    return None


def health(live: LiveServer) -> Any:
    return live.ask("GET", "/health", auth=None).json


def catalog(live: LiveServer) -> str:
    section = live.api("POST", "/sections", {"name": "S"})["id"]
    fields = [{"id": "name", "name": "Name", "type": "text"}]
    return str(live.api("POST", "/catalogs", {"name": "C", "sectionId": section, "fields": fields})["id"])


@pytest.mark.parametrize("kind", ["http", "worker", "postgres"])
def test_a_crash_loop_of_one_process_ends_nothing_else(live: LiveServer, kind: str) -> None:
    wait_until(lambda: len(live.parts()) == 3 and health(live)["status"] == "ok", "all processes to be well", 60)
    others = {name: pid for name, pid in live.parts().items() if name != kind}
    killed = {live.kill_part(kind) for _ in range(3)}
    wait_until(lambda: kind in live.parts() and live.is_ready(), f"another {kind}")

    assert len(killed) == 3
    assert {name: pid for name, pid in live.parts().items() if name != kind} == others
    (process,) = [found for found in health(live)["processes"] if found["name"].startswith(kind)]
    assert process["ended"] == "signal 9"
    assert process["restarts"] >= 3
    assert len([line for line in live.log.read_text().splitlines() if "is started again" in line and kind in line]) >= 3


def test_health_tells_of_a_crash_loop_until_it_is_over(live: LiveServer) -> None:
    live.kill_part("worker")

    assert health(live)["status"] == "degraded"
    assert live.ask("GET", "/health/live", auth=None).status == 200
    wait_until(lambda: health(live)["status"] == "ok", "the worker to be well", 60)


def test_connections_wait_for_the_process_that_comes_back(live: LiveServer) -> None:
    wait_until(live.is_ready, "the server to be ready")
    live.kill_part("http")

    assert live.ask("GET", "/health/live", auth=None).status == 200


def test_postgresql_is_started_again_and_nothing_acknowledged_is_lost(live: LiveServer) -> None:
    wait_until(live.is_ready, "the server to be ready", 60)
    number = catalog(live)
    acknowledged: set[str] = set()
    refused: set[tuple[int, str | None]] = set()
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            with suppress(OSError):
                answer = live.ask("POST", f"/api/v1/catalogs/{number}/records", {"values": {"name": "x"}})
                if answer.status == 200:
                    acknowledged.add(str(answer.json["id"]))
                else:
                    refused.add((answer.status, answer.headers["Retry-After"]))
                    time.sleep(0.05)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        wait_until(lambda: len(acknowledged) > 30, "some load")
        live.kill_part("postgres")
        wait_until(lambda: refused, "a write that is refused")
        assert live.ask("GET", "/health/live", auth=None).status == 200
        known = len(acknowledged)
        wait_until(lambda: len(acknowledged) > known + 30, "writes that are acknowledged again", 60)
    finally:
        over.set()
        for writer in writers:
            writer.join()

    assert refused == {(503, "1")}
    found = {record["id"] for offset in range(0, 100_000, 1_000) for record in page(live, number, offset)}
    assert acknowledged <= found


def page(live: LiveServer, number: str, offset: int) -> list[dict[str, str]]:
    records: list[dict[str, str]] = live.api("GET", f"/catalogs/{number}/records?limit=1000&offset={offset}")
    return records


def test_listeners_come_back_with_postgresql(live: LiveServer) -> None:
    live.kill_part("postgres")
    wait_until(live.is_ready, "the server to be ready", 60)
    listening = "select count(*) from pg_stat_activity where query ilike 'listen %' and application_name = 'obmen'"

    wait_until(lambda: query(live, listening) == 2, "the listeners of the HTTP process and the worker", 60)


def test_a_session_that_computes_does_not_keep_postgresql_down(live: LiveServer) -> None:
    """A session notices the end of its server only when it waits; its shared memory keeps the next one from starting."""
    wait_until(live.is_ready, "the server to be ready", 60)
    busy = threading.Thread(target=lambda: query(live, "select count(*) from generate_series(1, 1e12::bigint)"))
    busy.start()
    computes = "select count(*) > 1 from pg_stat_activity where query like '%generate_series(1, 1e12::%'"
    wait_until(lambda: query(live, computes), "the session")
    live.kill_part("postgres")
    busy.join()

    wait_until(live.is_ready, "the server to be ready", 60)


def descendants(pid: int) -> set[int]:
    found, more = {pid}, True
    while more:
        before = len(found)
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) in found:
                    found.add(int(folder.name))
        more = len(found) > before
    return found - {pid}


def test_all_processes_end_with_a_killed_parent(tmp_path: Path) -> None:
    """HTTP processes, worker, their sandboxes, PostgreSQL and its sessions; the same folder and port can be used at once."""
    server = LiveServer(tmp_path / "data", OBMEN_HTTP_WORKERS="2", OBMEN_DATABASE_SQL_PORT=str(free_port()))
    with server:
        section = server.api("POST", "/sections", {"name": "Kept"})["id"]
        wait_until(lambda: set(server.parts()) == {"http", "worker", "postgres"}, "all processes")
        server.kill_part("http")  # what is started later must not hold the others either
        wait_until(server.is_ready, "the server to be ready")
        assert server.process is not None
        family = descendants(server.process.pid)
        assert len(family) >= 10

        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.start()

        assert server.api("GET", f"/sections/{section}")["name"] == "Kept"
        wait_until(lambda: not family & {int(pid.name) for pid in Path("/proc").glob("[0-9]*")}, "all to end")
        assert server.stop() == 0


def test_what_a_dead_process_leaves_is_no_zombie(live: LiveServer) -> None:
    """As process 1 of a container, Obmen becomes the parent of the sandboxes and sessions whose parent has died."""
    assert live.process is not None
    for kind in ("http", "worker", "postgres"):
        live.kill_part(kind)
        wait_until(live.is_ready, "the server to be ready", 60)

    def zombies() -> list[str]:
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == live.process.pid and fields[0] == "Z":
                    found.append(folder.name)
        return found

    wait_until(lambda: not zombies(), "the last zombie to be buried")


def test_a_process_that_cannot_start_at_first_ends_obmen(tmp_path: Path) -> None:
    """Nothing could answer: whoever starts it must see that, instead of a server that is started again and again."""
    with pytest.raises(AssertionError, match="did not start"):
        LiveServer(tmp_path / "data", OBMEN_SCRIPT_TIMEZONE="No/Where").start()
