"""Services such as n8n and Make: JSON in parameters, «all» as a big limit, pages until one is empty, links to the next page."""

import json
import os
import re
import shutil
import subprocess
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from raw_requests import BASIC

from company import CLIENT, DUE, NAME, PAID, PAYMENT, SERVICES, STATUS, SUM, Company
from live_server import Answer, LiveServer
from problems import assert_problem
from programs import required

FETCH = Path(__file__).with_name("fetch.js")


def fetch(*requests: dict[str, Any]) -> list[Answer]:
    """The answers to ``{method, url, headers, body}``, asked by Node."""
    node = shutil.which("node")
    required(node is not None, "Node")
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    sent = [{**request, "headers": {"authorization": BASIC, **request.get("headers", {})}} for request in requests]
    command = [str(node), str(FETCH)]
    done = subprocess.run(command, input=json.dumps(sent), capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return [_answer(one) for one in json.loads(done.stdout)]


def _answer(fetched: dict[str, Any]) -> Answer:
    headers = Message()
    for name, value in fetched["headers"].items():
        headers[name] = value
    return Answer(fetched["status"], headers, fetched["body"].encode())


def get(server: LiveServer, path: str, **parameters: Any) -> Answer:
    """Parameters that are no texts are sent as JSON, as these services do."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in parameters.items()
    }
    (answer,) = fetch({"method": "GET", "url": f"{server.url}{path}?{urlencode(texts, quote_via=quote)}"})
    return answer


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({NAME: "ст"}, [3, 2, 1]),
        ({NAME: "ст", SUM: {"at": 15000}}, [3, 2]),
        ({SUM: {"at": "15000", "to": 30000}}, [3, 2]),
        ({NAME: {"$or": ["стол", "шкаф"]}}, [5, 1]),
        ({SERVICES: {"$and": [["1"], ["2"]]}}, [2, 1]),
        ({"$or": [{NAME: "ёлка"}, {SUM: {"to": 10000}}]}, [4, 1]),
        ({"$or": [{"$and": [{NAME: "ст"}, {SUM: 20000}]}, {PAID: True}]}, [2, 1]),
        ({"$or": [{NAME: "ст"}], "$and": [{PAYMENT: ["1"]}, {STATUS: ["1"]}]}, [2]),
        ({DUE: {"at": "2026-03-04T21:00:00.000Z"}}, [5, 4]),
        ({DUE: "NULL_DATE"}, []),
        ({CLIENT: None}, []),
        ([{"fieldId": NAME, "value": "ст"}], [3, 2, 1]),
        ([{"fieldId": int(SUM), "value": {"at": 40000}}], [5, 4]),
        ({}, [5, 4, 3, 2, 1]),
        ([], [5, 4, 3, 2, 1]),
    ],
)
def test_filters_as_json(company: Company, filters: Any, expected: list[int]) -> None:
    answer = get(company.server, company.records, filters=filters)
    assert answer.status == 200, answer.body
    assert company.places(answer.json) == expected


@pytest.mark.parametrize(
    "filters",
    [
        {"$or": []},
        {"$or": [{}]},
        {"$or": {NAME: "x"}},
        {NAME: ""},
        {NAME: "undefined", "99": "x"},
        {SUM: {"at": None}},
        {SUM: {"from": 1}},
        {"$not": [{NAME: "x"}]},
        '{"1": ',
        "[object Object]",
        "undefined",
        {CLIENT: []},
        {NAME: {"$or": [""]}},
    ],
)
def test_what_is_no_filter_is_refused(company: Company, filters: Any) -> None:
    """A step whose input was empty must not read everything."""
    assert_problem(get(company.server, company.records, filters=filters), 400, "invalid_filter")


def test_nested_fields(company: Company) -> None:
    fields = [NAME, {"fieldId": CLIENT, "fields": {company.clients: ["1"]}}]
    for chosen in (fields, [int(NAME), {"fieldId": int(CLIENT), "fields": {company.clients: [1]}}]):
        first, *_ = get(company.server, company.records, fields=chosen, sortField="id").json
        assert set(first["values"]) == {NAME, CLIENT}
        (link,) = first["values"][CLIENT]
        assert (link["recordId"], link["recordValues"]) == (company.omsk, {"1": "Омск & Ко"})
    bare = get(company.server, company.records, fields=[{"fieldId": SUM}], limit=1).json
    assert bare[0]["values"] == {SUM: 50000}
    for wrong in ([{"fieldId": "99"}], [{"fields": {}}], [{"fieldId": NAME, "fields": {company.clients: ["1"]}}]):
        assert_problem(get(company.server, company.records, fields=wrong), 400, "invalid_filter")


@pytest.fixture(scope="module")
def many(company: Company) -> str:
    """A catalog of 23 records, linked from nowhere."""
    catalog = company.make("Товары", {"name": "Название", "type": "text"})
    for number in range(23):
        company.add(catalog, {"1": f"Товар {number}"})
    return f"/api/v1/catalogs/{catalog}/records"


@pytest.mark.parametrize("limit", ["5000", "100000", "2147483647"])
def test_all_at_once(company: Company, many: str, limit: str) -> None:
    answer = get(company.server, many, limit=limit, offset="0", sortField="id", sortType="1")
    assert [one["title"] for one in answer.json] == [f"Товар {number}" for number in range(23)]
    assert answer.headers["Link"] is None


def test_pages_until_one_is_empty(company: Company, many: str) -> None:
    url = f"{company.server.url}{many}?sortField=1&limit=10"
    answers = fetch(*({"method": "GET", "url": f"{url}&offset={offset}"} for offset in range(0, 60, 10)))
    assert [len(answer.json) for answer in answers] == [10, 10, 3, 0, 0, 0]
    titles = [one["title"] for answer in answers for one in answer.json]
    assert titles == sorted(titles)
    assert len(set(titles)) == 23


@pytest.mark.parametrize(
    "query", ["limit=10", "limit=10&sortField=1&sortType=-1", "limit=7&searchText=товар&sortField=id"]
)
def test_links_to_the_next_page(company: Company, many: str, query: str) -> None:
    url: str | None = f"{company.server.url}{many}?{query}"
    pages = []
    while url is not None:
        (answer,) = fetch({"method": "GET", "url": url})
        assert answer.status == 200, answer.body
        pages.append([one["id"] for one in answer.json])
        found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers["Link"] or "")
        url = found and found[1]
    everything = get(
        company.server, many, **dict(part.split("=") for part in query.split("&")) | {"limit": "5000"}
    ).json
    assert [one for page in pages for one in page] == [one["id"] for one in everything]
    assert all(pages)


def test_a_record_is_made_changed_and_removed(company: Company) -> None:
    url, json_type = company.server.url + company.records, {"content-type": "application/json"}
    values = {
        NAME: "Из автоматизации",
        SUM: 1e4,
        DUE: "2026-03-09T10:00:00.000+03:00",
        CLIENT: company.link(company.perm),
    }
    (made,) = fetch({"method": "POST", "url": url, "headers": json_type, "body": json.dumps({"values": values})})
    path = f"{url}/{made.json['id']}"
    changed = json.dumps({"values": {STATUS: "3", CLIENT: None}})
    answers = fetch(
        {"method": "GET", "url": path},
        {"method": "PATCH", "url": path, "headers": json_type, "body": changed},
        {"method": "GET", "url": path},
        {"method": "DELETE", "url": path, "headers": json_type},
        {"method": "GET", "url": path},
    )
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 404]
    assert answers[0].json["values"][SUM] == 10_000
    assert answers[2].json["values"] == {**answers[0].json["values"], STATUS: ["3"], CLIENT: []}
