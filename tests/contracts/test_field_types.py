"""Every field type there is, by the API on PostgreSQL: values, defaults, filters, order, and what is refused.

A new type has no sample and fails here until it has one.
"""

import itertools
import json
from typing import Any
from urllib.parse import quote

import pytest
from field_samples import HEADINGS, HOSTILE, SAMPLES, Company, Sample

from live_server import LiveServer
from obmen.bootstrap import registered
from php_queries import bracketed

TYPES = sorted(SAMPLES)


class Typed:
    """A catalog with a field ``value`` of one type, and a record for each of the sample's rows."""

    def __init__(self, server: LiveServer, company: Company, kind: str) -> None:
        self.server = server
        self.kind = kind
        self.section = company.section
        self.sample: Sample = SAMPLES[kind](company)
        self.catalog = self.make(self.sample.config)
        for name, value in self.sample.rows.items():
            self.add({"key": name, "value": value})

    def make(self, config: Any, **properties: Any) -> str:
        key = {"id": "key", "name": "Key", "type": "text"}
        field = {"id": "value", "name": "The value", "type": self.kind, "config": config, **properties}
        sent = {"name": self.kind, "sectionId": self.section, "fields": [key, field]}
        return str(self.server.api("POST", "/catalogs", sent)["id"])

    def add(self, values: dict[str, Any], catalog: str = "") -> str:
        path = f"/catalogs/{catalog or self.catalog}/records"
        return str(self.server.api("POST", path, {"values": values})["id"])

    def value(self, record: str, catalog: str = "") -> Any:
        read = self.server.api("GET", f"/catalogs/{catalog or self.catalog}/records/{record}")
        return read["values"]["value"]

    def names(self, query: str) -> list[str]:
        found = self.server.api("GET", f"/catalogs/{self.catalog}/records?{query}")
        return [record["values"]["key"] for record in found]


@pytest.fixture(scope="module")
def catalogs(server: LiveServer) -> dict[str, Typed]:
    company = Company(server)
    return {kind: Typed(server, company, kind) for kind in TYPES}


@pytest.fixture
def typed(catalogs: dict[str, Typed], request: pytest.FixtureRequest) -> Typed:
    return catalogs[request.param]


every_type = pytest.mark.parametrize("typed", TYPES, indirect=True)


def test_every_type_has_a_sample() -> None:
    assert set(registered().field_types) == {*SAMPLES, *HEADINGS}


@every_type
def test_a_value_comes_back_as_documented(typed: Typed) -> None:
    spare = typed.make(typed.sample.config)
    for sent, answered in typed.sample.round_trip:
        record = typed.add({"value": sent}, spare)
        assert _comparable(typed.value(record, spare)) == answered, sent
        typed.server.api("PATCH", f"/catalogs/{spare}/records/{record}", {"values": {"value": None}})
        assert typed.value(record, spare) == typed.sample.empty
        typed.server.api("PATCH", f"/catalogs/{spare}/records/{record}", {"values": {"value": sent}})
        assert _comparable(typed.value(record, spare)) == answered, sent


