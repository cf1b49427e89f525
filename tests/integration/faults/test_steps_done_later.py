"""Steps that are done again, and outputs that are evaluated after their record is saved: each effect once, nothing under a lock."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from at_work import adding, count, ended, enqueue, eventually, make_catalog, make_listener, process, read, session

from obmen import bootstrap
from obmen.bootstrap import Wired
from obmen.clients import http_failures
from obmen.domain.schema import Catalog
from obmen.errors import ProcessFailed
from obmen.services.application import Application
from obmen.settings import Settings
from scenario_files import ScenarioFile, js

BUSY = "(() => { const end = Date.now() + 1500; while (Date.now() < end); return Number(id) })()"
"""An expression that takes a while."""


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between attempts."""
    monkeypatch.setattr(http_failures, "RETRY_S", 0.3)


class Unsteady:
    """Another system that is not there, or hangs up in the middle of its answer."""

    def __init__(self) -> None:
        self.port = free_port()
        self.asked: list[str] = []
        self._server: asyncio.Server | None = None
        self._hang_ups = 0

    async def appear(self, hang_ups: int = 0) -> None:
        self._hang_ups = hang_ups
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode().partition(" ")[0])
        is_whole = len(self.asked) > self._hang_ups
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n" + (b"ok" if is_whole else b"o")
        )
        await writer.drain()
        writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def asking(self, method: str) -> ScenarioFile:
        """A scenario that asks it."""
        inputs = {"method": method, "query": f"http://127.0.0.1:{self.port}/", "format": "body", "body": "{}"}
        scenario = ScenarioFile().start("ask").call("ask", "webRequest", inputs, {"status": ("output_code", "")})
        return scenario.flow("ask", "end").end()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
async def unsteady() -> AsyncIterator[Unsteady]:
    found = Unsteady()
    yield found
    await found.close()


async def tokens(url: str) -> dict[str, Any]:
    """Those of the only process that is journaled and under way."""
    async with session(url) as other:
        state = await other.fetchval("select state from obmen.process_runs")
        return dict(json.loads(state)["tokens"]) if state else {}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_system_that_is_not_there_yet_is_asked_again(
    obmen: Wired, test_settings: Settings, unsteady: Unsteady, method: str
) -> None:
    app = obmen.application
    listener = await make_listener(app, unsteady.asking(method))
    async with bootstrap.working(test_settings):
        number = await enqueue(app, listener)
        await asyncio.sleep(0.2)
        await unsteady.appear()
        values = await ended(app, number)
    assert (values["$status"], json.loads(values["$result"])["status"]) == (["$done"], 200)
    assert unsteady.asked == [method]


@pytest.mark.parametrize(("method", "asked", "status"), [("GET", 2, "$done"), ("POST", 1, "$error")])
async def test_a_request_that_may_have_done_something_is_not_sent_again(
    obmen: Wired, test_settings: Settings, unsteady: Unsteady, method: str, asked: int, status: str
) -> None:
    app = obmen.application
    await unsteady.appear(hang_ups=1)
    listener = await make_listener(app, unsteady.asking(method))
    async with bootstrap.working(test_settings):
        assert (await ended(app, await enqueue(app, listener)))["$status"] == [status]
    assert unsteady.asked == [method] * asked


async def test_attempts_come_to_an_end(obmen: Wired, test_settings: Settings, unsteady: Unsteady) -> None:
    app = obmen.application
    await unsteady.appear(hang_ups=99)
    listener = await make_listener(app, unsteady.asking("GET"))
    async with bootstrap.working(test_settings):
        values = await ended(app, await enqueue(app, listener))
    assert values["$status"] == ["$error"]
    assert "step_postponed" in values["$result"]
    assert unsteady.asked == ["GET"] * 3


async def test_who_waits_for_an_answer_is_told_at_once(obmen: Wired, unsteady: Unsteady) -> None:
    app = obmen.application
    await unsteady.appear(hang_ups=99)
    listener = await make_listener(app, unsteady.asking("GET"))
    with pytest.raises(ProcessFailed):
        await app.processes.run(app.processes.launch(listener, "$sync", {}, None))
    assert unsteady.asked == ["GET"]


