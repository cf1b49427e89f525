"""Whatever JSON a sender writes as a value or a filter of a field of any type, it is taken or refused: it is never a fault of Obmen."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from field_samples import SAMPLES, Company
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live_server import LiveServer

JSON = {"Content-Type": "application/json"}
KEYS = (
    "at",
    "to",
    "id",
    "catalogId",
    "recordId",
    "filters",
    "contact",
    "comment",
    "title",
    "src",
    "size",
    "$or",
    "$and",
    "x",
)

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,45})(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,9})?", fullmatch=True)
DATES = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?",
                      fullmatch=True)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text("%_\\\\'\"{}[]()$&|;\x00\ud800\u0301\U0001f600", max_size=8),
    st.sampled_from(
        ["", " ", "true", "NaN", "Infinity", "CURRENT_USER", "NULL_DATE", "data:,x", "http://x/", "1" * 30]
    ),
    DATES,
    NUMBERS,
).map(json.dumps)


def _lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")


def _objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    return pairs.map(lambda found: "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in found.items()) + "}")


VALUES = st.recursive(
    st.one_of(st.sampled_from(["null", "true", "false"]), NUMBERS, TEXTS),
    lambda inner: st.one_of(_lists(inner), _objects(inner)),
    max_leaves=6,
)
"""JSON as text: numbers of any size among it."""


@pytest.fixture(scope="module")
def path(server: LiveServer) -> str:
    """Records of a catalog with a field of every type, under its name."""
    company = Company(server)
    fields = [
        {"id": kind, "name": kind, "type": kind, "config": dict(sample(company).config)}
        for kind, sample in SAMPLES.items()
    ]
    sent = {"name": "Everything", "sectionId": company.section, "fields": fields}
    return f"/api/v1/catalogs/{server.api('POST', '/catalogs', sent)['id']}/records"


@pytest.fixture(scope="module")
def ask(server: LiveServer, path: str) -> Callable[..., Any]:
    def one(method: str, tail: str, body: str | None = None) -> Any:
        answer = server.ask(method, path + tail, None if body is None else body.encode(), headers=JSON)
        assert answer.status in (200, 400, 413), (method, tail, body, answer.body[:300])
        return answer

    return one


wild = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
kinds = st.sampled_from(sorted(SAMPLES))


@wild
@given(kinds, VALUES)
def test_any_value(ask: Callable[..., Any], kind: str, value: str) -> None:
    made = ask("POST", "", f'{{"values": {{"{kind}": {value}}}}}')
    if made.status == 200:
        record = made.json["id"]
        read = ask("GET", f"/{record}").json["values"]
        assert ask("PATCH", f"/{record}", f'{{"values": {{"{kind}": {value}}}}}').status == 200
        if kind != "file":  # a new file each time
            assert ask("GET", f"/{record}").json["values"] == read
        assert ask("PATCH", f"/{record}", json.dumps({"values": read})).status == 200
        ask("DELETE", f"/{record}")


@wild
@given(kinds, VALUES, st.sampled_from(["{}", '{{"at": {}}}', '{{"to": {}}}', '{{"$or": [{}, null]}}']))
def test_any_filter(ask: Callable[..., Any], kind: str, value: str, form: str) -> None:
    wanted = form.format(value)
    for filters in (f'{{"{kind}": {wanted}}}', f'[{{"fieldId": "{kind}", "value": {wanted}}}]'):
        for more in ("", f"&sortField={kind}&limit=1", "&withTotal=exact"):
            ask("GET", f"?filters={quote(filters)}{more}")


@wild
@given(st.text(max_size=30).filter(lambda text: text.isprintable()))
def test_any_search(ask: Callable[..., Any], text: str) -> None:
    ask("GET", f"?searchText={quote(text)}&withTotal=true")
