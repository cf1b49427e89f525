"""Numbers that JavaScript cannot hold pass through a process with all their digits, whichever way they take."""

import json
from typing import Any

import pytest

from live_server import LiveServer
from scenario_files import ScenarioFile, js, listen

LONG = [
    "12345678901234567890",
    "-9007199254740993",
    "12345678901234567.89",
    "0.1234567890123456789",
    "1234567890.12345678901",
]
SHORT = ["9007199254740991", "-5", "0.1", "1.5"]


class Process:
    """Sends a body to small scenarios, with a catalog of a number and a text beside them."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        section = server.api("POST", "/sections", {"name": "Numbers"})["id"]
        fields = [
            {"id": "number", "name": "Number", "type": "number"},
            {"id": "text", "name": "Text", "type": "text"},
        ]
        self.catalog = server.api("POST", "/catalogs", {"name": "N", "sectionId": section, "fields": fields})["id"]
        self._made = 0

    def listen(self, scenario: ScenarioFile) -> str:
        self._made += 1
        return listen(self.server, f"numbers-{self._made}", scenario.xml)

    def ask(self, path: str, number: str) -> Any:
        body = f'{{"n": {number}, "in": [{{"n": {number}}}]}}'.encode()
        answer = self.server.ask("POST", path, body, auth=None, headers={"Content-Type": "application/json"})
        assert answer.status == 200, self.server.api("GET", "/catalogs/$processes/records?limit=1")
        return json.loads(answer.body, parse_float=str, parse_int=str)

    def stored(self, record: str) -> dict[str, str]:
        path = f"/api/v1/catalogs/{self.catalog}/records/{record}"
        found = json.loads(self.server.ask("GET", path).body, parse_float=str, parse_int=str)
        return dict(found["values"])

    def add(self, number: str) -> str:
        body = f'{{"values": {{"number": {number}, "text": {number}}}}}'.encode()
        path = f"/api/v1/catalogs/{self.catalog}/records"
        answer = self.server.ask("POST", path, body, headers={"Content-Type": "application/json"})
        return str(answer.json["id"])


@pytest.fixture(scope="module")
def process(server: LiveServer) -> Process:
    return Process(server)


def told(*expressions: str) -> ScenarioFile:
    """Each expression is a variable of its own; the answer lists them."""
    names = {f"v{place}": source for place, source in enumerate(expressions)}
    return ScenarioFile().start("tell").set("tell", **names, _body=f"[{', '.join(names)}]").flow("tell", "end").end()


@pytest.fixture(scope="module")
def seen(process: Process) -> str:
    return process.listen(
        told(
            "body.n",
            "String(body.n)",
            "body['in'][0].n",
            "body",
            "({whole: body})",
            "_.cloneDeep(body)",
            "typeof body.n",
        )
    )


@pytest.mark.parametrize("number", LONG + SHORT)
def test_whole_variables_and_their_parts_agree(process: Process, seen: str, number: str) -> None:
    whole = {"n": number, "in": [{"n": number}]}
    kind = "string" if number in LONG else "number"
    assert process.ask(seen, number) == [number, number, number, whole, {"whole": whole}, whole, kind]


@pytest.fixture(scope="module")
def code(process: Process) -> str:
    scenario = ScenarioFile().start("run").call("run", "code", {"source": "return [b, b.n]", "variables": {"b": js("body")}},
                                                {"x.y": ("output", "")})  # fmt: skip
    return process.listen(scenario.set("tell", _body="x.y").flow("run", "tell").flow("tell", "end").end())


@pytest.mark.parametrize("number", LONG + SHORT)
def test_code_sees_the_same(process: Process, code: str, number: str) -> None:
    assert process.ask(code, number) == [{"n": number, "in": [{"n": number}]}, number]


@pytest.fixture(scope="module")
def kept(process: Process) -> str:
    add = {"catalogId": process.catalog, "values1": {"number": js("body.n"), "text": js("body.n")}}
    scenario = ScenarioFile().start("add").call("add", "bpiumAdd", add, {"made": ("output", "")})
    return process.listen(scenario.set("tell", _body="({made})").flow("add", "tell").flow("tell", "end").end())


@pytest.mark.parametrize("number", LONG + SHORT)
def test_records_keep_every_digit(process: Process, kept: str, number: str) -> None:
    record = process.ask(kept, number)["made"]
    assert process.stored(record) == {"number": number, "text": number}


@pytest.mark.parametrize("number", LONG + SHORT)
def test_a_record_that_is_read_has_every_digit(process: Process, number: str) -> None:
    record = process.add(number)
    read = {"catalogId": process.catalog, "recordId": record}
    url = f"{process.server.url}/api/v1/catalogs/{process.catalog}/records/{record}"
    find = {"catalogId": process.catalog, "filters": {"number": js("rec.values.number")}, "sortType": -1}
    scenario = (
        ScenarioFile()
        .start("read")
        .call("read", "bpiumGetRecord", read, {"rec": ("output", "")})
        .flow("read", "find")
        .call("find", "bpiumFindRecords", find, {"found": ("output", "")})
        .flow("find", "ask")
        .call("ask", "webRequest", {"query": url, "output_format": "json"}, {"answer": ("output_body", "")})
        .flow("ask", "tell")
        .set(
            "tell",
            _body="[rec.values, ({...rec.values}), found[0].values.number, answer.values.number, ({answer}).answer.values]",
        )
        .flow("tell", "end")
        .end()
    )
    values = {"number": number, "text": number}
    assert process.ask(process.listen(scenario), "0") == [values, values, number, number, values]


def test_a_number_survives_the_saving_of_a_process(process: Process) -> None:
    scenario = ScenarioFile().start("keep").set("keep", kept="body").flow("keep", "wait").timer("wait", "PT1S")
    path = process.listen(scenario.flow("wait", "tell").set("tell", _body="[kept, kept.n]").flow("tell", "end").end())
    for number in (LONG[0], LONG[3]):
        assert process.ask(path, number) == [{"n": number, "in": [{"n": number}]}, number]


@pytest.mark.parametrize(
    ("written", "kept"), [("1.10", "1.10"), ("1e4", "10000"), ("-0.50", "-0.50"), (LONG[0], LONG[0])]
)
def test_a_number_in_a_text_field_is_kept_as_it_was_written(process: Process, written: str, kept: str) -> None:
    assert process.stored(process.add(written))["text"] == kept
