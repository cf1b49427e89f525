"""Whatever a process leaves in ``$status``, ``$headers`` and ``$body`` makes an answer, or a failure that says what is wrong."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from obmen.domain.requests import external
from obmen.domain.requests.external import ExternalAnswer
from obmen.domain.requests.headers import HeaderLimits
from obmen.errors import ProcessFailed

LIMITS = HeaderLimits(header_count=80, header_bytes=8_192, headers_bytes=32_768)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["²", "٣", "\x00", "2" * 5_000, "200 ", "\u2028", 10**4_299, -(10**4_299), 2**64])
    | st.datetimes(timezones=st.just(UTC))
)
"""What a variable can hold: no half characters, and no whole number of more than 4,300 digits."""
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)


def answer_of(variables: dict[str, Any]) -> ExternalAnswer:
    return external.answer_of(variables, own_cookie="connect.sid", limits=LIMITS)


def outcome(variables: dict[str, Any]) -> ExternalAnswer | ProcessFailed:
    try:
        return answer_of(variables)
    except ProcessFailed as refused:
        return refused


@given(status=VALUES, headers=SCALARS | st.lists(VALUES, max_size=2), body=VALUES)
@example(status=10**4_299, headers=None, body=None)
@example(status=200, headers=10**4_299, body=None)
@example(status=200.0, headers={}, body=10**4_299)
@example(status=datetime(2026, 1, 1, tzinfo=UTC), headers=None, body=float("nan"))
@example(status=None, headers=None, body={"a": float("inf"), "b": [datetime(2026, 1, 1, tzinfo=UTC)]})
@example(status=float("inf"), headers=None, body=None)
def test_any_values(status: Any, headers: Any, body: Any) -> None:
    answer = outcome({"$status": status, "$headers": headers, "$body": body})
    if isinstance(answer, ProcessFailed):
        assert all(answer.text(language) for language in ("en", "ru"))
        return
    assert 200 <= answer.status <= 599
    assert all(name.isascii() and value.encode("latin-1") is not None for name, value in answer.headers)
    kinds = [value for name, value in answer.headers if name.lower() == "content-type"]
    assert len(kinds) == bool(answer.body)
    if kinds == ["application/json"]:
        msgspec.json.decode(answer.body)


@pytest.mark.parametrize(
    "status", [0, 99, 100, 101, 199, 600, 1e3, 200.5, -200, True, "", "2OO", " 200", "+200", [200], {}]
)
def test_a_status_that_is_none_is_refused(status: Any) -> None:
    with pytest.raises(ProcessFailed) as refused:
        answer_of({"$status": status})
    assert refused.value.message == "process.bad_status"


@pytest.mark.parametrize(("status", "sent"), [(None, 200), (204, 204), (599.0, 599), ("404", 404), ("200", 200)])
def test_a_status_is_a_number_or_its_text(status: Any, sent: int) -> None:
    assert answer_of({"$status": status}).status == sent
