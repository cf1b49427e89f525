"""What would have narrowed an answer is understood or refused: it never lets more records through than it says."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from live_server import LiveServer
from problems import assert_problem


@pytest.fixture(scope="module")
def records(server: LiveServer) -> str:
    """The path of a catalog's records."""
    section = server.api("POST", "/sections", {"name": "Narrow"})["id"]
    fields = [{"id": "pin", "name": "Pin", "type": "text"}, {"id": "phone", "name": "Phone", "type": "contact"}]
    catalog = server.api("POST", "/catalogs", {"name": "Narrow", "sectionId": section, "fields": fields})["id"]
    path = f"/api/v1/catalogs/{catalog}/records"
    for text in ("1234", "a b", "áé"):
        server.api("POST", path.removeprefix("/api/v1"), {"values": {"pin": text, "phone": text}})
    return path


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        *(
            (name, "filters")
            for name in ("filter", "Filters", "FILTER[pin]", "filters.pin", "filter_s", "filers", "fitlers")
        ),
        *(
            (name, "filters")
            for name in ("flters", "filterss", "where", "filtersJson", "recordsFilter[pin]", "filters:pin")
        ),
        *(
            (name, "searchText")
            for name in ("search", "searchtext", "search-text", "serchText", "searchTxt", "q", "query")
        ),
        *((name, "viewId") for name in ("view", "viewid", "view_id", "veiwId")),
        *((name, "id") for name in ("ids", "ID", "ids[]")),
    ],
)
def test_a_misspelled_parameter_is_refused_with_the_right_name(
    server: LiveServer, records: str, sent: str, meant: str
) -> None:
    for value in ("", "1234", "0"):
        problem = assert_problem(server.ask("GET", f"{records}?{quote(sent)}={value}"), 400, "invalid_filter")
        assert f" {meant}" in problem["detail"]


@pytest.mark.parametrize(
    "name", ["_", "page", "sort", "order", "lang", "token", "field", "offsets", "utm_source", "callback"]
)
def test_other_parameters_are_passed_over(server: LiveServer, records: str, name: str) -> None:
    answer = server.ask("GET", f"{records}?{name}=1")
    assert (answer.status, len(answer.json)) == (200, 3)


@pytest.mark.parametrize(
    "name", ["searchText", "viewId", "sortField", "limit", "offset", "after", "withTotal", "timezoneOffset"]
)
def test_a_parameter_of_one_value_takes_no_other_shape(server: LiveServer, records: str, name: str) -> None:
    for query in (
        f"{name}[x]=1",
        f"{name}[0][x]=1",
        f"{name}=1&{name}[x]=1",
    ):
        assert_problem(server.ask("GET", f"{records}?{quote(query, safe='=&')}"), 400, "invalid_filter")


@pytest.mark.parametrize("name", ["searchText", "viewId"])
@pytest.mark.parametrize("values", [("1234", "0"), ("", "0"), ("1234", "")])
def test_different_values_of_a_parameter_that_narrows(
    server: LiveServer, records: str, name: str, values: tuple[str, str]
) -> None:
    query = "&".join(f"{name}={value}" for value in values)
    assert_problem(server.ask("GET", f"{records}?{query}"), 400, "invalid_filter")


def test_a_parameter_sent_twice_alike_is_one(server: LiveServer, records: str) -> None:
    for query in ("limit=1&limit=1", "limit[]=1", "searchText=1234&searchText=1234"):
        assert len(server.ask("GET", f"{records}?{query}").json) == 1


@pytest.mark.parametrize("text", ["\u0301", "\u0301\u0300", "\u0308"])
def test_a_text_of_which_nothing_is_compared_finds_nothing(server: LiveServer, records: str, text: str) -> None:
    spelled = [f"searchText={quote(text)}", f"filters={quote(json.dumps({'pin': text}))}"]
    for query in [*spelled, f"filters={quote(json.dumps({'phone': text}))}"]:
        answer = server.ask("GET", f"{records}?{query}")
        assert (answer.status, answer.json) == (200, []), query


@pytest.mark.parametrize("key", ["limit", "offset"])
@pytest.mark.parametrize("number", ["-1", "1.5", "1_0", "٣", "1e3", "0x10", "9" * 5_000])
def test_pages_are_whole_numbers(server: LiveServer, records: str, key: str, number: str) -> None:
    assert_problem(server.ask("GET", f"{records}?{key}={quote(number)}"), 400, "invalid_filter")


@pytest.mark.parametrize("sort", ["", "&sortField=pin", "&sortField=phone&sortType=-1"])
@pytest.mark.parametrize("limit", ["", "&limit=0", "&limit=1000", f"&limit={2**62}"])
def test_a_page_behind_everything_is_empty(server: LiveServer, records: str, sort: str, limit: str) -> None:
    for filters in ("", "&searchText=1234"):
        for offset in (2**31, 2**53, 2**61, 2**62 - 1, 2**62):
            answer = server.ask("GET", f"{records}?offset={offset}{limit}{sort}{filters}")
            assert (answer.status, answer.json) == (200, [])
        assert server.ask("GET", f"{records}?offset={2**62 + 1}{limit}{sort}{filters}").status == 400


@pytest.mark.parametrize("name", ["$or", "$and", "fieldId", "attr"])
def test_words_of_filters_are_no_ids_of_fields(server: LiveServer, records: str, name: str) -> None:
    catalog = records.split("/")[4]
    section = server.api("GET", f"/catalogs/{catalog}")["sectionId"]
    field: dict[str, Any] = {"id": name, "name": "Field", "type": "text"}
    new = {"name": "New", "sectionId": section, "fields": [field]}
    assert_problem(server.ask("POST", "/api/v1/catalogs", new), 400, "invalid_catalog")
    renamed = {"fields": [{**field, "prevId": "pin"}, {"id": "phone"}]}
    assert_problem(server.ask("PATCH", f"/api/v1/catalogs/{catalog}", renamed), 400, "invalid_catalog")