async def test_an_attempt_that_waits_outlives_its_server(
    obmen: Wired, test_settings: Settings, unsteady: Unsteady, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_failures, "RETRY_S", 7.0)
    app, url = obmen.application, test_settings.database.url
    listener = await make_listener(app, unsteady.asking("POST"))
    async with bootstrap.working(test_settings):
        number = await enqueue(app, listener)

        async def is_postponed() -> bool:
            return any(token["status"] == "postponed" for token in (await tokens(url)).values())

        await eventually(is_postponed, "the second attempt to be journaled")
    await unsteady.appear()
    async with session(url) as other:
        assert await other.fetchval("select holder from obmen.process_runs") is None
    async with bootstrap.working(test_settings):
        values = await ended(app, number)
        assert values["$status"] == ["$done"], values["$result"]
    assert unsteady.asked == ["POST"]


Adding = Callable[[str], ScenarioFile]


@pytest.fixture
async def app(test_settings: Settings) -> AsyncIterator[Application]:
    """The use cases of a process that answers requests."""
    async with bootstrap.serving(test_settings) as application:
        yield application


@pytest.fixture
async def orders(app: Application) -> Catalog:
    """A catalog with a text."""
    return await make_catalog(app, "name")


@pytest.fixture
def add(orders: Catalog) -> Adding:
    """Makes scenarios that create a record; the output ``x`` is an expression over its id."""

    def make(expression: str) -> ScenarioFile:
        outputs = {"id": ("output", ""), "x": ("output", expression)}
        scenario = ScenarioFile().start("add").call("add", "bpiumAdd", adding(orders, "({name: 'new'})"), outputs)
        return scenario.flow("add", "end").end()

    return make


async def test_no_transaction_is_open_while_outputs_are_evaluated(
    app: Application, test_settings: Settings, add: Adding, orders: Catalog
) -> None:
    listener = await make_listener(app, add(BUSY))
    open_ones = (
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'obmen' "
        "and (state like 'idle in transaction%' or xact_start < now() - interval '200 ms')"
    )
    async with session(test_settings.database.url) as other:
        running = asyncio.ensure_future(app.processes.run(app.processes.launch(listener, "$sync", {}, None)))

        async def is_saved() -> bool:
            return await count(app, orders.id) == 1

        await eventually(is_saved, "the record")
        assert not running.done()
        for _ in range(10):
            assert await other.fetchval(open_ones) == 0
            await asyncio.sleep(0.05)
        assert not running.done()
        variables = (await running).variables
    assert variables["x"] == int(variables["id"])


async def test_outputs_that_were_cut_off_are_evaluated_again_and_the_record_is_not_made_twice(
    app: Application, test_settings: Settings, add: Adding, orders: Catalog
) -> None:
    url = test_settings.database.url
    number = await enqueue(app, await make_listener(app, add(BUSY)))

    async def is_pending() -> bool:
        return any(token.get("results") == {"output": "1"} for token in (await tokens(url)).values())

    worker = bootstrap.working(test_settings)
    await worker.__aenter__()
    await eventually(is_pending, "the record")
    async with session(url) as other:  # as `kill -9` leaves it
        await other.execute("update obmen.process_runs set holder = 123, wake_at = now()")
        await eventually_ended(app, number)
    await worker.__aexit__(None, None, None)

    result = json.loads((await process(app, number))["$result"])
    assert (result["id"], result["x"]) == ("1", 1)
    assert await count(app, orders.id) == 1


async def eventually_ended(app: Any, number: int) -> None:
    assert (await ended(app, number))["$status"] == ["$done"]


async def test_outputs_that_fail_can_be_caught_and_the_record_stays(
    app: Application, add: Adding, orders: Catalog
) -> None:
    scenario = add("nothing_there").on_error("caught", "add").flow("caught", "tell")
    scenario.set("tell", known="id").flow("tell", "end")
    with pytest.raises(ProcessFailed):  # the outputs of a step are assigned together or not at all
        await app.processes.run(app.processes.launch(await make_listener(app, scenario), "$sync", {}, None))
    assert await count(app, orders.id) == 1


async def test_a_place_that_is_computed_is_evaluated_after_the_commit_too(app: Application, orders: Catalog) -> None:
    scenario = ScenarioFile().start("set").set("set", rows="[{}, {}]", i="1").flow("set", "add")
    outputs = {"rows[i].id": ("output", "")}
    scenario.call("add", "bpiumAdd", adding(orders, "({name: 'new'})"), outputs).flow("add", "edit")
    edit = {"catalogId": orders.id, "recordId": js("rows[1].id"), "values1": {"name": "changed"}}
    scenario.call("edit", "bpiumEdit", edit).flow("edit", "end").end()
    listener = await make_listener(app, scenario)
    variables = (await app.processes.run(app.processes.launch(listener, "$sync", {}, None))).variables
    assert variables["rows"] == [{}, {"id": "1"}]
    assert (await read(app, orders.id, "1"))["name"] == "changed"
