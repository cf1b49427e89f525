"""Questions about records: pages one behind another, totals, spellings, and parameters that are near misses."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from live_server import Answer, LiveServer
from php_queries import bracketed
from problems import assert_problem

PAGE, COUNT, RECORDS = 5, 7, 13


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with small limits."""
    limits = {"OBMEN_LIMITS_PAGE": str(PAGE), "OBMEN_LIMITS_COUNT": str(COUNT)}
    with LiveServer(tmp_path_factory.mktemp("questions") / "data", new_database(), **limits) as live:
        yield live


@pytest.fixture(scope="module")
def path(server: LiveServer) -> str:
    """A catalog with thirteen records; the first six are of kind 1."""
    section = server.api("POST", "/sections", {"name": "Questions"})["id"]
    items = [{"name": "one"}, {"name": "two"}]
    fields = [
        {"id": "name", "name": "Name", "type": "text"},
        {"id": "number", "name": "Number", "type": "number"},
        {"id": "kind", "name": "Kind", "type": "dropdown", "config": {"items": items}},
        {"id": "day", "name": "Day", "type": "date", "config": {"time": True}},
    ]
    catalog = server.api("POST", "/catalogs", {"name": "Asked", "sectionId": section, "fields": fields})["id"]
    for place in range(1, RECORDS + 1):
        values = {
            "name": f"Name {place % 4}",
            "number": place,
            "kind": ["1" if place < 7 else "2"],
            "day": f"2026-01-{place:02d}T21:30:00Z",
        }
        server.api("POST", f"/catalogs/{catalog}/records", {"values": values})
    return f"/api/v1/catalogs/{catalog}/records"


def next_of(answer: Answer) -> str:
    """The address in ``Link``, empty without one."""
    link = answer.headers["Link"]
    if link is None:
        return ""
    found = re.fullmatch(r'<([^<>]+)>; rel="next"', link)
    assert found is not None, link
    return found[1]


def pages(server: LiveServer, path: str, query: str) -> list[list[int]]:
    """The numbers of the records of each page, following the links."""
    found = []
    address = f"{server.url}{path}?{query}"
    while address:
        assert address.startswith(server.url)
        answer = server.ask("GET", address.removeprefix(server.url))
        assert answer.status == 200, answer.body
        found.append([record["values"]["number"] for record in answer.json])
        address = next_of(answer)
        assert len(found) <= RECORDS + 1
    return found


# pages


@pytest.mark.parametrize(
    "sort", ["", "sortField=id", "sortField=number&sortType=-1", "sortField=name", "sortField=kind"]
)
@pytest.mark.parametrize("limit", [1, 4, PAGE, 100])
def test_pages_follow_one_another(server: LiveServer, path: str, sort: str, limit: int) -> None:
    at_once = [
        record["values"]["number"]
        for offset in range(0, RECORDS, PAGE)
        for record in server.ask("GET", f"{path}?{sort}&limit={PAGE}&offset={offset}").json
    ]
    found = pages(server, path, f"{sort}&limit={limit}")
    assert [number for page in found for number in page] == at_once
    assert len(at_once) == RECORDS
    size = min(limit, PAGE)
    assert {len(page) for page in found[:-1]} == {size}


def test_the_next_page_is_the_same_question(server: LiveServer, path: str) -> None:
    kept = [("filters", '{"kind": ["1"]}'), ("fields", '["number"]'), ("searchText", "name"), ("limit", "2")]
    query = "&".join(f"{name}={quote(value)}" for name, value in kept) + "&offset=1&timezoneOffset=180&x=%2B"
    address = next_of(server.ask("GET", f"{path}?{query}"))
    asked = parse_qs(urlsplit(address).query)
    assert {name: values[0] for name, values in asked.items() if name != "after"} == {
        **dict(kept),
        "timezoneOffset": "180",
        "x": "+",
    }
    assert pages(server, path, query) == [[5, 4], [3, 2], [1]]
    brackets = f"{bracketed('filters', [{'fieldId': 'kind', 'value': ['1']}])}&limit=4&fields[]=number"
    assert pages(server, path, brackets) == [[6, 5, 4, 3], [2, 1]]


def test_a_record_that_is_made_meanwhile_moves_no_page(server: LiveServer, path: str) -> None:
    first = server.ask("GET", f"{path}?limit=3")
    made = server.ask("POST", path, {"values": {"number": 99}}).json["id"]
    second = server.ask("GET", next_of(first).removeprefix(server.url))
    server.ask("DELETE", f"{path}/{made}")
    assert [record["values"]["number"] for record in (*first.json, *second.json)] == [13, 12, 11, 10, 9, 8]


