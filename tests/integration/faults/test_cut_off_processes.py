"""Processes whose server, connection, scenario or database fails under them: each step once, and an end in every case."""

import asyncio
import json

import pytest
from at_work import (
    SETTLE_S,
    Peer,
    adding,
    count,
    ended,
    enqueue,
    eventually,
    make_catalog,
    make_listener,
    process,
    session,
)

from obmen import bootstrap
from obmen.bootstrap import Wired
from obmen.domain.processes.scenarios import Scenario
from obmen.errors import ProcessFailed
from obmen.services.processes.processes import Processes
from obmen.settings import Settings
from scenario_files import ScenarioFile

NOBODY = 123
"""A lock that no living server holds."""


async def test_the_compensation_of_an_interrupted_call_is_sent_once(
    obmen: Wired, test_settings: Settings, peer: Peer
) -> None:
    app = obmen.application
    scenario = (
        ScenarioFile()
        .start("pay")
        .call("pay", "webRequest", peer.asking("POST", "/pay"))
        .on_error("caught", "pay")
        .flow("pay", "end")
        .flow("caught", "refund")
        .call("refund", "webRequest", peer.asking("POST", "/refund"))
        .flow("refund", "end")
        .end()
    )
    number = await enqueue(app, await make_listener(app, scenario))
    async with session(test_settings.database.url) as other:  # as `kill -9` leaves it while `pay` is under way
        state = await other.fetchval("select state from obmen.process_runs where record_id = $1", number)
        tokens = [int(token) for token in json.loads(state)["tokens"]]
        await other.execute(
            "update obmen.process_runs set calling = $2, holder = $3 where record_id = $1", number, tokens, NOBODY
        )

    async with bootstrap.working(test_settings):
        await eventually(lambda: peer.asked, "the compensation")
        await asyncio.sleep(SETTLE_S)
        peer.free.set()
        assert (await ended(app, number))["$status"] == ["$done"]

    assert peer.asked == ["POST /refund"]


async def test_a_worker_whose_presence_was_lost_repeats_nothing(
    obmen: Wired, test_settings: Settings, peer: Peer
) -> None:
    """The worker is taken for dead and takes its own process over, while it is still running it."""
    app = obmen.application
    payments = await make_catalog(app, "name")
    scenario = (
        ScenarioFile()
        .start("look")
        .call("look", "webRequest", peer.asking("GET", "/look"))
        .flow("look", "note")
        .call("note", "bpiumAdd", adding(payments, "({name: 'payment'})"))
        .flow("note", "pay")
        .call("pay", "webRequest", peer.asking("POST", "/pay"))
        .flow("pay", "end")
        .end()
    )
    listener = await make_listener(app, scenario)
    async with bootstrap.working(test_settings), session(test_settings.database.url) as other:
        number = await enqueue(app, listener)
        await eventually(lambda: peer.count("GET /look") == 1, "the first run to look")
        ended_sessions = await other.fetch(
            "select pg_terminate_backend(l.pid) from pg_locks l join obmen.process_runs r on r.holder::oid = l.objid "
            "where l.locktype = 'advisory' and l.objsubid = 2 and r.record_id = $1",
            number,
        )
        assert len(ended_sessions) == 1
        await eventually(lambda: peer.count("GET /look") == 2, "the second run to look")
        peer.free.set()
        assert (await ended(app, number))["$status"] == ["$done"]
        await asyncio.sleep(SETTLE_S)

    assert peer.count("POST /pay") == 1
    assert await count(app, payments.id) == 1


async def test_a_process_whose_scenario_cannot_be_read_any_more_is_alone_with_it(
    obmen: Wired, test_settings: Settings
) -> None:
    app = obmen.application
    scenario = ScenarioFile().start("work").call("work", "code", {"source": "return 1"}).flow("work", "end").end()
    gone, sound = await make_listener(app, scenario, "gone"), await make_listener(app, scenario, "sound")
    unreadable = await enqueue(app, gone)
    queued = [await enqueue(app, sound) for _ in range(3)]
    async with session(test_settings.database.url) as other:  # a component that another version of Obmen had
        await other.execute(
            "update obmen.scenario_versions set source = replace(convert_from(source, 'utf8'), '>code<', '>pigeon<')::bytea "
            "where id = $1",
            gone.scenario_version,
        )

    async with bootstrap.working(test_settings):
        values = await ended(app, unreadable)
        later = await enqueue(app, sound)
        assert [(await ended(app, number))["$status"] for number in (*queued, later)] == [["$done"]] * 4

    assert values["$status"] == ["$error"]
    assert "pigeon" in values["$result"]


