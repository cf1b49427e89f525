"""What components take, in the spellings that scenario files use, and what they give back."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from live_server import LiveServer
from scenario_files import ScenarioFile, js, listen

COUNT = 1_100


@pytest.fixture(scope="module")
def catalog(server: LiveServer) -> str:
    """A catalog with many records: field 2 counts from 0, ``name`` and ``more`` are texts."""
    section = server.api("POST", "/sections", {"name": "Inputs"})["id"]
    fields = [
        {"id": "more", "name": "More", "type": "text"},
        {"name": "N", "type": "number"},
        {"id": "name", "name": "Name", "type": "text"},
    ]
    created = server.api("POST", "/catalogs", {"name": "Inputs", "sectionId": section, "fields": fields})["id"]
    add = {"catalogId": created, "format": "json", "values2": js("({2: i, name: `name ${i}`, more: 'x'})")}
    scenario = ScenarioFile().start("set").set("set", i="0").flow("set", "more").gateway("more", "out").end()
    scenario.flow("more", "add", f"i < {COUNT}").flow("more", "end", name="out")
    scenario.call("add", "bpiumAdd", add).flow("add", "next").set("next", i="i + 1").flow("next", "more")
    assert server.ask("GET", listen(server, "fill", scenario.xml), auth=None).status == 200
    return str(created)


class Asker:
    """Calls a component and answers with its output."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self._made = 0

    def __call__(self, component: str, inputs: dict[str, Any], outputs: str = "output", **variables: str) -> Any:
        self._made += 1
        scenario = ScenarioFile().start("set").set("set", **{"_headers": "({})", **variables}).flow("set", "call")
        scenario.call("call", component, inputs, {name: (name, "") for name in outputs.split()}).flow("call", "tell")
        told = outputs if " " not in outputs else f"({{{', '.join(outputs.split())}}})"
        scenario.set("tell", _body=f"({{told: {told}}})").flow("tell", "end").end()
        answer = self.server.ask("GET", listen(self.server, f"ask-{self._made}", scenario.xml), auth=None)
        assert answer.status == 200, self.server.api("GET", "/catalogs/$processes/records?limit=1")
        return answer.json["told"]

    def failure(self, component: str, inputs: dict[str, Any], **variables: str) -> str:
        """What the journal says of a call that fails."""
        with pytest.raises(AssertionError):
            self(component, inputs, **variables)
        process = self.server.api("GET", "/catalogs/$processes/records?limit=1")[0]
        return str(json.loads(process["values"]["$result"])["$error"])


@pytest.fixture(scope="module")
def ask(server: LiveServer) -> Asker:
    return Asker(server)


@pytest.mark.parametrize(
    "filters",
    [
        '{"2": {"at": 7, "to": 7}}',
        '[{"fieldId": "2", "value": {"at": 7, "to": 7}}]',
        js("JSON.stringify({2: {at: 7, to: 7}})"),
        js("({2: {at: n, to: n}})"),
        js("[{fieldId: 2, value: {at: n, to: n}}]"),
    ],
)
def test_filters_as_json_text_and_as_a_value(ask: Asker, catalog: str, filters: Any) -> None:
    inputs = {"catalogId": catalog, "filtersFormat": "json", "filtersJson": filters}
    (found,) = ask("bpiumFindRecords", inputs, n="7")
    assert found["values"]["name"] == "name 7"


@pytest.mark.parametrize("text", ['{"2": ', "n = 7", "{2: 7}", '{"2": 1}}'])
def test_filters_that_are_no_json_are_refused(ask: Asker, catalog: str, text: str) -> None:
    inputs = {"catalogId": catalog, "filtersFormat": "json", "filtersJson": text}
    assert "filtersJson" in ask.failure("bpiumFindRecords", inputs)


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"filtersFormat": "jsn", "filtersJson": '{"2": 7}'}, "filtersFormat"),
        ({"filter": {"2": 7}}, "filter"),
        ({"searchText": "name 7"}, "searchText"),
        ({"offset": 10**30}, "offset"),
        ({"limit": -1}, "limit"),
        ({"filters": {"2": ""}}, "no value"),
        ({"filters": {"$or": []}}, "$or"),
        ({"filters": js("[{fieldId: '2', value: undefined}]")}, "no value"),
    ],
)
def test_what_would_have_narrowed_the_records_is_never_passed_over(
    ask: Asker, catalog: str, inputs: dict[str, Any], named: str
) -> None:
    assert named in ask.failure("bpiumFindRecords", {"catalogId": catalog, **inputs})


def test_the_format_of_filters_in_capitals(ask: Asker, catalog: str) -> None:
    inputs = {"catalogId": catalog, "filtersFormat": "JSON", "filtersJson": '{"2": 7}'}
    assert len(ask("bpiumFindRecords", inputs)) == 1


@pytest.mark.parametrize("empty", ["", None, js("''"), js("undefined"), js("null")])
def test_an_empty_text_is_the_default(ask: Asker, catalog: str, empty: Any) -> None:
    inputs = {"catalogId": catalog, "limit": empty, "offset": empty, "sortType": empty, "sortField": "2"}
    found = ask("bpiumFindRecords", inputs)
    assert [len(found), found[0]["values"]["2"]] == [100, 0]


@pytest.mark.parametrize(
    ("given", "count"), [(5000, 1000), ("5000", 1000), (js("1000 + 1"), 1000), (3, 3), ("3", 3), (0, 0)]
)
def test_a_limit_above_a_thousand_is_a_thousand(ask: Asker, catalog: str, given: Any, count: int) -> None:
    assert len(ask("bpiumFindRecords", {"catalogId": catalog, "limit": given})) == count


