"""Dates among the variables of a process: kept when it is saved, told apart from texts, shown as ISO 8601."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.json_values import as_json, has_dates, json_text
from obmen.domain.processes.states import State, Token, load, save

DATE = datetime(2026, 1, 31, 9, 5, 7, 120_000, tzinfo=UTC)
TEXT = "2026-01-31T09:05:07.120Z"

milliseconds = st.integers(-62_000_000_000_000, 253_000_000_000_000).map(
    lambda number: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | milliseconds | milliseconds.map(as_json),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=5), values)
def test_a_saved_state_has_its_dates_again_and_no_others(variables: dict[str, Any], result: Any) -> None:
    state = State(variables, {3: Token("a", "assigning", results={"output": result}), 4: Token("b", "calling")}, 4)
    again = load(save(state))
    assert again == state
    assert save(again) == save(state)


@pytest.mark.parametrize(
    "text", [TEXT, "2026-01-31T09:05:07Z", {"$date": TEXT}, {"date": [TEXT]}, [["variables", "a"], TEXT]]
)
def test_a_text_never_becomes_a_date(text: object) -> None:
    state = State({"a": text, "dates": [["a"]]})
    assert load(save(state)) == state


@given(values)
def test_a_date_is_shown_as_text(value: Any) -> None:
    plain = as_json(value)
    assert not has_dates(plain)
    assert json.loads(json_text(value)) == plain
    assert (plain is value) == (not has_dates(value))


def test_the_text_of_a_date() -> None:
    assert as_json({"a": [DATE, {"b": DATE}]}) == {"a": [TEXT, {"b": TEXT}]}
    assert as_json(DATE.astimezone(timezone(timedelta(hours=3)))) == TEXT
    assert json_text(DATE) == f'"{TEXT}"'.encode()


def test_a_deep_value_is_looked_at() -> None:
    value: Any = DATE
    for _ in range(5_000):
        value = [value]
    assert has_dates(value)
    assert not has_dates(as_json(TEXT))
