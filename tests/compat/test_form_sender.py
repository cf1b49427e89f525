"""Site builders such as Tilda: a probe ``test=test``, names that come twice, empty forms."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from raw_requests import send

from live_server import Answer, LiveServer
from scenario_files import ScenarioFile, js, listen
from tilda_company import FORM, VALUES, TildaCompany

FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def echo(server: LiveServer) -> str:
    scenario = ScenarioFile().start("set").set("set", _body="({body, query, rawBody})").flow("set", "end").end()
    return listen(server, "compat-echo", scenario.xml)


@pytest.fixture(scope="module")
def tilda(server: LiveServer) -> TildaCompany:
    return TildaCompany(server)


def post(server: LiveServer, path: str, body: str, content_type: str = FORM_TYPE) -> Answer:
    headers = {"Content-Type": content_type, "User-Agent": "Tilda Webhook"} if content_type else {}
    return server.ask("POST", path, body.encode(), auth=None, headers=headers)


@pytest.mark.parametrize("content_type", [FORM_TYPE, f"{FORM_TYPE}; charset=UTF-8", f"{FORM_TYPE};charset=utf-8"])
@pytest.mark.parametrize(
    ("sent", "body"),
    [
        ("test=test", {"test": "test"}),
        ("", {}),
        ("Checkbox=yes&Checkbox=no&name=Анна", {"Checkbox": ["yes", "no"], "name": "Анна"}),
        (quote("Ваше_имя") + "=" + quote("Анна") + "&phone=%2B7+900", {"Ваше_имя": "Анна", "phone": "+7 900"}),
        ("a[]=1&a[]=2&b[x]=3&b[y][]=4", {"a": ["1", "2"], "b": {"x": "3", "y": ["4"]}}),
        ("name=&email=&phone", {"name": "", "email": "", "phone": ""}),
        ("text=a%0D%0Ab%26c%3Dd", {"text": "a\r\nb&c=d"}),
        (
            "payment[products][0][name]=x&payment[amount]=100",
            {"payment": {"products": [{"name": "x"}], "amount": "100"}},
        ),
    ],
)
def test_forms(server: LiveServer, echo: str, sent: str, body: Any, content_type: str) -> None:
    got = post(server, echo, sent, content_type)
    assert (got.status, got.json["body"], got.json["query"]) == (200, body, {})
    assert got.json["rawBody"] == sent


@pytest.mark.parametrize("headers", [{}, {"Content-Type": FORM_TYPE}, {"Content-Type": "multipart/form-data"}])
def test_a_probe_without_a_body(server: LiveServer, echo: str, headers: dict[str, str]) -> None:
    answer = send(server, "POST", echo, headers=headers)
    assert (answer.status, answer.json["body"]) == (200, {})


def test_unescaped_text_behind_the_address(server: LiveServer, echo: str) -> None:
    """Sites put what the visitor typed into the address."""
    assert send(server, "GET", f"{echo}?name=Анна&utm=весна+2026").json["query"] == {
        "name": "Анна",
        "utm": "весна 2026",
    }


def test_the_published_scenario_takes_a_form(tilda: TildaCompany) -> None:
    answer = tilda.post_form(FORM)
    assert answer.status == 200, answer.body
    values = tilda.records()[0]["values"]
    assert {key: values[key] for key in VALUES if key != "choice"} == {k: v for k, v in VALUES.items() if k != "choice"}


@pytest.fixture(scope="module")
def lenient(server: LiveServer, tilda: TildaCompany) -> str:
    """A listener that answers a probe, and stores the first of several names otherwise."""
    values = {"name": js("_.castArray(body.name)[0]"), "interests": js("_.castArray(body.interests || [])")}
    scenario = (
        ScenarioFile()
        .start("probe")
        .gateway("probe", "store")
        .flow("probe", "answer", "body.test === 'test' || _.isEmpty(body)")
        .flow("probe", "add", name="store")
        .call("add", "bpiumAdd", {"catalogId": tilda.catalog, "values1": values}, {"id": ("recordId", "")})
        .flow("add", "answer")
        .set("answer", _status="200", _body="'ok'")
        .flow("answer", "end")
        .end()
    )
    return listen(server, "compat-form", scenario.xml)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("test=test", None),
        ("", None),
        (urlencode({"name": "Борис"}), ("Борис", [])),
        (urlencode([("name", "Вера"), ("name", "Глеб"), ("interests", "1"), ("interests", "2")]), ("Вера", ["1", "2"])),
        (urlencode({"name": "Дина", "interests": "2"}), ("Дина", ["2"])),
    ],
)
def test_a_form_becomes_a_record(tilda: TildaCompany, lenient: str, sent: str, stored: Any) -> None:
    before = tilda.records()
    answer = post(tilda.server, lenient, sent)
    assert (answer.status, answer.body) == (200, b"ok"), tilda.last_process()
    made = [one["values"] for one in tilda.records() if one not in before]
    assert [(one["name"], one["interests"]) for one in made] == ([stored] if stored else [])


def test_a_form_as_json(server: LiveServer, echo: str) -> None:
    for content_type in ("application/json", "text/plain", FORM_TYPE, ""):
        assert post(server, echo, json.dumps(FORM), content_type).json["body"] == FORM