@pytest.mark.parametrize("query", ["limit=0", f"limit={RECORDS}&offset={RECORDS - 1}", "searchText=nothing", "id=x"])
def test_the_last_page_has_no_link(server: LiveServer, path: str, query: str) -> None:
    assert next_of(server.ask("GET", f"{path}?{query}")) == ""


@pytest.mark.parametrize("after", ["x", "5", "WyJhIl0", "bnVsbA", "-", "%00", "MA", "LTE", quote("é"), "A" * 10_000])
def test_a_bad_after(server: LiveServer, path: str, after: str) -> None:
    for sort in ("", "&sortField=name"):
        assert_problem(server.ask("GET", f"{path}?after={after}{sort}"), 400, "invalid_filter")
    other = parse_qs(urlsplit(next_of(server.ask("GET", f"{path}?limit=1&sortField=name"))).query)["after"][0]
    assert_problem(server.ask("GET", f"{path}?after={other}"), 400, "invalid_filter")  # of another order


@pytest.mark.parametrize("limit", [PAGE + 1, 1_000, 5_000, 10**9, "9" * 400])
def test_more_than_a_page_is_cut(server: LiveServer, path: str, limit: int | str) -> None:
    answer = server.ask("GET", f"{path}?limit={limit}")
    assert (answer.status, len(answer.json), next_of(answer) != "") == (200, PAGE, True)


# totals


@pytest.mark.parametrize(
    ("query", "total", "limited"),
    [
        ("withTotal=true", COUNT, "true"),
        ("withTotal=1&limit=1&offset=3", COUNT, "true"),
        ("withTotal=exact", RECORDS, None),
        ("withTotal=exact&limit=0", RECORDS, None),
        ('withTotal=true&filters={"kind":["1"]}', 6, None),
        ('withTotal=true&filters={"number":{"to":7}}', 7, None),
        ('withTotal=true&filters={"number":{"to":8}}', COUNT, "true"),
        ("withTotal=exact&searchText=name 3", 3, None),
        ("withTotal=false", None, None),
        ("withTotal=", None, None),
        ("", None, None),
    ],
)
def test_the_total_is_counted_so_far(
    server: LiveServer, path: str, query: str, total: int | None, limited: str | None
) -> None:
    headers = server.ask("GET", f"{path}?{quote(query, safe='=&')}").headers
    assert headers["X-Total-Count"] == (None if total is None else str(total))
    assert headers["X-Total-Count-Limited"] == limited


@pytest.mark.parametrize("total", ["yes", "2", "all", "-1"])
def test_a_bad_total(server: LiveServer, path: str, total: str) -> None:
    assert_problem(server.ask("GET", f"{path}?withTotal={total}"), 400, "invalid_filter")


# near misses


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ('filter={"kind":["1"]}', "filters"),
        ('Filters={"kind":["1"]}', "filters"),
        ('FILTERS={"kind":["1"]}', "filters"),
        ('where={"kind":["1"]}', "filters"),
        ("filter[0][fieldId]=kind&filter[0][value]=1", "filters"),
        ("Filters[0][fieldId]=kind&Filters[0][value]=1", "filters"),
        ("filters[0][fieldId=kind", "filters"),
        ("search=anna", "searchText"),
        ("searchtext=anna", "searchText"),
        ("search_text=anna", "searchText"),
        ("q=anna", "searchText"),
        ("viewid=5", "viewId"),
        ("view_id=5", "viewId"),
        ("ID=5", "id"),
        ("ids=5", "id"),
        ("Limit=1", "limit"),
        ("sortfield=name", "sortField"),
        ("timezoneoffset=180", "timezoneOffset"),
    ],
)
def test_a_near_miss_names_the_right_parameter(server: LiveServer, path: str, sent: str, meant: str) -> None:
    problem = assert_problem(server.ask("GET", f"{path}?{quote(sent, safe='=&')}"), 400, "invalid_filter")
    assert f"Use {meant}:" in problem["detail"]


@pytest.mark.parametrize("sent", ["x=1", "_=1699999", "utm_source=a", "&&&", "=", "%20", "callback=x", "page=2"])
def test_other_parameters_are_passed_over(server: LiveServer, path: str, sent: str) -> None:
    assert server.ask("GET", f"{path}?{sent}").json == server.ask("GET", path).json


@pytest.mark.parametrize(
    "resource", ["/catalogs?sectionid=$settings", "/catalogs?section=$settings", "/catalogs?Fields=1"]
)
def test_near_misses_elsewhere(server: LiveServer, resource: str) -> None:
    expected = 200 if "Fields" in resource else 400  # a list of catalogs takes no fields
    assert server.ask("GET", f"/api/v1{resource}").status == expected
    assert_problem(server.ask("GET", "/api/v1/catalogs/$users?FIELDS=1"), 400, "invalid_filter")


