"""Bodies of other systems, told apart."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.requests.bodies import data_address, read_body, read_json
from obmen.errors import BadRequest, TooLarge

CONTENT_TYPES = st.sampled_from(
    [
        *(
            "",
            "application/json",
            "text/plain",
            "text/xml",
            "application/x-www-form-urlencoded",
            "image/png",
            "nonsense",
        ),
        *(
            "multipart/form-data; boundary=X",
            "multipart/form-data",
            "text/plain; charset=utf-16",
            "a/b; charset=cp1251",
        ),
        *(
            "application/json; charset=koi8-r",
            'text/html; charset="utf-8"',
            "text/plain; charset=\x00",
            ";;;=",
            "text/plain;charset*=x''y",
        ),
    ]
)
STARTS = st.sampled_from([b"", b"{", b'{"a":', b"<a>", b"--X\r\n", b"a=", b"\xff", b"\xef\xbb\xbf"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=40), STARTS, CONTENT_TYPES)
def test_any_body_is_read_or_refused(content: bytes, start: bytes, content_type: str) -> None:
    try:
        value = read_body(start + content, content_type, depth=20)
    except (BadRequest, TooLarge) as error:
        assert str(error)  # noqa: PT017
    else:
        json.dumps(value).encode()  # JSON values, and no halves of surrogate pairs
        assert (
            "\\ud8" not in json.dumps(value).replace("\\\\", "")
            or "\\ude" in json.dumps(value)
            or "\\udc" in json.dumps(value)
        )


@given(JSON)
def test_json_is_the_same_whatever_it_is_called(value: Any) -> None:
    content = json.dumps(value).encode()
    assert read_body(content, "application/json", depth=100) == value
    if isinstance(value, dict | list):
        for content_type in ("", "text/plain", "application/x-www-form-urlencoded"):
            assert read_body(content, content_type, depth=100) == value


@given(st.binary(min_size=1, max_size=60))
def test_bytes_stay_bytes(content: bytes) -> None:
    address = read_body(content, "application/octet-stream", depth=5)
    assert address == data_address(content, "application/octet-stream")
    assert base64.b64decode(address.partition(",")[2]) == content


def test_nothing_is_an_empty_object() -> None:
    for content_type in ("", "application/json", "multipart/form-data", "image/png", "text/xml"):
        assert read_body(b"", content_type, depth=5) == {}


@pytest.mark.parametrize(
    ("content", "levels"),
    [
        (b"[[1]]", 2),
        (b'{"a": {"b": [1]}}', 3),
        (b'["[[[[[[["]', 1),
        (b'["\\"[[[[["]', 1),
        (b'["\\\\", "["]', 1),
        (b"[[], [], [], []]", 2),
    ],
)
def test_the_depth_of_json_is_counted_outside_of_texts(content: bytes, levels: int) -> None:
    assert read_json(content, depth=levels) == json.loads(content)
    with pytest.raises(TooLarge):
        read_json(content, depth=levels - 1)


@pytest.mark.parametrize(
    ("content", "levels"),
    [
        (b"<a><b><c/></b></a>", 3),
        (b"<a><b>1</b><b>2</b></a>", 2),
        (b"<?xml version='1.0'?><!-- <x><y> --><a/>", 3),
    ],
)
def test_the_depth_of_xml_is_counted(content: bytes, levels: int) -> None:
    assert read_body(content, "text/xml", depth=levels)
    deep = b"<a>" * (levels + 1) + b"</a>" * (levels + 1)
    with pytest.raises(TooLarge):
        read_body(deep, "text/xml", depth=levels)


@pytest.mark.parametrize(
    "charset", ["utf-8", "UTF8", "windows-1251", "cp1251", "koi8-r", "iso-8859-5", '"utf-8"', "utf-16"]
)
def test_charsets_of_texts(charset: str) -> None:
    content = "привет".encode(charset.strip('"'))
    assert read_body(content, f"text/plain; charset={charset}", depth=5) == "привет"
    assert read_body(
        json.dumps({"a": "ё"}, ensure_ascii=False).encode(charset.strip('"')),
        f"application/json; charset={charset}",
        depth=5,
    ) == {"a": "ё"}


@pytest.mark.parametrize(
    "charset",
    [
        "klingon",
        "hex",
        "base64",
        "rot13",
        "zlib",
        "utf-7",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
    ],
)
def test_charsets_that_are_none(charset: str) -> None:
    for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded", "text/xml", "image/png"):
        with pytest.raises(BadRequest, match=charset.replace("_", ".")):
            read_body(b"a", f"{kind}; charset={charset}", depth=5)


def test_a_form_with_files() -> None:
    content = (
        b'--X\r\nContent-Disposition: form-data; name="files[]"; filename="\xd0\xb0.txt"\r\n\r\n1\r\n'
        b'--X\r\nContent-Disposition: form-data; name="files[]"; filename="b"\r\nContent-Type: a/b\r\n\r\n\xff\r\n--X--\r\n'
    )
    first, second = read_body(content, "multipart/form-data; boundary=X", depth=5)["files"]
    assert first == {
        "title": "а.txt",
        "mimeType": "application/octet-stream",
        "size": 1,
        "src": "data:application/octet-stream;base64,MQ==",
    }
    assert second == {"title": "b", "mimeType": "a/b", "size": 1, "src": "data:a/b;base64,/w=="}