def test_the_count_is_given_where_it_is_used(ask: Asker, catalog: str) -> None:
    inputs = {"catalogId": catalog, "filters": {"2": js("({to: 9})")}, "limit": 3}
    told = ask("bpiumFindRecords", inputs, "output outputCount")
    assert (len(told["output"]), told["outputCount"]) == (3, 10)
    assert ask("bpiumFindRecords", inputs, "outputCount") == 10


NAMES = {"2": 1, "name": "name 1"}


@pytest.mark.parametrize(
    ("specified", "values"),
    [
        ("2, name", NAMES),
        ("2,name,", NAMES),
        ('["2", "name"]', NAMES),
        ('[2, {"fieldId": "name"}]', NAMES),
        (["2", "name"], NAMES),
        (2, {"2": 1}),
        (js("2, 'name'"), NAMES),
        (js("2, 'name',"), NAMES),
        (js("[2, 'name']"), NAMES),
        (js("'2, name'"), NAMES),
        (js("ids"), NAMES),
        (js("ids[0], ids[1] // both"), NAMES),
        (js("2, {fieldId: 'name'}"), NAMES),
        (js("[2, {fieldId: 'name'}]"), NAMES),
        (js("2"), {"2": 1}),
        ("name", {"name": "name 1"}),
    ],
)
def test_the_fields_of_a_record_are_chosen(ask: Asker, catalog: str, specified: Any, values: dict[str, Any]) -> None:
    chosen = {"catalogId": catalog, "fieldsFormat": "specified", "fieldsSpecified": specified}
    ids = {"ids": "[2, 'name']"}
    found = ask("bpiumFindRecords", {**chosen, "filters": {"2": js("({at: 1, to: 1})")}}, **ids)
    assert [record["values"] for record in found] == [values]
    assert ask("bpiumGetRecord", {**chosen, "recordId": found[0]["id"]}, **ids)["values"] == values


@pytest.mark.parametrize("specified", ["gone", js("2, 'gone'"), "[2", js("{a: 1}")])
def test_fields_that_are_none_are_refused(ask: Asker, catalog: str, specified: Any) -> None:
    chosen = {"catalogId": catalog, "fieldsFormat": "specified", "fieldsSpecified": specified}
    assert "bpiumFindRecords" in ask.failure("bpiumFindRecords", chosen)


# web requests

Serve = Callable[[bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Another system that gives one answer byte by byte as it stands; its address."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def begin(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def respond() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        threads.append(threading.Thread(target=respond, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield begin
    for thread in threads:
        thread.join(10)
    for listener in listeners:
        listener.close()


def http(headers: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + body


def test_the_cookies_of_an_answer_and_their_headers(ask: Asker, serve: Serve) -> None:
    cookies = ("sid=x; Path=/; HttpOnly", "k[1]=v", "d=ё")
    url = serve(http("".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)))
    headers = ask("webRequest", {"query": url}, "output_headers")
    assert headers["set-cookie"] == list(cookies)
    assert headers["cookies"] == {
        "sid": {"value": "x", "path": "/", "httponly": True},
        "k[1]": {"value": "v"},
        "d": {"value": "ё"},
    }


def test_an_answer_without_cookies(ask: Asker, serve: Serve) -> None:
    headers = ask("webRequest", {"query": serve(http("X-Own: a\r\nx-own: b\r\n"))}, "output_headers")
    assert (headers["x-own"], headers["cookies"], "set-cookie" in headers) == ("a, b", {}, False)


def test_a_cookie_is_passed_on_as_the_published_scenario_does_it(ask: Asker, serve: Serve) -> None:
    url = serve(http("Set-Cookie: connect.sid=abc; Path=/\r\n"))
    scenario = ScenarioFile().start("ask").call("ask", "webRequest", {"query": url}, {"h": ("output_headers", "")})
    scenario.flow("ask", "tell").set("tell", _status="302", _headers="({'X-Cookie': `${h['set-cookie']}; Secure`})")
    answer = ask.server.ask("GET", listen(ask.server, "pass-on", scenario.flow("tell", "end").end().xml), auth=None)
    assert (answer.status, answer.headers["X-Cookie"]) == (302, "connect.sid=abc; Path=/; Secure")


@pytest.mark.parametrize(
    ("content_type", "body", "output_format", "read"),
    [
        ("text/plain; CHARSET=windows-1251", "ё".encode("cp1251"), "text", "ё"),
        ("application/json; charset=iso-8859-1", '{"a":"ё"}'.encode(), "json", {"a": "ё"}),
        ("application/json", "\ufeff[1]".encode(), "json", [1]),
        ("text/xml", "<?xml version='1.0' encoding='windows-1251'?><r>ё</r>".encode("cp1251"), "text",
         "<?xml version='1.0' encoding='windows-1251'?><r>ё</r>"),
        ("text/plain; charset=unicode_escape", b"\\ud800", "text", "\\ud800"),
        ("text/plain; charset=idna", b"xn--\xff", "text", "xn--\ufffd"),
    ],
)  # fmt: skip
def test_the_text_of_an_answer(
    ask: Asker, serve: Serve, content_type: str, body: bytes, output_format: str, read: Any
) -> None:
    url = serve(http(f"Content-Type: {content_type}\r\n", body))
    assert ask("webRequest", {"query": url, "output_format": output_format}, "output_body") == read
