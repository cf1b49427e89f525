"""Scenarios as processes run them: what is refused at saving, failures, limits, timers, branches, errors caught."""

import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from live_server import LiveServer, wait_until
from problems import assert_problem
from scenario_files import ScenarioFile, as_file, js, listen


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with small limits."""
    with LiveServer(
        tmp_path_factory.mktemp("scenarios") / "data",
        new_database(),
        OBMEN_PROCESS_SYNC_TIMEOUT_S="2",
        OBMEN_PROCESS_STEPS="300",
        OBMEN_PROCESS_DATA_BYTES="100000",
        OBMEN_SCRIPT_TIME_S="0.5",
    ) as live:
        yield live


def straight(*steps: Callable[[ScenarioFile, str], object]) -> str:
    """One step after the other."""
    scenario = ScenarioFile().start("s1")
    for place, step in enumerate(steps, 1):
        step(scenario, f"s{place}")
        scenario.flow(f"s{place}", f"s{place + 1}")
    return scenario.end(f"s{len(steps) + 1}").xml


def code(source: str) -> Callable[[ScenarioFile, str], object]:
    return lambda scenario, node: scenario.call(node, "code", {"source": source}, {"_": ("output", "")})


def processes(server: LiveServer, status: str = "") -> list[dict[str, Any]]:
    found = server.api("GET", "/catalogs/$processes/records")
    return [record for record in found if not status or record["values"]["$status"] == [status]]


# what is refused at saving

CONNECTED = ScenarioFile().start("task").call("task", "setvar").flow("task", "end").end().xml


@pytest.mark.parametrize(
    ("xml", "named"),
    [
        ("this is no XML", "XML"),
        ("", "XML"),
        ("<a><b></a>", "XML"),
        (b"\xff\xfe\x00", "XML"),
        ("<a/>", "process"),
        (CONNECTED.replace('<bpmn:startEvent id="start"/>', ""), "start"),
        (ScenarioFile().end().xml, "start"),
        (CONNECTED.replace("setvar", "launchRocket"), "launchRocket"),
        (CONNECTED.replace("setvar", "launchRocket"), "task"),
        (CONNECTED.replace('targetRef="end"', 'targetRef="nowhere"'), "flow2"),
        (CONNECTED.replace('targetRef="end"', ""), "flow2"),
        (CONNECTED.replace('sourceRef="task"', 'sourceRef="nowhere"'), "flow2"),
        (CONNECTED.replace('<bpmn:endEvent id="end"/>', ""), "end"),
        (CONNECTED.replace("<bpmn:endEvent", '<bpmn:startEvent id="again"/><bpmn:endEvent'), "again"),
        (CONNECTED.replace('id="end"', 'id="task"'), "task"),
        (CONNECTED.replace("endEvent", "callActivity"), "end"),
        (CONNECTED.replace("endEvent", "eventBasedGateway"), "end"),
        (ScenarioFile().start("wait").timer("wait", "soon").flow("wait", "end").end().xml, "wait"),
        (ScenarioFile().start("wait").timer("wait", "P9999Y").flow("wait", "end").end().xml, "wait"),
        (ScenarioFile().start("gate").gateway("gate", "flow99").flow("gate", "end").end().xml, "gate"),
        (ScenarioFile().start("end").end().on_error("caught", "nothing").flow("caught", "end").xml, "caught"),
        (CONNECTED.replace("<bpmn:definitions", "<!DOCTYPE x [<!ENTITY a 'b'>]><bpmn:definitions"), "DOCTYPE"),
        (
            CONNECTED.replace(
                "<bpmn:definitions", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><bpmn:definitions"
            ),
            "DOCTYPE",
        ),
        (ScenarioFile().start("t").call("t", "setvar", outputs={"a..b": ("x", "1")}).flow("t", "end").end().xml, "t"),
    ],
)
def test_a_scenario_that_cannot_run_is_refused(server: LiveServer, xml: str | bytes, named: str) -> None:
    before = server.api("GET", "/catalogs/$scripts/records")
    answer = server.ask(
        "POST", "/api/v1/catalogs/$scripts/records", {"values": {"$name": "Bad", "$file": as_file(xml)}}
    )
    problem = assert_problem(answer, 400, "invalid_value", "$file")
    assert named in problem["errors"][0]["message"]
    assert "passwd" not in answer.body.decode()
    assert server.api("GET", "/catalogs/$scripts/records") == before


def test_a_refused_scenario_leaves_the_old_one(server: LiveServer) -> None:
    path = listen(server, "stays", straight(lambda scenario, node: scenario.set(node, _body="'old'")))
    script = server.api("GET", "/catalogs/$scripts/records?limit=1")[0]
    record = f"/api/v1/catalogs/$scripts/records/{script['id']}"
    answer = server.ask("PATCH", record, {"values": {"$name": "New", "$file": as_file("no XML")}})
    assert_problem(answer, 400, "invalid_value", "$file")
    assert server.ask("GET", record).json["values"] == script["values"]
    assert server.ask("GET", path, auth=None).body == b"old"


@pytest.mark.parametrize(
    "file",
    [
        [{"title": "x.bpmn", "src": "https://link.example/x.bpmn"}],
        [{"id": "999999"}],
        "x",
    ],
)
def test_a_scenario_is_a_file_of_ours(server: LiveServer, file: object) -> None:
    before = server.api("GET", "/catalogs/$scripts/records")
    answer = server.ask("POST", "/api/v1/catalogs/$scripts/records", {"values": {"$name": "Bad", "$file": file}})
    assert_problem(answer, 400, "invalid_value", "$file")
    assert server.api("GET", "/catalogs/$scripts/records") == before


# failures


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("throw new Error('own words')", "own words"),
        ("throw new Error('a\\u0000b')", "a"),
        ("throw '\\ud800'", ""),
        ("throw null", "null"),
        ("throw {a: 1}", ""),
        ("return nothing_there", "nothing_there"),
        ("this is no code", ""),
        ("return 1n", ""),
        ("const a = {}; a.a = a; return a", ""),
        ("let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a", ""),
        ("return (async () => 1)()", "Promise"),
        ("function f() { return f() + 1 } return f()", "too deeply"),
        ("for (;;);", "script.time_s"),
        ("while (true) { try { for (;;); } catch (e) {} }", "script.time_s"),
        ("let a = []; for (;;) a.push('x'.repeat(1e6) + a.length)", "script.memory_bytes"),
        ("return 'x'.repeat(2e9)", ""),
        ("/(a+)+$/.test('a'.repeat(40) + '!'); return 1", "script.time_s"),
    ],
)
def test_a_scenario_that_fails(server: LiveServer, source: str, named: str) -> None:
    step = ("step", "code", {"source": source}, {"out": ("output", "")})
    path = listen(
        server,
        f"fails-{zlib.crc32(source.encode())}",
        ScenarioFile().start("step").call(*step).flow("step", "end").end().xml,
    )
    before = len(processes(server))

    problem = assert_problem(server.ask("POST", path, auth=None), 500, "process_failed")

    (process, *others) = processes(server)
    assert len(others) == before
    assert process["values"]["$status"] == ["$error"]
    assert named in process["values"]["$result"]
    assert source not in json.dumps(problem)
    assert "own words" not in json.dumps(problem)
    assert process["id"] in problem["detail"]


def test_a_process_that_carries_too_much_is_not_journaled_on(server: LiveServer) -> None:
    scenario = (
        ScenarioFile().start("big").call("big", "code", {"source": "return 'x'.repeat(200000)"}, {"x": ("output", "")})
    )
    values = {"$name": "Never", "$email": "too-much@example.com"}
    scenario.flow("big", "add").call("add", "bpiumAdd", {"catalogId": "$users", "values1": values}).flow("add", "tell")
    scenario.set("tell", y="1").flow("tell", "end").end()
    assert_problem(server.ask("POST", listen(server, "big", scenario.xml), auth=None), 500, "process_failed")
    assert "process.data_bytes" in processes(server)[0]["values"]["$result"]
    assert server.api("GET", "/catalogs/$users/records?searchText=too-much") == []


@pytest.mark.parametrize("source", ["return '\\ud83d'", "return {'\\ud83d': ['\\ude00']}"])
def test_half_a_surrogate_pair_from_a_script_breaks_nothing(server: LiveServer, source: str) -> None:
    step = ("step", "code", {"source": source}, {"$body": ("output", "")})
    path = listen(server, f"half-{len(source)}", ScenarioFile().start("step").call(*step).flow("step", "end").end().xml)
    before = len(processes(server))
    assert server.ask("GET", path, auth=None).status == 200
    assert len(processes(server)) == before + 1


@pytest.mark.parametrize(
    "source",
    [
        "return typeof require + typeof process + typeof fetch + typeof XMLHttpRequest + typeof Deno + typeof std + typeof os",
        "return [typeof globalThis.require, typeof globalThis.process, typeof globalThis.std, typeof globalThis.os].join('')",
    ],
)
def test_a_script_has_no_way_out(server: LiveServer, source: str) -> None:
    step = ("step", "code", {"source": source}, {"$body": ("output", "")})
    path = listen(server, f"out-{len(source)}", ScenarioFile().start("step").call(*step).flow("step", "end").end().xml)
    assert set(server.ask("GET", path, auth=None).body.decode().replace("undefined", "")) == set()


def test_scripts_share_nothing(server: LiveServer) -> None:
    source = "globalThis.left = (globalThis.left || 0) + 1; Array.prototype.own = 1; _.own = 1; return globalThis.left"
    step = ("step", "code", {"source": source}, {"$body": ("output", "")})
    path = listen(server, "share", ScenarioFile().start("step").call(*step).flow("step", "end").end().xml)
    assert [server.ask("GET", path, auth=None).body for _ in range(3)] == [b"1"] * 3
    source = "return [typeof globalThis.left, typeof [].own, typeof _.own]"
    step = ("step", "code", {"source": source}, {"$body": ("output", "")})
    path = listen(server, "shared", ScenarioFile().start("step").call(*step).flow("step", "end").end().xml)
    assert server.ask("GET", path, auth=None).json == ["undefined"] * 3


def test_an_endless_loop_of_steps_ends(server: LiveServer) -> None:
    scenario = (
        ScenarioFile().start("again").gateway("again", "out").set("count", n="typeof n == 'undefined' ? 1 : n + 1")
    )
    scenario.flow("again", "count", "true").flow("again", "end", name="out").flow("count", "again").end()
    problem = assert_problem(server.ask("GET", listen(server, "loop", scenario.xml), auth=None), 500, "process_failed")
    process = processes(server)[0]["values"]
    assert process["$status"] == ["$error"]
    assert "process.steps" in process["$result"]
    assert "steps" not in problem["detail"]


def test_a_fork_bomb_ends(server: LiveServer) -> None:
    scenario = ScenarioFile().start("fork").set("fork", a="1").flow("fork", "fork").flow("fork", "fork").end()
    assert_problem(server.ask("GET", listen(server, "bomb", scenario.xml), auth=None), 500, "process_failed")
    assert "process.steps" in processes(server)[0]["values"]["$result"]


def test_a_gateway_without_a_way(server: LiveServer) -> None:
    scenario = ScenarioFile().start("gate").gateway("gate").flow("gate", "end", "false").flow("gate", "end", "0").end()
    assert_problem(server.ask("GET", listen(server, "closed", scenario.xml), auth=None), 500, "process_failed")
    assert "gate" in processes(server)[0]["values"]["$result"]


def test_a_process_that_takes_too_long_is_ended(server: LiveServer) -> None:
    scenario = ScenarioFile().start("wait").timer("wait", "PT1H").flow("wait", "end").end()
    problem = assert_problem(
        server.ask("GET", listen(server, "late", scenario.xml), auth=None), 504, "process_timed_out"
    )
    (process,) = processes(server, "$aborted")
    assert process["id"] in problem["detail"]
    assert "2 s" in process["values"]["$result"]
    assert processes(server, "$running") == []


def test_removing_a_running_process_aborts_it(server: LiveServer) -> None:
    scenario = ScenarioFile().start("note").timer("wait", "PT1.5S").flow("wait", "add").end()
    scenario.set("note", x="1").flow("note", "wait")
    values = {"values1": {"$name": "Never", "$email": "never@example.com"}}
    scenario.call("add", "bpiumAdd", {"catalogId": "$users", **values}).flow("add", "end")
    path = listen(server, "aborted", scenario.xml)
    for query in ("?async=true", ""):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(server.ask, "POST", path + query, auth=None)
            running = wait_until(lambda: processes(server, "$running"), "a process under way")
            server.api("DELETE", f"/catalogs/$processes/records/{running[0]['id']}")
            answer = waiting.result()
        if not query:
            assert_problem(answer, 503, "unavailable")
        assert_problem(server.ask("GET", f"/api/v1/catalogs/$processes/records/{running[0]['id']}"), 404, "not_found")
    later = ScenarioFile().start("wait").timer("wait", "PT1.8S").flow("wait", "end").end()
    assert server.ask("GET", listen(server, "meanwhile", later.xml), auth=None).status == 200
    assert server.api("GET", "/catalogs/$users/records?searchText=never@example.com") == []
    assert processes(server, "$running") == []


# timers, branches, errors


def test_a_timer_waits_and_goes_on(server: LiveServer) -> None:
    scenario = ScenarioFile().start("wait").timer("wait", "PT0.2S").flow("wait", "told").set("told", _body="'waited'")
    answer = server.ask("GET", listen(server, "timer", scenario.flow("told", "end").end().xml), auth=None)
    assert (answer.status, answer.body) == (200, b"waited")


def test_a_timer_of_an_asynchronous_process(server: LiveServer) -> None:
    scenario = ScenarioFile().start("wait").timer("wait", "PT3S").flow("wait", "told").set("told", out="'waited'")
    path = listen(
        server, "timer-later", scenario.flow("told", "end").end().xml
    )  # longer than a synchronous one may take
    assert server.ask("GET", path + "?async=true", auth=None).status == 200
    process = wait_until(lambda: _named(server, "timer-later", "$done"), "the end of the process")
    assert json.loads(process["$result"])["out"] == "waited"


def _named(server: LiveServer, event: str, status: str) -> dict[str, Any] | None:
    return next(
        (
            record["values"]
            for record in processes(server, status)
            if record["values"]["$event"] and record["values"]["$event"][0]["recordTitle"] == event
        ),
        None,
    )


def test_several_flows_run_side_by_side(server: LiveServer) -> None:
    scenario = ScenarioFile().start("fork").set("fork", a="0", b="0")
    for branch in ("a", "b"):
        scenario.flow("fork", f"wait-{branch}").timer(f"wait-{branch}", "PT0.1S").flow(
            f"wait-{branch}", f"set-{branch}"
        )
        scenario.set(f"set-{branch}", **{branch: f"'{branch}'"}).flow(f"set-{branch}", "sum")
    scenario.set("sum", _body="a + b").flow("sum", "end").end()
    answer = server.ask("GET", listen(server, "parallel", scenario.xml), auth=None)
    assert (answer.status, answer.body) == (200, b"ab")


def test_the_first_condition_that_holds(server: LiveServer) -> None:
    scenario = ScenarioFile().start("gate").gateway("gate", "other").end()
    for name, condition in (("low", "+query.n < 10"), ("high", "+query.n < 100")):
        scenario.flow("gate", name, condition).set(name, _body=f"'{name}'").flow(name, "end")
    scenario.flow("gate", "default", name="other").set("default", _body="'default'").flow("default", "end")
    path = listen(server, "conditions", scenario.xml)
    assert [server.ask("GET", f"{path}?n={n}", auth=None).body for n in (5, 50, 500)] == [b"low", b"high", b"default"]


def test_a_caught_error_sets_its_variables(server: LiveServer) -> None:
    scenario = (
        ScenarioFile()
        .start("task")
        .call("task", "code", {"source": "throw new Error('own words')"})
        .flow("task", "end")
    )
    scenario.end().on_error("caught", "task", "err.code", "err.message").flow("caught", "tell")
    scenario.set("tell", _body="err", _status="418").flow("tell", "end")
    answer = server.ask("GET", listen(server, "caught", scenario.xml), auth=None)
    assert (answer.status, answer.json["code"]) == (418, "script_failed")
    assert "own words" in answer.json["message"]
    assert processes(server)[0]["values"]["$status"] == ["$done"]


def test_a_boundary_timer_leaves_a_slow_task(server: LiveServer) -> None:
    scenario = (
        ScenarioFile().start("task").call("task", "webRequest", {"query": js("'http://127.0.0.1:' + query.port")})
    )
    scenario.flow("task", "end").end().on_timeout("late", "task", "PT0.2S").flow("late", "tell")
    scenario.set("tell", _body="'too slow'").flow("tell", "end")
    slow = ScenarioFile().start("wait").timer("wait", "PT1.5S").flow("wait", "end").end().xml
    port = f"{server.port}{listen(server, 'slow', slow)}"
    answer = server.ask("GET", f"{listen(server, 'impatient', scenario.xml)}?port={port}", auth=None)
    assert (answer.status, answer.body) == (200, b"too slow")


def test_a_change_that_is_refused_saves_nothing_of_its_step(server: LiveServer) -> None:
    scenario = ScenarioFile().start("add").flow("add", "end").end()
    inputs = {"catalogId": "$users", "values1": {"$name": "Half", "$email": "half@example.com", "nothing": "x"}}
    scenario.call("add", "bpiumAdd", inputs, {"id": ("output", "")})
    assert_problem(server.ask("GET", listen(server, "half-done", scenario.xml), auth=None), 500, "process_failed")
    assert server.api("GET", "/catalogs/$users/records?searchText=half@example.com") == []
    assert "id" not in json.loads((_named(server, "half-done", "$error") or {})["$result"])


def test_an_output_that_fails_leaves_the_change(server: LiveServer) -> None:
    """Outputs are evaluated when the record is saved: JavaScript does not run inside a transaction."""
    scenario = ScenarioFile().start("add").flow("add", "end").end()
    inputs = {"catalogId": "$users", "values1": {"$name": "Whole", "$email": "whole@example.com"}}
    scenario.call("add", "bpiumAdd", inputs, {"id": ("output", ""), "x": ("output", "nothing_there.x")})
    assert_problem(server.ask("GET", listen(server, "whole", scenario.xml), auth=None), 500, "process_failed")
    assert len(server.api("GET", "/catalogs/$users/records?searchText=whole@example.com")) == 1
    assert "nothing_there" in (_named(server, "whole", "$error") or {})["$result"]


def test_records_by_components(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Made by processes"})["id"]
    fields = [{"id": "name", "name": "Name", "type": "text"}, {"id": "n", "name": "N", "type": "number"}]
    catalog = server.api("POST", "/catalogs", {"name": "Made", "sectionId": section, "fields": fields})["id"]
    chosen = {"catalogFormat": "var", "catalogIdFromVar": js(f"'{catalog}'")}
    scenario = ScenarioFile().start("add")
    values = {"format": "json", "values2": js("({name: body.name, n: 1})")}
    scenario.call("add", "bpiumAdd", {**chosen, **values}, {"id": ("output", "")}).flow("add", "edit")
    scenario.call("edit", "bpiumEdit", {**chosen, "recordId": js("id"), "values1": {"n": js("41 + 1")}}).flow(
        "edit", "get"
    )
    scenario.call("get", "bpiumGetRecord", {**chosen, "recordId": js("id")}, {"one": ("output", "")}).flow(
        "get", "find"
    )
    find = {**chosen, "filtersFormat": "json", "filtersJson": js("({n: {at: 42}})"), "limit": 10}
    outputs = {"found": ("output", ""), "count": ("outputCount", "")}
    scenario.call("find", "bpiumFindRecords", find, outputs).flow("find", "catalog")
    scenario.call("catalog", "bpiumGetCatalog", chosen, {"catalog": ("output", "")}).flow("catalog", "tell")
    scenario.set("tell", _body="({one, found, count, names: _.map(catalog.fields, 'name')})").flow("tell", "end").end()

    answer = server.ask("POST", listen(server, "records", scenario.xml), {"name": "'; drop table x; --"}, auth=None)

    assert answer.status == 200, processes(server)[0]["values"]["$result"]
    (record,) = server.api("GET", f"/catalogs/{catalog}/records")
    assert record["values"] == {"name": "'; drop table x; --", "n": 42}
    assert answer.json["one"]["values"] == record["values"]
    assert [found["id"] for found in answer.json["found"]] == [record["id"]]
    assert (answer.json["count"], answer.json["names"]) == (1, ["Name", "N"])