async def test_a_database_that_is_away_while_a_process_is_taken_costs_it_no_attempt(
    obmen: Wired, test_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = obmen.application
    scenario = ScenarioFile().start("work").call("work", "code", {"source": "return 1"}).flow("work", "end").end()
    number = await enqueue(app, await make_listener(app, scenario))
    read, away = Processes.scenario, iter(range(2))

    async def scenario_of(self: Processes, version: int) -> Scenario:
        if next(away, None) is not None:
            raise ConnectionResetError
        return await read(self, version)

    monkeypatch.setattr(Processes, "scenario", scenario_of)
    async with bootstrap.working(test_settings):
        assert (await ended(app, number))["$status"] == ["$done"]
    assert next(away, None) is None


@pytest.mark.parametrize("problem", ["a\\u0000b", "\\ud800 half a character"])
async def test_an_error_that_cannot_be_stored_as_it_is(obmen: Wired, test_settings: Settings, problem: str) -> None:
    app = obmen.application
    source = f'throw new Error("{problem}")'
    scenario = ScenarioFile().start("work").call("work", "code", {"source": source}).flow("work", "end").end()
    listener = await make_listener(app, scenario)
    async with bootstrap.working(test_settings):
        values = await ended(app, await enqueue(app, listener))
    with pytest.raises(ProcessFailed) as failed:
        await app.processes.run(app.processes.launch(listener, "$sync", {}, None))
    waited_for = await process(app, failed.value.facts["process"])

    assert values["$status"] == waited_for["$status"] == ["$error"]
    assert "script_failed" in values["$result"]
    assert json.loads(values["$result"])["$error"] == json.loads(waited_for["$result"])["$error"]


FAULT = {
    "the session is ended": "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1);",
    "PostgreSQL shuts down": "raise exception 'shutting down' using errcode = '57P01';",
    "PostgreSQL has no memory": "raise exception 'no memory' using errcode = '53200';",
    "transactions collide": "raise exception 'collision' using errcode = '40001';",
}


@pytest.mark.parametrize(
    ("moment", "fault"),
    [
        ("update", "the session is ended"),
        ("update", "PostgreSQL shuts down"),
        ("delete", "the session is ended"),
        ("delete", "PostgreSQL has no memory"),
        ("delete", "transactions collide"),
    ],
)
async def test_a_process_that_the_database_fails_is_carried_on(
    obmen: Wired, test_settings: Settings, peer: Peer, moment: str, fault: str
) -> None:
    """The first save of its state, or the first end of it, fails: the process is released and taken again."""
    app = obmen.application
    peer.free.set()
    notes = await make_catalog(app, "name")
    scenario = (
        ScenarioFile()
        .start("pay")
        .call("pay", "webRequest", peer.asking("POST", "/pay"))
        .flow("pay", "note")
        .call("note", "bpiumAdd", adding(notes, "({name: 'paid'})"))
        .flow("note", "last")
        .call("last", "code", {"source": "return 1"})
        .flow("last", "end")
        .end()
    )
    listener = await make_listener(app, scenario)
    async with session(test_settings.database.url) as other:
        await other.execute(f"""
            create sequence public.faults;
            create function public.fail() returns trigger language plpgsql as $$ begin
                if nextval('public.faults') = 1 then {FAULT[fault]} end if;
                return case tg_op when 'DELETE' then old else new end;
            end $$;
            create trigger fail before {moment} on obmen.process_runs for each row when (old.holder is not null)
                execute function public.fail();
        """)
        async with bootstrap.working(test_settings):
            number = await enqueue(app, listener)
            assert (await ended(app, number))["$status"] == ["$done"]
        assert await other.fetchval("select last_value from public.faults") > 1

    assert peer.asked == ["POST /pay"]
    assert await count(app, notes.id) == 1
