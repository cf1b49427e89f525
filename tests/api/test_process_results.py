"""What becomes of a process: results in places of variables, dates, the journal of a failure, addresses with slashes, `rawBody`."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from live_server import Answer, LiveServer, wait_until
from problems import assert_problem
from scenario_files import ScenarioFile, as_file, js, listen


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that lets a process carry 50,000 bytes."""
    data = tmp_path_factory.mktemp("results") / "data"
    with LiveServer(data, new_database(), OBMEN_PROCESS_DATA_BYTES="50000") as live:
        yield live


def last_process(server: LiveServer) -> dict[str, Any]:
    return dict(server.api("GET", "/catalogs/$processes/records?limit=1")[0]["values"])


class Talker:
    """Makes a listener for a scenario and asks it once."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self._made = 0

    def path(self, scenario: ScenarioFile) -> str:
        self._made += 1
        return listen(self.server, f"made-{self._made}", scenario.xml)

    def answer(self, *steps: dict[str, str], body: Any = None) -> Answer:
        """Sets variables step by step; the last ends the process."""
        scenario = ScenarioFile().start("s0")
        for place, step in enumerate(steps):
            outputs = {name: ("vars", code) for name, code in step.items()}
            scenario.call(f"s{place}", "setvar", outputs=outputs).flow(f"s{place}", f"s{place + 1}")
        return self.server.ask("POST", self.path(scenario.end(f"s{len(steps)}")), body, auth=None)


@pytest.fixture(scope="module")
def talker(server: LiveServer) -> Talker:
    return Talker(server)


# places of variables


@pytest.mark.parametrize(
    ("first", "second", "body"),
    [
        ({"d": "({rows: [{v: 1}, {v: 2}]})"}, {"d.rows[0].v": "9"}, {"d": {"rows": [{"v": 9}, {"v": 2}]}}),
        ({"d": "({rows: [{v: 1}]})", "i": "0"}, {"d.rows[i].v": "9"}, {"d": {"rows": [{"v": 9}]}}),
        ({"d": "[1, 2]", "i": "0"}, {"d[i + 1]": "9", "d[i+2]": "d[1] + 1"}, {"d": [1, 9, 10]}),
        ({"d": "({key: 1, b: 2})"}, {"d['key']": "9"}, {"d": {"key": 9, "b": 2}}),
        ({"d": "[]", "k": "'dyn'"}, {"${k}": "5", "d[0]": "dyn"}, {"d": [5]}),
        ({"d": "({})", "k": "'x'"}, {"d.${k}_1": "1", "d[`y`]": "d.x_1 + 1"}, {"d": {"x_1": 1, "y": 2}}),
        ({"d": "({})", "i": "1"}, {"d.list[i]": "9"}, {"d": {"list": [None, 9]}}),
        ({"d": "({n: 0})"}, {"d.n": "d.n + 1", "d.m": "d.n + 1"}, {"d": {"n": 1, "m": 2}}),
    ],
)
def test_a_result_goes_where_the_scenario_says(
    talker: Talker, first: dict[str, str], second: dict[str, str], body: Any
) -> None:
    answer = talker.answer(first, second, {"$body": "({d})"})
    assert (answer.status, answer.json) == (200, body)


def test_the_output_of_a_component_goes_where_an_expression_says(talker: Talker) -> None:
    scenario = ScenarioFile().start("a").set("a", rows="[{v: 1}, {v: 2}]", i="1").flow("a", "b")
    scenario.call("b", "code", {"source": "return 40 + 2"}, {"rows[i].v": ("output", "")}).flow("b", "c")
    scenario.set("c", _body="rows").flow("c", "end").end()
    assert talker.server.ask("GET", talker.path(scenario), auth=None).json == [{"v": 1}, {"v": 42}]


@pytest.mark.parametrize(
    ("target", "named"), [("rows[i]", "rows[i]"), ("rows[-1]", "rows[-1]"), ("rows[nothing]", "nothing")]
)
def test_a_place_that_is_none_fails_the_step(talker: Talker, target: str, named: str) -> None:
    assert talker.answer({"rows": "[]", "i": "null"}, {target: "1"}).status == 500
    error = json.loads(last_process(talker.server)["$result"])["$error"]
    assert error.startswith("Step s1, setvar: ")
    assert named in error


# dates


def test_a_date_stays_a_date(talker: Talker) -> None:
    answer = talker.answer(
        {"d": "new Date(Date.UTC(2026, 0, 31, 9, 5, 7, 120))", "list": "[{at: d}]"},
        {"year": "d.getUTCFullYear()", "later": "new Date(d.getTime() + 1)"},
        {"$body": "({d, year, list, is: list[0].at instanceof Date, later: later > d})"},
    )
    text = "2026-01-31T09:05:07.120Z"
    assert answer.json == {"d": text, "year": 2026, "list": [{"at": text}], "is": True, "later": True}
    assert json.loads(last_process(talker.server)["$result"])["later"] == "2026-01-31T09:05:07.121Z"


def test_a_date_outlives_the_step_that_is_journaled(talker: Talker) -> None:
    scenario = ScenarioFile().start("a").set("a", d="new Date(0)", text="'1970-01-01T00:00:00.000Z'").flow("a", "wait")
    scenario.timer("wait", "PT6S").flow("wait", "b")
    scenario.set("b", is_date="d instanceof Date", is_text="typeof text").flow("b", "end").end()
    assert talker.server.ask("GET", talker.path(scenario) + "?async=true", auth=None).status == 200
    done = wait_until(
        lambda: (found := last_process(talker.server))["$status"] == ["$done"] and found, "the end of the process"
    )
    result = json.loads(done["$result"])
    assert (result["is_date"], result["is_text"]) == (True, "string")


def test_a_date_goes_into_a_record_and_into_a_filter(talker: Talker) -> None:
    server = talker.server
    section = server.api("POST", "/sections", {"name": "Dates"})["id"]
    fields = [{"id": "day", "name": "Day", "type": "date", "config": {"time": True}}]
    catalog = server.api("POST", "/catalogs", {"name": "Dates", "sectionId": section, "fields": fields})["id"]
    scenario = ScenarioFile().start("a").set("a", d="new Date(Date.UTC(2026, 0, 31, 9, 5))").flow("a", "add")
    scenario.call("add", "bpiumAdd", {"catalogId": catalog, "values1": {"day": js("d")}}).flow("add", "find")
    find = {"catalogId": catalog, "filters": {"day": js("({at: d, to: d})")}}
    scenario.call("find", "bpiumFindRecords", find, {"found": ("output", "")}).flow("find", "tell")
    scenario.set("tell", _body="found[0].values.day").flow("tell", "end").end()
    answer = server.ask("GET", talker.path(scenario), auth=None)
    assert (answer.status, answer.body) == (200, b"2026-01-31T09:05:00.000Z")


# how a process ends


def test_a_failed_process_shows_its_variables_and_what_went_wrong(talker: Talker) -> None:
    assert talker.answer({"a": "1", "b": "({c: [2]})"}, {"d": "nothing_there"}, body={"x": 5}).status == 500
    process = last_process(talker.server)
    result = json.loads(process["$result"])
    assert process["$status"] == ["$error"]
    assert (result["a"], result["b"], result["body"]) == (1, {"c": [2]}, {"x": 5})
    assert result["$error"].startswith("Step s1, setvar: ")
    assert "nothing_there" in result["$error"]
    assert "d" not in result


def test_the_error_stands_before_what_is_cut(talker: Talker) -> None:
    assert talker.answer({"long": "'x'.repeat(20000)"}, {"d": "nothing_there"}).status == 500
    result = last_process(talker.server)["$result"]
    assert result.startswith('{"$error":"Step s1, setvar: ')
    assert len(result.encode()) <= 10_240 + 3


def refusing(server: LiveServer) -> dict[str, Any]:
    """Inputs of a step whose values are refused."""
    section = server.api("POST", "/sections", {"name": "Strict"})["id"]
    fields = [{"id": "n", "name": "Amount", "type": "number"}, {"id": "t", "name": "Title", "type": "text"}]
    catalog = server.api("POST", "/catalogs", {"name": "Strict", "sectionId": section, "fields": fields})["id"]
    return {"catalogId": catalog, "values1": {"n": "abc", "gone": "1", "t": "fine"}}


def test_refused_values_are_told_field_by_field(talker: Talker) -> None:
    scenario = ScenarioFile().start("add").call("add", "bpiumAdd", refusing(talker.server)).flow("add", "end").end()
    assert talker.server.ask("GET", talker.path(scenario), auth=None).status == 500
    result = json.loads(last_process(talker.server)["$result"])
    error, errors = result["$error"], result["$errors"]
    assert "Step add, bpiumAdd: " in error
    assert all(text in error for text in ("n: ", "Amount", '"abc"', "gone: "))
    assert {one["field"] for one in errors} == {"n", "gone"}
    assert all(one["message"] in error for one in errors)


def test_a_caught_refusal_tells_the_fields_too(talker: Talker) -> None:
    scenario = ScenarioFile().start("add").call("add", "bpiumAdd", refusing(talker.server)).flow("add", "end").end()
    scenario.on_error("caught", "add", "err.code", "err.list[0].text").flow("caught", "tell")
    scenario.set("tell", _body="({err, errors: $errors})").flow("tell", "again")
    scenario.call("again", "code", {"source": "throw 'other'"}).on_error("last", "again").flow("again", "end")
    answer = talker.server.ask("GET", talker.path(scenario.flow("last", "end")), auth=None).json
    assert answer["err"]["code"] == "invalid_value"
    assert all(text in answer["err"]["list"][0]["text"] for text in ("Amount", '"abc"', "gone: "))
    assert {one["field"] for one in answer["errors"]} == {"n", "gone"}
    result = json.loads(last_process(talker.server)["$result"])
    assert result["$errors"] == []  # the error that was caught last refused no value


def test_an_end_with_an_error_is_an_end(talker: Talker) -> None:
    scenario = ScenarioFile().start("a").set("a", _status="418", _body="'short'").flow("a", "bad")
    xml = scenario.end("bad").xml.replace(
        '<bpmn:endEvent id="bad"/>', '<bpmn:endEvent id="bad"><bpmn:errorEventDefinition/></bpmn:endEvent>'
    )
    answer = talker.server.ask("GET", listen(talker.server, "bad-end", xml), auth=None)
    assert (answer.status, answer.body) == (418, b"short")
    assert last_process(talker.server)["$status"] == ["$done"]


def test_several_faults_are_told_at_once(server: LiveServer) -> None:
    xml = (
        (
            ScenarioFile()
            .start("a")
            .call("a", "launchRocket")
            .flow("a", "b")
            .call("b", "setvar", outputs={"x[": ("y", "1")})
        )
        .flow("b", "end")
        .end()
        .xml.replace('id="a"', 'id="a" name="Fly"')
    )
    sent = {"values": {"$name": "Bad", "$file": as_file(xml)}}
    problem = assert_problem(
        server.ask("POST", "/api/v1/catalogs/$scripts/records", sent, headers={"Accept-Language": "ru"}),
        400,
        "invalid_value",
        "$file",
    )
    texts = [error["message"] for error in problem["errors"]]
    assert '"Fly" (a)' in texts[0]
    assert "launchRocket" in texts[0]
    assert "x[" in texts[1]
    assert all(text in problem["detail"] for text in texts)


# the size of variables


def test_a_short_process_carries_no_more_than_allowed(talker: Talker) -> None:
    assert talker.answer({"x": "'x'.repeat(40000)"}, {"$body": "'fine'"}).body == b"fine"
    assert talker.answer({"x": "'x'.repeat(40000)"}, {"y": "x"}, {"$body": "'never'"}).status == 500
    result = last_process(talker.server)["$result"]
    assert result.startswith('{"$error":"Step s1, setvar: ')
    assert "process.data_bytes" in result
    grown = talker.answer({"x": "'x'.repeat(30000)"}, *[{"x": "x + 'y'"}] * 5, {"$body": "x.length"})
    assert grown.body == b"30005"


@pytest.mark.parametrize("levels", [100, 850, 900, 920, 960, 5_000])
def test_a_value_of_any_depth_is_answered_or_refused(talker: Talker, levels: int) -> None:
    answer = talker.answer({"deep": f"JSON.parse('['.repeat({levels}) + ']'.repeat({levels}))"}, {"$body": "deep"})
    if answer.status == 200:
        assert answer.body == b"[" * levels + b"]" * levels
    else:
        assert_problem(answer, 500, "process_failed")
        error = json.loads(last_process(talker.server)["$result"])["$error"]
        assert error.endswith(("[script_failed]", "[step_failed]")), error


ODD_ANSWERS = [
    ("({})", "null", "'x'"),
    ("200", "5", "'x'"),
    ("200", "[1]", "'x'"),
    ("null", "({a: {b: [1]}, 'c d': 1, e: new Date(0), f: NaN})", "new Date(0)"),
    ("'201'", "[]", "[1, undefined, () => 1, NaN, 1e300]"),
    ("NaN", "'text'", "0"),
    ("new Date(0)", "null", "false"),
    ("1e300", "null", "''"),
    ("[204]", "null", "-0"),
    ("true", "null", "({toString: 1})"),
]


@pytest.mark.parametrize(("status", "headers", "body"), ODD_ANSWERS)
def test_odd_values_of_an_answer(talker: Talker, status: str, headers: str, body: str) -> None:
    answer = talker.answer({"$status": status, "$headers": headers, "$body": body})
    assert answer.status in (200, 201) or assert_problem(answer, 500, "process_failed")["detail"]


def test_what_grows_too_large_can_be_caught(talker: Talker) -> None:
    scenario = (
        ScenarioFile().start("big").call("big", "code", {"source": "return 'x'.repeat(60000)"}, {"x": ("output", "")})
    )
    scenario.flow("big", "end").end().on_error("caught", "big").flow("caught", "tell")
    scenario.set("tell", _body="({code, x: typeof x})").flow("tell", "end")
    answer = talker.server.ask("GET", talker.path(scenario), auth=None).json
    assert answer == {"code": "step_failed", "x": "undefined"}


@pytest.mark.parametrize("query", ["", "?async=true"])
def test_a_request_larger_than_a_process_may_carry_starts_none(talker: Talker, query: str) -> None:
    path = talker.path(ScenarioFile().start("end").end())
    before = talker.server.api("GET", "/catalogs/$processes/records?limit=1")
    answer = talker.server.ask("POST", path + query, {"x": "x" * 60_000}, auth=None)
    assert "process.data_bytes" in assert_problem(answer, 413, "too_large")["detail"]
    assert talker.server.api("GET", "/catalogs/$processes/records?limit=1") == before


# external requests


def test_of_several_addresses_the_longest_counts(server: LiveServer) -> None:
    def echo(name: str) -> str:
        return ScenarioFile().start("a").set("a", _body=f"'{name} ' + url").flow("a", "end").end().xml

    for url_id in ("deep", "deep/er", "deep/er/est", "deep-er"):
        listen(server, url_id, echo(url_id))
    for path, found in [
        ("deep", "deep"),
        ("deep/", "deep"),
        ("deep/x/er", "deep"),
        ("deep/er?a=1", "deep/er"),
        ("Deep/ER/estate", "deep/er"),
        ("deep/er/est/1/2?a=1", "deep/er/est"),
        ("deep-er/est", "deep-er"),
    ]:
        answer = server.ask("GET", f"/api/webrequest/{path}", auth=None)
        assert answer.body.decode() == f"{found} {server.url}/api/webrequest/{path}"
    assert_problem(server.ask("GET", "/api/webrequest/dee", auth=None), 404, "not_found")


def test_a_longer_address_that_is_switched_off_is_not_answered_by_a_shorter_one(server: LiveServer) -> None:
    xml = ScenarioFile().start("a").set("a", _body="'short'").flow("a", "end").end().xml
    listen(server, "off", xml)
    listen(server, "off/long", xml)
    record = server.api("GET", "/catalogs/$webRequests/records?limit=1")[0]["id"]
    server.api("PATCH", f"/catalogs/$webRequests/records/{record}", {"values": {"$status": "$off"}})
    assert_problem(server.ask("GET", "/api/webrequest/off/long/x", auth=None), 404, "not_found")
    assert server.ask("GET", "/api/webrequest/off/longer", auth=None).body == b"short"


@pytest.mark.parametrize("url_id", ["a//b", "a b", "a/../b", "a/b.c", "ё", "a" * 201])
def test_an_address_of_other_characters_is_refused(server: LiveServer, url_id: str) -> None:
    script = server.api("GET", "/catalogs/$scripts/records?limit=1")
    link = [{"catalogId": "$scripts", "recordId": script[0]["id"] if script else "1"}]
    sent = {"values": {"$name": "x", "$urlId": url_id, "$script": link}}
    assert_problem(server.ask("POST", "/api/v1/catalogs/$webRequests/records", sent), 400, "invalid_value", "$urlId")


@pytest.mark.parametrize(
    ("body", "content_type", "raw"),
    [
        (b'{ "a" :1}', "application/json", '{ "a" :1}'),
        (b"a=%D1%91&b=+", "application/x-www-form-urlencoded", "a=%D1%91&b=+"),
        ("ё".encode(), "text/plain", "ё"),
        (b"\xff\xfe\x00", "application/octet-stream", "//4A"),
        (b"", "application/json", ""),
    ],
)
def test_the_body_as_it_came(talker: Talker, body: bytes, content_type: str, raw: str) -> None:
    path = talker.path(ScenarioFile().start("a").set("a", _body="({raw: rawBody})").flow("a", "end").end())
    answer = talker.server.ask("POST", path, body, auth=None, headers={"Content-Type": content_type})
    assert answer.json == {"raw": raw}
    assert json.loads(last_process(talker.server)["$input"])["rawBody"] == raw


def test_a_body_as_it_came_that_nobody_reads_is_not_carried(talker: Talker) -> None:
    assert talker.answer({"$body": "body.length"}, body=["x" * 30_000]).body == b"1"
    assert "rawBody" not in last_process(talker.server)["$input"]


def test_a_signature_over_the_body_can_be_checked(talker: Talker) -> None:
    body = '{"event": "оплата",  "id": 7}'.encode()
    expected = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    scenario = ScenarioFile().start("a").set("a", _body="rawBody").flow("a", "end").end()
    answer = talker.server.ask(
        "POST", talker.path(scenario), body, auth=None, headers={"Content-Type": "application/json"}
    )
    assert hmac.new(b"key", answer.body, hashlib.sha256).hexdigest() == expected