@pytest.mark.parametrize("view", ["5", "$all", "x", "1&viewId=1", "00", "-1"])
def test_there_are_no_views_yet(server: LiveServer, path: str, view: str) -> None:
    assert_problem(server.ask("GET", f"{path}?viewId={view}"), 404, "not_found")


@pytest.mark.parametrize("view", ["viewId=0", "viewId="])
def test_no_view_is_asked_for(server: LiveServer, path: str, view: str) -> None:
    assert server.ask("GET", f"{path}?{view}").json == server.ask("GET", path).json


# spellings


KIND = ('["1"]', "[1]", '["1", "5"]')


@pytest.mark.parametrize("value", KIND)
@pytest.mark.parametrize("spelling", ["leaf", "brackets", "object", "list"])
def test_lists_in_every_spelling(server: LiveServer, path: str, value: str, spelling: str) -> None:
    wanted = json.loads(value)
    query = {
        "leaf": f"filters[0][fieldId]=kind&filters[0][value]={quote(value)}",
        "brackets": bracketed("filters", [{"fieldId": "kind", "value": wanted}]),
        "object": f"filters={quote(json.dumps({'kind': wanted}))}",
        "list": f"filters={quote(json.dumps([{'fieldId': 'kind', 'value': wanted}]))}",
    }[spelling]
    assert pages(server, path, query) == [[6, 5, 4, 3, 2], [1]]


@pytest.mark.parametrize(
    "at", ["2026-01-03T00:00:00+03:00", "2026-01-03T00:00:00 03:00", "2026-01-03T00:00:00%2B03:00"]
)
@pytest.mark.parametrize("key", ["filters[0][value][at]", "filters[0][value][to]"])
def test_a_bare_plus_in_a_date(server: LiveServer, path: str, at: str, key: str) -> None:
    query = f"filters[0][fieldId]=day&{key}={at.replace(' ', '%20')}&sortField=number"
    found = [number for page in pages(server, path, query) for number in page]
    assert found == (list(range(2, RECORDS + 1)) if key.endswith("[at]") else [1])


RESOURCES = (
    "/sections",
    "/sections/$settings",
    "/catalogs",
    "/catalogs/$users",
    "/profile/me",
    "/catalogs/3/records/1",
)


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_time_zone_is_taken_everywhere(server: LiveServer, resource: str) -> None:
    plain = server.ask("GET", f"/api/v1{resource}")
    assert plain.status == 200
    assert server.ask("GET", f"/api/v1{resource}?timezoneOffset=180").json == plain.json


# values that links carry


def test_links_carry_the_fields_that_are_shown(server: LiveServer, path: str) -> None:
    catalog = path.split("/")[4]
    section = server.api("GET", f"/catalogs/{catalog}")["sectionId"]
    config = {"catalogs": [{"id": catalog}], "fields": {catalog: ["number", {"id": "kind"}]}}
    fields = [{"id": "link", "name": "Link", "type": "object", "config": config}]
    linking = server.api("POST", "/catalogs", {"name": "Linking", "sectionId": section, "fields": fields})["id"]
    target = server.ask("GET", f"{path}?limit=1").json[0]
    link = {"catalogId": catalog, "recordId": target["id"]}
    made = server.api("POST", f"/catalogs/{linking}/records", {"values": {"link": link}})["id"]
    wanted = {"number": 13, "kind": ["2"]}
    one, many = f"/catalogs/{linking}/records/{made}", f"/catalogs/{linking}/records"
    for switch in ("withFieldsAdditional=true", "withFieldsAdditional=1", "withFieldsAdditional=true&fields=link"):
        for record in (server.api("GET", f"{one}?{switch}"), server.api("GET", f"{many}?{switch}")[0]):
            assert record["values"]["link"][0]["recordValues"] == wanted
    for switch in ("", "withFieldsAdditional=false", "withFieldsAdditional="):
        assert "recordValues" not in server.api("GET", f"{one}?{switch}")["values"]["link"][0]


# bodies


BODIES: tuple[Any, ...] = (
    {},
    {"2": "x"},
    {"name": "x"},
    {"value": {"name": "x"}},
    {"Values": {"name": "x"}},
    {"id": "own"},
)


@pytest.mark.parametrize("body", BODIES)
def test_a_body_without_values_is_refused(server: LiveServer, path: str, body: dict[str, Any]) -> None:
    before = server.ask("GET", path).json
    for method, address in (("POST", path), ("PATCH", f"{path}/{before[0]['id']}")):
        problem = assert_problem(server.ask(method, address, body), 400, "bad_request")
        assert '"values"' in problem["detail"]
    assert server.ask("GET", path).json == before
