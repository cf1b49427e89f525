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
from reading_limits import limits

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
        ("a[0]=x&a[7]=y&a[20]=z", {"a": ["x", "y", "z"]}),
        ("a[0]=x&a[21]=y", {"a": {"0": "x", "21": "y"}}),
        ("goods[1001]=2&goods[1002]=5", {"goods": {"1001": "2", "1002": "5"}}),
        ("goods[1]=2&goods[2]=5", {"goods": {"1": "2", "2": "5"}}),
        ("a[00]=x&a[01]=y", {"a": {"00": "x", "01": "y"}}),
        ("a[-1]=x&a[0]=y", {"a": {"-1": "x", "0": "y"}}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("a[]=x&a[k]=y&a[]=z", {"a": {"0": "x", "k": "y", "1": "z"}}),
        ("a[0]=x&a[0]=y", {"a": [["x", "y"]]}),
        ("&".join(f"a[{n}]={n}" for n in range(99, -1, -1)), {"a": [str(n) for n in range(100)]}),
        (f"a[{'9' * 4301}]=1", {"a": {"9" * 4301: "1"}}),
        ("%EF%BB%BFa=1", {"\ufeffa": "1"}),
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
        ("a[b]=2&a=1", {"a": {"b": "2", "0": "1"}}),
        ("a[٣]=1", {"a": {"٣": "1"}}),
        ("__proto__[x]=1&constructor=2", {"__proto__": {"x": "1"}, "constructor": "2"}),
    ],
)
def test_spellings(text: str, read: dict[str, Any]) -> None:
    assert query_strings.parse(text.encode(), limits(depth=10)) == read


@given(st.dictionaries(KEYS, NESTED, min_size=1, max_size=4))
def test_what_php_writes_comes_back(value: dict[str, Any]) -> None:
    text = "&".join(bracketed(name, item) for name, item in value.items())
    assert query_strings.parse(text.encode(), limits()) == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for form in (text, quote(text, safe="[]&=%", errors="replace")):
        with contextlib.suppress(BadRequest, TooLarge):
            assert isinstance(query_strings.parse(form.encode("utf-8", "replace"), limits(depth=5)), dict)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(BadRequest, TooLarge):
        assert isinstance(query_strings.parse(content, limits(depth=5)), dict)


def test_another_charset() -> None:
    assert query_strings.parse(b"a=%E0&%E1=\xe2", limits(), "cp1251") == {"a": "а", "б": "в"}
    assert query_strings.parse(b"a=%E0&_charset_=windows-1251", limits()) == {"a": "а", "_charset_": "windows-1251"}
    assert query_strings.parse(b"a=%D0%B0&_charset_=klingon", limits()) == {"a": "а", "_charset_": "klingon"}


@pytest.mark.parametrize("content", [b"a=%FF", b"%C0%AF=1", b"a=%ED%A0%80", b"a=\xe0"])
def test_bytes_that_are_no_text(content: bytes) -> None:
    with pytest.raises(BadRequest):
        query_strings.parse(content, limits())


@pytest.mark.parametrize("length", [65_533, 65_534, 65_535, 65_536, 131_070, 200_000])
def test_escapes_are_read_wherever_a_long_value_is_divided(length: int) -> None:
    for before in ("", "x", "xy"):
        text = before + "ё" * (length // 6)
        assert query_strings.parse(f"a={quote(text)}%".encode(), limits()) == {"a": text + "%"}


def test_limits() -> None:
    assert query_strings.parse(b"a[b][c]=1", limits(depth=3)) == {"a": {"b": {"c": "1"}}}
    for deep in (b"a[b][c][d]=1", b"a" + b"[]" * 100_000, b"a" + b"[" * 100_000):
        with pytest.raises(TooLarge, match=r"limits\.depth"):
            query_strings.parse(deep, limits(depth=3))
    few = limits(parameters=200)
    pairs = [f"a{number}=1" for number in range(201)]
    assert len(query_strings.parse("&".join(pairs[:-1]).encode(), few)) == 200
    with pytest.raises(TooLarge, match=r"limits\.parameters"):
        query_strings.parse("&".join(pairs).encode(), few)
    levels = [f"a[{number}][b][c]=1" for number in range(70)]  # three of each
    with pytest.raises(TooLarge, match=r"limits\.parameters"):
        query_strings.parse("&".join(levels).encode(), few)
    assert len(query_strings.parse("&".join(levels[:60]).encode(), few)["a"]) == 60


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
