"""Answers of other systems: the encoding of their text, and their cookies."""

from typing import Any

import pytest

from obmen.domain.requests.charsets import text_of
from obmen.domain.requests.content_types import content_type_of
from obmen.domain.requests.set_cookies import cookies_of

XML = "<?xml version='1.0' encoding='windows-1251'?><r>ё</r>"


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("ё".encode(), "", "ё"),
        ("ё".encode(), "text/plain", "ё"),
        ("ё".encode("cp1251"), "text/plain; charset=windows-1251", "ё"),
        ("ё".encode("cp1251"), "text/plain; CHARSET=windows-1251", "ё"),
        ("ё".encode("cp1251"), 'text/plain;Charset="Windows-1251"; format=flowed', "ё"),
        ("ё".encode("cp1251"), "text/plain", "\ufffd"),
        ('{"a":"ё"}'.encode(), "application/json; charset=iso-8859-1", '{"a":"ё"}'),
        ('{"a":"ё"}'.encode("cp1251"), "application/json; charset=windows-1251", '{"a":"ё"}'),
        (XML.encode("cp1251"), "text/xml", XML),
        (XML.encode("cp1251"), "application/soap+xml", XML),
        (XML.encode("cp866"), "application/xml; charset=cp866", XML),
        ("\ufeff[1]".encode(), "application/json", "[1]"),
        ("\ufeffё".encode(), "text/plain; charset=windows-1251", "ё"),
        ("\ufeffё".encode("utf-16-le"), "text/plain", "ё"),
        ("\ufeffё".encode("utf-16-be"), "text/plain", "ё"),
        (b"", "application/json", ""),
    ],
)
def test_the_text_of_an_answer(content: bytes, content_type: str, text: str) -> None:
    assert text_of(content, content_type_of(content_type)) == text


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "undefined", "hex", "rot13", "x" * 500, "\x00"]
)  # fmt: skip
def test_an_encoding_that_is_none_is_utf_8(charset: str) -> None:
    for content in (b"+AOk-", b"xn--\xff", b"\\u0041\\ud800", "ё".encode()):
        assert text_of(content, content_type_of(f"text/plain; charset={charset}")) == content.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("header", "name", "cookie"),
    [
        ("a=1", "a", {"value": "1"}),
        ("k[1]=v", "k[1]", {"value": "v"}),
        ("d=ё", "d", {"value": "ё"}),
        ("имя=1", "имя", {"value": "1"}),
        ("a=b=c==; Path=/", "a", {"value": "b=c==", "path": "/"}),
        ('a="quoted"', "a", {"value": "quoted"}),
        ("alone; Secure", "", {"value": "alone", "secure": True}),
        (
            " sid = x ; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=60; Domain=a.example; HttpOnly; SameSite=Lax;",
            "sid",
            {
                "value": "x",
                "expires": "Wed, 21 Oct 2026 07:28:00 GMT",
                "max-age": "60",
                "domain": "a.example",
                "httponly": True,
                "samesite": "Lax",
            },
        ),
        ("a=1; value=2; ; =3", "a", {"value": "1"}),
        ("=v; Path", "", {"value": "v", "path": True}),
        ("a", "", {"value": "a"}),
        ("a=", "a", {"value": ""}),
        ("a b = c d , e ;path=/", "a b", {"value": "c d , e", "path": "/"}),
    ],
)
def test_a_cookie_is_read(header: str, name: str, cookie: dict[str, Any]) -> None:
    assert cookies_of([header]) == {name: cookie}


@pytest.mark.parametrize("header", ["", " ", ";", "; Path=/; Secure"])
def test_an_empty_header_sets_no_cookie(header: str) -> None:
    assert cookies_of([header]) == {}


def test_of_two_cookies_of_one_name_the_last_counts() -> None:
    assert cookies_of(["a=1; Path=/x", "b=2", "a=3"]) == {"a": {"value": "3"}, "b": {"value": "2"}}


def test_a_long_header_is_read_in_linear_time() -> None:
    assert len(cookies_of(['a="' + '\\"' * 500_000])["a"]["value"]) > 900_000
