"""Processes that end at the same time are journaled together: each has its own record, and none pays for another's fault."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from at_work import count, make_listener, process, read, session

from obmen import bootstrap
from obmen.bootstrap import Wired
from obmen.errors import ProcessFailed
from obmen.services.processes.journal_batches import JournalBatches
from obmen.settings import Settings
from scenario_files import ScenarioFile

ECHO = (
    ScenarioFile()
    .start("set")
    .set("set", out="body.n * 2", fails="body.n % 7 === 0 ? gone : 1")
    .flow("set", "end")
    .end()
)


def row(code: str) -> dict[str, Any]:
    return {"$mode": ["$sync"], "$status": ["$done"], "$code": code}


async def test_each_process_has_its_own_record(test_settings: Settings) -> None:
    async with bootstrap.serving(test_settings) as app:
        listener = await make_listener(app, ECHO)

        async def run(number: int) -> tuple[int, int | None]:
            launch = app.processes.launch(listener, "$sync", {"body": {"n": number}}, number % 3 or None)
            try:
                return number, (await app.processes.run(launch)).variables["out"]
            except ProcessFailed as failed:
                return int(json.loads((await process(app, failed.facts["process"]))["$input"])["body"]["n"]), None

        ran = await asyncio.gather(*(run(number) for number in range(80)))
        assert ran == [(number, number * 2 if number % 7 else None) for number in range(80)]
        assert await count(app, "$processes") == 80
        for record in range(1, 81):
            values = await process(app, record)
            sent = json.loads(values["$input"])
            assert json.loads(values["$result"])["body"] == sent["body"]
            assert values["$status"] == (["$done"] if sent["body"]["n"] % 7 else ["$error"])
            initiators = [str(user["id"]) for user in values["$initiator"]]
            assert initiators == [str(sent["body"]["n"] % 3)] * bool(sent["body"]["n"] % 3)


async def test_a_record_that_cannot_be_written_fails_alone(obmen: Wired) -> None:
    app = obmen.application
    batches = JournalBatches(app.database, app.writer)
    codes = ["a", "b", "no\x00text", "c", "d"]
    found = await asyncio.gather(*(batches.write(row(code), None) for code in codes), return_exceptions=True)
    assert isinstance(found[2], asyncpg.DataError)
    written = {
        code: (await read(app, "$processes", str(found[at])))["$code"] for at, code in enumerate(codes) if at != 2
    }
    assert written == {code: code for code in codes if code != "no\x00text"}
    assert await count(app, "$processes") == 4


async def test_a_database_that_is_gone_is_told_to_each(obmen: Wired, test_settings: Settings) -> None:
    app = obmen.application
    batches = JournalBatches(app.database, app.writer)
    async with session(test_settings.database.url) as other, other.transaction():
        await other.execute("lock table obmen.c8 in exclusive mode")
        waiting = [asyncio.ensure_future(batches.write(row(str(number)), None)) for number in range(5)]
        await asyncio.sleep(0.3)
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        await other.execute(ended)
        first = (await asyncio.gather(waiting[0], return_exceptions=True))[0]
        assert isinstance(
            first, asyncpg.PostgresConnectionError | asyncpg.InterfaceError | asyncpg.OperatorInterventionError
        )
    rest = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(found, int | Exception) for found in rest)
    assert await batches.write(row("again"), None) > 0


async def test_who_hangs_up_is_not_waited_for(obmen: Wired) -> None:
    app = obmen.application
    batches = JournalBatches(app.database, app.writer)
    gone = asyncio.ensure_future(batches.write(row("gone"), None))
    stays = asyncio.ensure_future(batches.write(row("stays"), None))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await read(app, "$processes", str(await stays)))["$code"] == "stays"
    with pytest.raises(asyncio.CancelledError):
        await gone
