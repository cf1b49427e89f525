"""``kill -9`` of the whole server under load: what was acknowledged is there, events and changes agree, no step is repeated."""

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import asyncpg
import pytest

from live_server import LiveServer, wait_until
from scenario_files import ScenarioFile, js, listen


@pytest.fixture
def live(new_database, tmp_path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "data", new_database(), OBMEN_WEBHOOK_RETRIES_S="0.5,0.5,1,1,1") as server:
        yield server


def catalog(live: LiveServer) -> str:
    section = live.api("POST", "/sections", {"name": "S"})["id"]
    fields = [{"id": "name", "name": "Name", "type": "text"}]
    return str(live.api("POST", "/catalogs", {"name": "C", "sectionId": section, "fields": fields})["id"])


def query(live: LiveServer, sql: str, *arguments: object) -> list[asyncpg.Record]:
    async def ask() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(live.environment["OBMEN_DATABASE_URL"])
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("round_", range(2))
def test_nothing_acknowledged_is_lost(live: LiveServer, round_: int) -> None:
    number = catalog(live)
    acknowledged: set[str] = set()
    dead = threading.Event()

    def write() -> None:
        while not dead.is_set():
            with suppress(OSError, AssertionError, ValueError):
                acknowledged.add(live.api("POST", f"/catalogs/{number}/records", {"values": {"name": "x"}})["id"])

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(acknowledged) > 20 + random.randrange(200), "some load")
    live.kill()
    dead.set()
    for writer in writers:
        writer.join()
    live.start()

    rows = {str(row["id"]) for row in query(live, f"select id from obmen.c{number}")}
    events = query(
        live, "select id, record_id, position from obmen.events where catalog_id = $1 order by id", int(number)
    )
    assert acknowledged <= rows
    assert sorted(rows, key=int) == sorted((str(event["record_id"]) for event in events), key=int)
    wait_until(
        lambda: not query(live, "select from obmen.events where position is null"),
        "the sequencer to place all that is left",
    )
    positions = [row["position"] for row in query(live, "select position from obmen.events order by position")]
    assert positions == list(range(1, len(positions) + 1))


def test_a_waiting_process_goes_on_after_the_restart(live: LiveServer) -> None:
    number = catalog(live)
    add = {"catalogFormat": "catalog", "catalogId": number, "format": "keyvalue"}
    xml = (
        ScenarioFile()
        .start("first")
        .call("first", "bpiumAdd", {**add, "values1": {"name": "before"}}, {"id": ("output", "")})
        .flow("first", "pause")
        .timer("pause", "PT6S")
        .flow("pause", "second")
        .call("second", "bpiumAdd", {**add, "values1": {"name": js("'after ' + id")}})
        .flow("second", "end")
        .end()
        .xml
    )
    path = listen(live, "waits", xml)
    assert live.ask("POST", f"{path}?async=true", {}, auth=None).status == 200
    records = f"/catalogs/{number}/records"
    (first,) = wait_until(lambda: live.api("GET", records), "the first record")
    live.kill()
    live.start()

    found = wait_until(lambda: (got := live.api("GET", records)) and len(got) == 2 and got, "the second record", 40)

    assert {record["title"] for record in found} == {"before", f"after {first['id']}"}
    process = live.api("GET", "/catalogs/$processes/records")[0]["values"]
    assert process["$status"] == ["$done"]


def test_a_request_that_was_cut_off_is_not_sent_again(live: LiveServer) -> None:
    """The other system may have acted on it: the step fails as interrupted, and the scenario decides."""
    with slow_receiver() as (url, hits):
        xml = (
            ScenarioFile()
            .start("ask")
            .call("ask", "webRequest", {"method": "POST", "query": url, "format": "body", "body": "{}"})
            .on_error("caught", "ask")
            .flow("ask", "end")
            .flow("caught", "note")
            .set("note", note="'caught: ' + message")
            .flow("note", "end")
            .end()
            .xml
        )
        path = listen(live, "asks", xml)
        assert live.ask("POST", f"{path}?async=true", {}, auth=None).status == 200
        wait_until(lambda: len(hits) == 1, "the request")
        live.kill()
        live.start()

        process = ended_process(live)
        assert process["$status"] == ["$done"]
        assert "not asked again" in json.loads(process["$result"])["note"]
        assert len(hits) == 1


def ended_process(live: LiveServer) -> dict[str, object]:
    """The values of the newest process, once it has ended."""

    def finished() -> dict[str, object] | None:
        values = live.api("GET", "/catalogs/$processes/records")[0]["values"]
        return values if values["$status"] != ["$running"] else None

    return wait_until(finished, "the end of the process", 40)


def test_a_process_that_two_servers_do_not_survive_is_set_aside(live: LiveServer) -> None:
    """Its step may be repeated, and each server dies while it is under way; the third does not try again."""
    with slow_receiver() as (url, hits):
        asking = ScenarioFile().start("ask").call("ask", "webRequest", {"method": "GET", "query": url})
        path = listen(live, "deadly", asking.flow("ask", "end").end().xml)
        assert live.ask("POST", f"{path}?async=true", {}, auth=None).status == 200
        for attempt in (1, 2):
            wait_until(lambda attempt=attempt: len(hits) == attempt, "the request")
            live.kill()
            live.start()

        process = ended_process(live)
        assert process["$status"] == ["$error"]
        assert "2 times while this process was at ask" in json.loads(process["$result"])["$error"]
        assert len(hits) == 2


def test_records_and_their_journal_agree(live: LiveServer) -> None:
    """A loop of records is cut off: it goes on behind the last record that was made, and makes each once."""
    number = catalog(live)
    add = {"catalogFormat": "catalog", "catalogId": number, "format": "keyvalue"}
    xml = (
        ScenarioFile()
        .start("zero")
        .set("zero", i="0")
        .flow("zero", "more")
        .gateway("more", default="done")
        .flow("more", "add", "i < 300")
        .flow("more", "end", name="done")
        .call("add", "bpiumAdd", {**add, "values1": {"name": js("'n' + i")}})
        .flow("add", "next")
        .set("next", i="i + 1")
        .flow("next", "more")
        .end()
        .xml
    )
    path = listen(live, "loops", xml)
    assert live.ask("POST", f"{path}?async=true", {}, auth=None).status == 200
    count = f"select count(*) as n from obmen.c{number}"
    wait_until(lambda: query(live, count)[0]["n"] > 20, "some records")
    live.kill()
    before = query(live, count)[0]["n"]
    live.start()

    wait_until(lambda: query(live, count)[0]["n"] >= 300, "the rest of the records", 60)

    assert before < 300
    names = [row["title"] for row in query(live, f"select title from obmen.c{number} order by id")]
    assert names == [f"n{i}" for i in range(300)]


@contextmanager
def slow_receiver() -> Iterator[tuple[str, list[str]]]:
    """A system that takes a request and does not answer; its address, and the requests it got."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hits.append(self.path)
            threading.Event().wait(30)

        do_GET = do_POST  # noqa: N815 (the name is the standard library's)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", hits
    finally:
        server.shutdown()
        server.server_close()
