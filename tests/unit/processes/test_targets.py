"""Targets: what names a place for a result, what the names mean, and what is refused when the scenario is saved."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from obmen.domain.processes.targets import Computed, read_target
from obmen.domain.processes.variables import assign
from obmen.errors import StepFailed


def written(text: str, before: dict[str, Any], *values: Any) -> dict[str, Any]:
    """The variables after ``new`` went to a target whose expressions have these values."""
    return assign(before, [(read_target(text).path(iter(values)), "new")])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a", ["a"]),
        ("$body", ["$body"]),
        ("a.b.c", ["a", "b", "c"]),
        (" a . b ", ["a", "b"]),
        ("data.temp.сотрудники", ["data", "temp", "сотрудники"]),
        ("headers.Content-Type", ["headers", "Content-Type"]),
        ("data.rows[0].values", ["data", "rows", 0, "values"]),
        ("rows[10][2]", ["rows", 10, 2]),
        ("a['key']", ["a", "key"]),
        ('a["k.x"].b', ["a", "k.x", "b"]),
        ("a[ 'x' ].b", ["a", "x", "b"]),
        ("rows[i].values", ["rows", Computed("i"), "values"]),
        ("rows[i + 1][ids[0]]", ["rows", Computed("i + 1"), Computed("ids[0]")]),
        ("rows[f(']')]", ["rows", Computed("f(']')")]),
        ("rows[`a${b}`]", ["rows", Computed("`a${b}`")]),
        ("a[01]", ["a", Computed("01")]),
        ("a['x' + y]", ["a", Computed("'x' + y")]),
        ("${k}", [Computed("`${k}`")]),
        ("row_${i}.x", [Computed("`row_${i}`"), "x"]),
        ("totals.${months[i].name}", ["totals", Computed("`${months[i].name}`")]),
        ("a.${f({b: '}'})}", ["a", Computed("`${f({b: '}'})}`")]),
    ],
)
def test_a_target_is_read(text: str, keys: Sequence[object]) -> None:
    target = read_target(text)
    assert list(target.keys) == list(keys)
    assert target.sources == [key.source for key in keys if isinstance(key, Computed)]


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "a..b", ".a", "a.", "a[", "a[]", "a[ ]", "a]", "a[0", "a[0]]", "a['x", "a['']", "a[0]b", "a.[0]", "[0]", "[0].a",
        "a[(0])]", "${", "${}", "${ }", "a${b", "a{b}", "'a'", "`a`", "a\nb", "a\x00", ".".join("a" * 33), "a" + "[0]" * 32,
    ],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (it is told by who reads the file)
        read_target(text)


@pytest.mark.parametrize(
    ("text", "dotted"),
    [("a", "a"), ("a.b", "a.b"), ("a['b']", "a.b"), ("a['b.c']", None), ("a[0]", None), ("a[i]", None), ("${a}", None)],
)
def test_plain_targets_are_names_with_dots(text: str, dotted: str | None) -> None:
    assert read_target(text).dotted == dotted


ROWS = {"data": {"rows": [{"values": 1, "kept": True}, {"values": 2}]}, "beside": [1]}


@pytest.mark.parametrize(
    ("text", "values", "rows"),
    [
        ("data.rows[0].values", (), [{"values": "new", "kept": True}, {"values": 2}]),
        ("data.rows[i].values", (1,), [{"values": 1, "kept": True}, {"values": "new"}]),
        ("data.rows[i].values", (1.0,), [{"values": 1, "kept": True}, {"values": "new"}]),
        ("data.rows[i].values", ("0",), [{"values": "new", "kept": True}, {"values": 2}]),
        ("data['rows'][1]", (), [{"values": 1, "kept": True}, "new"]),
        ("data.rows[n]", (2,), [{"values": 1, "kept": True}, {"values": 2}, "new"]),
        ("data.rows[n]", (4,), [{"values": 1, "kept": True}, {"values": 2}, None, None, "new"]),
        ("data.rows[n].values[k]", (2, 1), [{"values": 1, "kept": True}, {"values": 2}, {"values": [None, "new"]}]),
    ],
)
def test_a_result_goes_into_an_item_of_a_list(text: str, values: tuple[Any, ...], rows: list[Any]) -> None:
    after = written(text, ROWS, *values)
    assert after == {"data": {"rows": rows}, "beside": [1]}
    assert ROWS["data"] == {"rows": [{"values": 1, "kept": True}, {"values": 2}]}
    assert after["beside"] is ROWS["beside"]


@pytest.mark.parametrize(
    ("text", "values", "after"),
    [
        ("${k}", ("dyn",), {"dyn": "new"}),
        ("${k}", ("a.b",), {"a.b": "new"}),
        ("sums.${m}", ("2026-01",), {"sums": {"2026-01": "new"}}),
        ("list[0]", (), {"list": ["new"]}),
        ("list[1].x", (), {"list": [None, {"x": "new"}]}),
        ("values['2']", (), {"values": {"2": "new"}}),
        ("values.2", (), {"values": {"2": "new"}}),
    ],
)
def test_what_is_missing_is_made(text: str, values: tuple[Any, ...], after: dict[str, Any]) -> None:
    assert written(text, {}, *values) == after


def test_a_number_is_a_key_of_an_object_that_is_there() -> None:
    assert written("values[n]", {"values": {"2": "old", "3": 1}}, 2) == {"values": {"2": "new", "3": 1}}


@pytest.mark.parametrize("value", [None, True, "", -1, 0.5, [], {}, "-1", datetime(2026, 1, 1, tzinfo=UTC)])
def test_a_value_that_is_no_key_fails_the_step(value: object) -> None:
    with pytest.raises(StepFailed) as failed:
        written("rows[i].values", {"rows": []}, value)
    assert "rows[i].values" in str(failed.value)


def test_a_place_far_behind_the_end_fails_the_step() -> None:
    assert len(written("rows[i]", {"rows": []}, 10_000)["rows"]) == 10_001
    with pytest.raises(StepFailed, match="999999999"):
        written("rows[i]", {"rows": [1]}, 999_999_999)
