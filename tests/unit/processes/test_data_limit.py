"""The limit of what a process carries: kept at every step, measured whole only when it may be passed."""

from typing import Any

import pytest

from obmen.errors import StepFailed
from obmen.services.processes.data_limit import DataLimit


def test_what_is_replaced_does_not_count_twice() -> None:
    limit = DataLimit(1_000, {})
    for turn in range(100):
        limit.check(["x" * 400], {"a": "x" * 400, "turn": turn})


def test_what_is_added_counts() -> None:
    variables: dict[str, Any] = {}
    limit = DataLimit(1_000, variables)
    for name in "ab":
        variables[name] = "x" * 400
        limit.check([variables[name]], variables)
    variables["c"] = "x" * 400
    with pytest.raises(StepFailed, match="1000"):
        limit.check([variables["c"]], variables)


def test_letters_count_as_bytes() -> None:
    DataLimit(100, {"a": "x" * 60})
    with pytest.raises(StepFailed):
        DataLimit(100, {"a": "ё" * 60})


def test_a_value_that_could_not_be_saved_is_refused() -> None:
    value: Any = 1
    for _ in range(5_000):
        value = [value]
    limit = DataLimit(100_000, {})
    with pytest.raises(StepFailed, match="too deep"):
        limit.check([value], {"a": value})