def _comparable(value: Any) -> Any:
    """Without the ids of files, which are handed out anew."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "mimeType" in value[0]:
        return [{key: item for key, item in file.items() if key != "id"} for file in value]
    return value


@every_type
def test_an_answered_value_may_be_sent_back(typed: Typed) -> None:
    spare = typed.make(typed.sample.config)
    record = typed.add({"value": typed.sample.round_trip[0][0]}, spare)
    before = typed.server.api("GET", f"/catalogs/{spare}/records/{record}")

    typed.server.api("PATCH", f"/catalogs/{spare}/records/{record}", {"values": before["values"]})

    assert typed.server.api("GET", f"/catalogs/{spare}/records/{record}") == before


@every_type
def test_no_value(typed: Typed) -> None:
    spare = typed.make(typed.sample.config)
    assert typed.value(typed.add({}, spare), spare) == typed.sample.empty
    if typed.sample.default is not None:
        config, answered = typed.sample.default
        spare = typed.make(config)
        assert typed.value(typed.add({}, spare), spare) == answered
        assert typed.value(typed.add({"value": None}, spare), spare) == typed.sample.empty


def test_a_date_is_now_by_default(catalogs: dict[str, Typed]) -> None:
    typed = catalogs["date"]
    spare = typed.make({"defaultValue": True})
    assert typed.value(typed.add({}, spare), spare)[:2] == "20"


@every_type
def test_a_required_value(typed: Typed) -> None:
    spare = typed.make(typed.sample.config, required=True)
    path = f"/api/v1/catalogs/{spare}/records"
    if typed.kind != "switch":  # off is a value
        for values in ({}, {"value": None}):
            _assert_refused(typed.server.ask("POST", path, {"values": values}))
        assert typed.server.api("GET", f"/catalogs/{spare}/records") == []
    record = typed.add({"value": typed.sample.round_trip[0][0]}, spare)
    _assert_refused(typed.server.ask("PATCH", f"{path}/{record}", {"values": {"value": None}}))
    typed.server.api("PATCH", f"/catalogs/{spare}/records/{record}", {"values": {"key": "other"}})


@every_type
def test_a_value_of_another_shape_is_refused_and_nothing_is_saved(typed: Typed) -> None:
    spare = typed.make(typed.sample.config)
    record = typed.add({"value": typed.sample.round_trip[0][0]}, spare)
    before = typed.server.api("GET", f"/catalogs/{spare}/records")
    path = f"/api/v1/catalogs/{spare}/records"
    hostile = [value for name, value in HOSTILE.items() if name not in typed.sample.fits]
    for value in [*hostile, *typed.sample.wrong]:
        _assert_refused(typed.server.ask("POST", path, {"values": {"key": "new", "value": value}}), value)
        _assert_refused(
            typed.server.ask("PATCH", f"{path}/{record}", {"values": {"key": "new", "value": value}}), value
        )
    assert typed.server.api("GET", f"/catalogs/{spare}/records") == before


def _assert_refused(answer: Any, value: Any = None) -> None:
    assert answer.status == 400, (str(value)[:80], answer.body[:300])
    assert answer.json["code"] == "invalid_value"
    assert [error["field"] for error in answer.json["errors"]] == ["value"], str(value)[:80]
    message = answer.json["errors"][0]["message"]
    assert "The value" in message
    assert len(message) < 400


@every_type
def test_half_a_surrogate_pair_is_no_character(typed: Typed) -> None:
    """As text it is U+FFFD; where no text is wanted it is refused like any other."""
    spare = typed.make(typed.sample.config)
    answer = typed.server.ask(
        "POST",
        f"/api/v1/catalogs/{spare}/records",
        b'{"values": {"value": "\\ud800"}}',
        headers={"Content-Type": "application/json"},
    )
    if answer.status == 200:
        kept = typed.value(answer.json["id"], spare)
        assert "\ufffd" in (kept[0]["contact"] if isinstance(kept, list) else kept)
    else:
        assert (answer.status, answer.json["code"]) == (400, "invalid_value")


@every_type
def test_hostile_values_that_fit_are_kept_as_they_are(typed: Typed) -> None:
    spare = typed.make(typed.sample.config)
    for name in typed.sample.fits:
        value = HOSTILE[name]
        kept = typed.value(typed.add({"value": value}, spare), spare)
        if isinstance(kept, list):
            kept = kept[0]["contact"] if isinstance(kept[0], dict) else kept[0]
        if isinstance(value, list):
            value = value[0]
        assert kept == value or float(kept) == float(value), name


@every_type
def test_every_filter_in_every_spelling(typed: Typed) -> None:
    for value, expected in typed.sample.filters:
        for query in _spellings([{"fieldId": "value", "value": value}], {"value": value}):
            assert sorted(typed.names(query)) == sorted(expected), query


def _spellings(listed: list[Any], keyed: dict[str, Any]) -> list[str]:
    """As brackets, as a JSON list and as a JSON object; nothing cannot be spelled in brackets."""
    spelled = [f"filters={quote(json.dumps(filters))}" for filters in (listed, keyed)]
    if all(item["value"] is not None for item in listed):
        spelled += [bracketed("filters", filters) for filters in (listed, keyed)]
    return spelled


@every_type
def test_filters_joined_by_or_and_and(typed: Typed) -> None:
    for (one, first), (two, second) in itertools.pairwise(typed.sample.filters):
        union, both = set(first) | set(second), set(first) & set(second)
        every = set(typed.sample.rows)
        cases = [
            ({"value": {"$or": [one, two]}}, union),
            ({"value": {"$and": [one, two]}}, both),
            ({"$or": [{"value": one}, {"value": two}]}, union),
            ({"$and": [{"value": one}, {"value": two}]}, both),
            ({"$or": [{"$and": [{"value": one}, {"value": {"$or": [two, one]}}]}, {"key": "a"}]}, set(first) | {"a"}),
            ({"$and": [{"$or": [{"value": one}, {"value": two}]}], "key": "a"}, union & {"a"}),
            ([{"fieldId": "value", "value": one}, {"fieldId": "value", "value": two}], both),
            ([{"$or": [{"fieldId": "value", "value": one}, {"key": "b"}]}], (set(first) | {"b"}) & every),
        ]
        for filters, expected in cases:
            assert set(typed.names(f"filters={quote(json.dumps(filters))}")) == expected, filters


@every_type
def test_a_filter_of_another_shape_is_refused(typed: Typed) -> None:
    for value in typed.sample.wrong_filters:
        filters = quote(json.dumps({"value": value}))
        answer = typed.server.ask("GET", f"/api/v1/catalogs/{typed.catalog}/records?filters={filters}")
        assert (answer.status, answer.json["code"]) == (400, "invalid_filter"), (value, answer.body[:300])


@every_type
def test_hostile_filters_never_break_the_server(typed: Typed) -> None:
    hostile = [*HOSTILE.values(), ["a\x00b"], ["1", "\x00"], [10**30], [-(2**70)], {"at": 10**300}, {"to": "1e9999"}]
    for value in hostile:
        if isinstance(value, str) and len(value) > 1_000:
            continue  # longer than a request line
        for filters in ({"value": value}, {"value": {"$or": [value, value]}}):
            path = f"/api/v1/catalogs/{typed.catalog}/records?filters={quote(json.dumps(filters))}"
            answer = typed.server.ask("GET", path)
            assert answer.status in (200, 400), (value, answer.body[:300])


@every_type
def test_records_are_sorted_by_it(typed: Typed) -> None:
    ascending = typed.names("sortField=value")
    descending = typed.names("sortField=value&sortType=-1")
    empty = [name for name, value in typed.sample.rows.items() if value is None]
    filled = len(typed.sample.rows) - len(empty)
    assert sorted(ascending) == sorted(typed.sample.rows)
    if typed.sample.ascending:
        assert "".join(ascending) == typed.sample.ascending
    if typed.kind != "switch":
        assert ascending[filled:] == descending[filled:] == empty
        assert ascending[:filled] == descending[:filled][::-1]
    assert typed.names("sortField=value&sortType=1") == ascending


@pytest.mark.parametrize("kind", HEADINGS)
def test_a_heading_holds_no_value(server: LiveServer, catalogs: dict[str, Typed], kind: str) -> None:
    fields = [{"id": "head", "name": "Head", "type": kind}, {"id": "name", "name": "Name", "type": "text"}]
    sent = {"name": "Headed", "sectionId": catalogs["text"].section, "fields": fields}
    made = server.api("POST", "/catalogs", sent)
    path = f"/api/v1/catalogs/{made['id']}/records"
    answer = server.ask("POST", path, {"values": {"head": "x"}})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "head")
    record = server.api("POST", f"/catalogs/{made['id']}/records", {"values": {"name": "x"}})["id"]
    assert server.api("GET", f"/catalogs/{made['id']}/records/{record}")["values"] == {"name": "x"}
    for query in ("sortField=head", "filters=" + quote('{"head": "x"}')):
        assert server.ask("GET", f"{path}?{query}").status == 400


@pytest.mark.parametrize("kind", ["dropdown", "user", "object", "file"])
def test_one_value_where_several_are_not_allowed(catalogs: dict[str, Typed], kind: str) -> None:
    typed = catalogs[kind]
    spare = typed.make({**typed.sample.config, "multiselect": False})
    several = next(
        (value for value, _ in typed.sample.round_trip if isinstance(value, list) and len(value) > 1),
        [{"title": "a", "src": "data:,a"}, {"title": "b", "src": "data:,b"}],
    )
    _assert_refused(typed.server.ask("POST", f"/api/v1/catalogs/{spare}/records", {"values": {"value": several}}))
    assert len(typed.value(typed.add({"value": several[:1]}, spare), spare)) == 1


def test_bounds_of_a_number(catalogs: dict[str, Typed]) -> None:
    typed = catalogs["number"]
    spare = typed.make({"min": -1, "max": "10.5"})
    for value in (-1.01, 10.51, "11"):
        _assert_refused(typed.server.ask("POST", f"/api/v1/catalogs/{spare}/records", {"values": {"value": value}}))
    for value in (-1, 10.5):
        assert typed.value(typed.add({"value": value}, spare), spare) == value


def test_a_secret_is_never_answered(catalogs: dict[str, Typed]) -> None:
    typed = catalogs["text"]
    spare = typed.make({"type": "secret"})
    record = typed.add({"key": "k", "value": "pass-word-1"}, spare)
    path = f"/api/v1/catalogs/{spare}/records"
    assert typed.value(record, spare) == "********"
    assert typed.server.ask("GET", f"{path}?searchText=pass-word-1").json == []
    for query in ("sortField=value", "filters=" + quote('{"value": "pass"}')):
        answer = typed.server.ask("GET", f"{path}?{query}")
        assert answer.status == 400
        assert b"pass-word-1" not in answer.body
    title = typed.server.api("GET", f"/catalogs/{spare}/records/{record}")["title"]
    assert "pass-word-1" not in title


def _path(server: LiveServer, url: str) -> str:
    """Where on this server an absolute address leads."""
    assert url.startswith(server.url + "/")
    return url.removeprefix(server.url)


def test_a_file_sent_inline_is_kept_and_answered(catalogs: dict[str, Typed]) -> None:
    typed = catalogs["file"]
    for source, mime_type in (
        ("data:text/plain;base64,0L/RgNC40LLQtdGC", "text/plain"),
        ("data:text/plain,%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82", "text/plain"),
        ("data:;base64,0L/RgNC40LLQtdGC", "application/octet-stream"),
    ):
        record = typed.add({"value": [{"title": 'привет".html', "src": source}]})
        (file,) = typed.value(record)
        assert (file["title"], file["size"], file["mimeType"]) == ('привет".html', 12, mime_type)
        answer = typed.server.ask("GET", _path(typed.server, file["url"]), auth=None)
        assert (answer.status, answer.body.decode()) == (200, "привет")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        led = typed.server.ask("GET", f"/api/v1/files/{file['id']}")
        assert (led.status, led.headers["Location"]) == (302, file["url"])
        assert typed.server.ask("GET", f"/api/v1/files/{file['id']}", auth=None).status == 401
        for forged in (file["url"][:-1] + "_", file["url"].replace(f"/{file['id']}.", "/999999.")):
            assert typed.server.ask("GET", _path(typed.server, forged), auth=None).status in (403, 404)
        again = typed.add({"value": [{"id": file["id"]}]})
        assert typed.value(again) == [file]
        for made in (record, again):
            typed.server.api("DELETE", f"/catalogs/{typed.catalog}/records/{made}")
