"""Numbers of JSON: exact for records, and for processes a double or the text of what no double is."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.encoding import decode, decode_near

NUMBERS = st.from_regex(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?", fullmatch=True).filter(
    lambda text: abs(Decimal(text).adjusted()) <= 400
)


@given(NUMBERS)
def test_a_number_is_never_rounded(text: str) -> None:
    assert Decimal(str(decode(text))) == Decimal(text)
    near = decode_near(text)
    if isinstance(near, str):
        assert near == text
        assert is_rounded(text)
    else:
        assert Decimal(repr(near)) == Decimal(text)
        assert Decimal(repr(float(near))) == Decimal(text)


def is_rounded(text: str) -> bool:
    """Whether JavaScript would give back another number, or one beyond the whole numbers it knows all of."""
    value = json.loads(text, parse_int=int)
    if isinstance(value, int):
        return abs(value) >= 2**53
    return Decimal(repr(value)) != Decimal(text)


@given(st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")))
def test_numbers_within_lists(text: str) -> None:
    def one_by_one(value: Any) -> Any:
        return [one_by_one(item) for item in value] if isinstance(value, list) else decode_near(value)

    as_texts = json.loads(text, parse_int=str, parse_float=str)
    assert decode_near(f'{{"a": {text}}}') == decode_near(f'{{"a": {text}}}'.encode()) == {"a": one_by_one(as_texts)}


@pytest.mark.parametrize("text", ["9007199254740991", "-9007199254740991", "0.1", "1.10", "1e21", "5e-324", "-0.0"])
def test_what_a_double_holds_is_a_number(text: str) -> None:
    assert isinstance(decode_near(text), int | float)
    assert decode_near(text) == float(text)


@pytest.mark.parametrize(
    "text",
    ["9007199254740992", "-9007199254740993", "0.1234567890123456789", "1e400", "1e-400", "12345678901234567.89"],
)
def test_what_no_double_holds_is_a_text(text: str) -> None:
    assert decode_near(text) == text


@pytest.mark.parametrize("text", ["1e999999999", "-1E-999999999", "01", "1.", "NaN", "+1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_near(text)
