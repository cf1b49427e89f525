"""Query strings with brackets."""

import contextlib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.requests import query_strings
from obmen.errors import BadRequest, TooLarge
from php_queries import bracketed

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.text("abcxyz$_é ", min_size=1, max_size=5)
NESTED = st.recursive(
    TEXTS, lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3)
)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", {}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("id=1&id=2", {"id": ["1", "2"]}),
        ("id=1&id=2&id=3", {"id": ["1", "2", "3"]}),
        ("id[]=1", {"id": ["1"]}),
        ("id[]=1&id[]=2", {"id": ["1", "2"]}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a[0]=x&a[7]=y&a[10]=z", {"a": ["x", "y", "z"]}),
        ("a[x]=1&a[y][z]=2", {"a": {"x": "1", "y": {"z": "2"}}}),
        ("a[0][b]=1&a[0][c]=2&a[1][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ("a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
        ("a+b=c+d%2B", {"a b": "c d+"}),
        ("a=1=2", {"a": "1=2"}),
        ("a[=1", {"a[": "1"}),
        ("a]=1", {"a]": "1"}),
        ("[a]=1", {"[a]": "1"}),
        ("a[b]c=1", {"a[b]c": "1"}),
        ("a[b][=1", {"a[b][": "1"}),
        ("a[[b]]=1", {"a[[b]]": "1"}),
        ("&&=&a=1", {"": "", "a": "1"}),
        ("a;b=1", {"a;b": "1"}),
        ("a=1&a[b]=2", {"a": {"0": "1", "b": "2"}}),
        ("a[b]=2&a=1", {"a": {"b": "2", "1": "1"}}),
        ("a[٣]=1", {"a": {"٣": "1"}}),
        ("__proto__[x]=1&constructor=2", {"__proto__": {"x": "1"}, "constructor": "2"}),
    ],
)
def test_spellings(text: str, read: dict[str, Any]) -> None:
    assert query_strings.parse(text, depth=10) == read


@given(st.dictionaries(KEYS, NESTED, min_size=1, max_size=4))
def test_what_php_writes_comes_back(value: dict[str, Any]) -> None:
    text = "&".join(bracketed(name, item) for name, item in value.items())
    assert query_strings.parse(text, depth=100) == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for form in (text, quote(text, safe="[]&=%", errors="replace")):
        with contextlib.suppress(BadRequest, TooLarge):
            assert isinstance(query_strings.parse(form, depth=5), dict)


def test_another_charset() -> None:
    assert query_strings.parse("a=%E0", depth=2, encoding="cp1251") == {"a": "а"}


@pytest.mark.parametrize("text", ["a=%FF", "%C0%AF=1", "a=%ED%A0%80"])
def test_bytes_that_are_no_text(text: str) -> None:
    with pytest.raises(BadRequest):
        query_strings.parse(text, depth=2)


def test_limits() -> None:
    assert query_strings.parse("a[b][c]=1", depth=3) == {"a": {"b": {"c": "1"}}}
    with pytest.raises(TooLarge):
        query_strings.parse("a[b][c][d]=1", depth=3)
    fields = [f"a{number}=1" for number in range(query_strings.PARAMETERS + 1)]
    assert len(query_strings.parse("&".join(fields[:-1]), depth=3)) == query_strings.PARAMETERS
    with pytest.raises(TooLarge):
        query_strings.parse("&".join(fields), depth=3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, ""),
        ({"a": "x"}, "x"),
        ({"a": ["x", "y"]}, "y"),
        ({"a": []}, ""),
        ({"a": {"b": "x"}}, ""),
        ({"a": [{"b": 1}]}, ""),
    ],
)
def test_the_text_of_a_parameter(value: dict[str, Any], text: str) -> None:
    assert query_strings.text_of(value, "a") == text
