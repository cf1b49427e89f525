"""One faulty or hostile external request leaves the others their part of JavaScript and of the places of processes."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from at_work import Peer, ended, enqueue, eventually, make_listener, session

from live_server import LiveServer
from obmen import bootstrap
from obmen.bootstrap import Wired
from obmen.errors import TooManyRequests
from obmen.services.processes.journal import ProcessJournal
from obmen.settings import Settings
from scenario_files import ScenarioFile, js, listen

ENDLESS_S = 20


def running(source: str) -> str:
    return (
        ScenarioFile()
        .start("run")
        .call("run", "code", {"source": source, "variables": {"body": js("body")}}, {"found": ("output", "")})
        .flow("run", "answer")
        .set("answer", _body="({found: found, sum: 1 + 1})")
        .flow("answer", "end")
        .end()
        .xml
    )


@pytest.fixture(scope="module")
def slow_server(new_database, tmp_path_factory) -> Iterator[LiveServer]:  # type: ignore[no-untyped-def]
    """A server on which an endless piece of code runs far longer than the others take."""
    folder = tmp_path_factory.mktemp("fair") / "data"
    with LiveServer(folder, new_database(), OBMEN_SCRIPT_TIME_S=str(ENDLESS_S)) as live:
        yield live


@pytest.mark.parametrize("hostile", [8, 24])
def test_endless_code_of_one_listener_leaves_the_others_their_answers(slow_server: LiveServer, hostile: int) -> None:
    endless = listen(slow_server, f"endless-{hostile}", running("while (true) {}"))
    sound = listen(slow_server, f"sound-{hostile}", running("return [body.n, _.range(3).length, moment(0).year()]"))
    with ThreadPoolExecutor(hostile) as pool:
        asked = [pool.submit(slow_server.ask, "POST", endless, {}, auth=None) for _ in range(hostile)]
        for number in range(20):
            answer = slow_server.ask("POST", sound, {"n": number}, auth=None)
            assert (answer.status, answer.json) == (200, {"found": [number, 3, 1970], "sum": 2})
        assert not any(one.done() for one in asked)
        slow_server.kill()
        slow_server.start()


async def test_one_listener_takes_no_more_than_its_part_of_the_places(test_settings: Settings, peer: Peer) -> None:
    few = msgspec.structs.replace(test_settings.process, running=5, share_percent=60)
    waiting = ScenarioFile().start("ask").call("ask", "webRequest", peer.asking("POST", "/")).flow("ask", "end").end()
    async with bootstrap.serving(msgspec.structs.replace(test_settings, process=few)) as app:
        greedy, modest = await make_listener(app, waiting, "greedy"), await make_listener(app, waiting, "modest")

        def begin(listener):  # type: ignore[no-untyped-def]
            return asyncio.create_task(app.processes.run(app.processes.launch(listener, "$sync", {}, None)))

        together = [begin(greedy) for _ in range(5)]  # before its scenario was ever read
        await eventually(lambda: len(peer.asked) == 3, "three processes")
        await eventually(lambda: sum(task.done() for task in together) == 2, "two refusals")
        taken = [task for task in together if not task.done()]
        with pytest.raises(TooManyRequests, match=r"process\.share_percent"):
            await begin(greedy)
        taken += [begin(modest), begin(modest)]
        await eventually(lambda: len(peer.asked) == 5, "the processes of the other")
        with pytest.raises(TooManyRequests, match=r"process\.running\)"):
            await begin(modest)
        peer.free.set()
        await asyncio.gather(*taken)
        await begin(greedy)


async def test_a_worker_takes_the_processes_of_all_in_turn(obmen: Wired, test_settings: Settings, peer: Peer) -> None:
    """Many processes of one listener are due before the single one of another."""
    app = obmen.application
    waiting = ScenarioFile().start("ask").call("ask", "webRequest", peer.asking("POST", "/")).flow("ask", "end").end()
    simple = ScenarioFile().start("set").set("set", a="1 + 1").flow("set", "end").end()
    greedy, modest = await make_listener(app, waiting, "greedy"), await make_listener(app, simple, "modest")
    queued = [await enqueue(app, greedy) for _ in range(9)]
    last = await enqueue(app, modest)
    few = msgspec.structs.replace(test_settings.process, running=5, share_percent=80)

    async with bootstrap.working(msgspec.structs.replace(test_settings, process=few)):
        assert (await ended(app, last))["$status"] == ["$done"]
        assert len(peer.asked) == 4
        peer.free.set()
        for number in queued:
            assert (await ended(app, number))["$status"] == ["$done"]


async def test_a_process_that_its_servers_do_not_survive_is_set_aside(obmen: Wired, test_settings: Settings) -> None:
    """Two servers died while they held it; its neighbours, which they held as well, come to their ends."""
    app = obmen.application
    scenario = ScenarioFile().start("work").set("work", a="1 + 1", kept="2 + 2").flow("work", "end").end()
    listener = await make_listener(app, scenario)
    deadly, neighbour = await enqueue(app, listener), await enqueue(app, listener)
    async with session(test_settings.database.url) as other:
        nobody = 123
        await other.execute("update obmen.process_runs set holder = $1", nobody)
        await other.execute("update obmen.process_runs set attempts = 1 where record_id = $1", deadly)
        async with bootstrap.working(test_settings):
            given_up, sound = await ended(app, deadly), await ended(app, neighbour)
        assert await other.fetchval("select count(*) from obmen.process_runs") == 0

    assert sound["$status"] == ["$done"]
    assert given_up["$status"] == ["$error"]
    result = json.loads(given_up["$result"])
    assert "work" in result["$error"]
    assert "2 times" in result["$error"]
    assert result["event"]["type"] == "$webRequest"


async def test_a_process_that_saves_what_it_did_has_all_its_attempts_again(
    obmen: Wired, test_settings: Settings, peer: Peer
) -> None:
    app = obmen.application
    scenario = ScenarioFile().start("ask").call("ask", "webRequest", peer.asking("POST", "/")).flow("ask", "end").end()
    number = await enqueue(app, await make_listener(app, scenario))
    async with session(test_settings.database.url) as other:
        await other.execute("update obmen.process_runs set attempts = 1")
        async with bootstrap.working(test_settings):
            await eventually(lambda: peer.asked, "the call, before which the state is saved")
            assert await other.fetchval("select attempts from obmen.process_runs") == 0
            peer.free.set()
            assert (await ended(app, number))["$status"] == ["$done"]


@pytest.mark.parametrize("failure", ["MemoryError", "RuntimeError"])
async def test_a_process_whose_end_cannot_be_written_is_not_tried_for_ever(
    obmen: Wired, test_settings: Settings, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    """Whenever its variables are shown this server fails, as it would without memory; its state is saved after a second."""
    shown = ProcessJournal._shown

    def fail(self, launch, variables):  # type: ignore[no-untyped-def]
        if "large" in variables:
            raise {"MemoryError": MemoryError, "RuntimeError": RuntimeError}[failure]
        return shown(self, launch, variables)

    monkeypatch.setattr(ProcessJournal, "_shown", fail)
    app = obmen.application
    scenario = ScenarioFile().start("work").set("work", large="1 + 1").flow("work", "wait").timer("wait", "PT2S")
    number = await enqueue(app, await make_listener(app, scenario.flow("wait", "end").end()))
    async with bootstrap.working(test_settings):
        values = await ended(app, number)
    assert values["$status"] == ["$error"]
    assert "2 times" in values["$result"]
