"""Bodies of other systems, distinguished."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.requests.bodies import data_address, read_body, read_json_body
from obmen.domain.requests.json_bodies import read_json
from obmen.errors import BadRequest, TooLarge
from reading_limits import limits

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)
FORM = "application/x-www-form-urlencoded"


def read(content: bytes, content_type: str = "") -> Any:
    return read_body(content, content_type, limits())


@given(JSON)
def test_json_is_the_same_whatever_it_is_called(value: Any) -> None:
    content = json.dumps(value).encode()
    assert read(content, "application/json") == value
    if isinstance(value, dict | list):
        for content_type in ("", "text/plain", FORM):
            assert read(content, content_type) == value


@given(st.binary(min_size=1, max_size=60))
def test_bytes_stay_bytes(content: bytes) -> None:
    address = read(content, "application/octet-stream")
    assert address == data_address(content, "application/octet-stream")
    assert base64.b64decode(address.partition(",")[2]) == content


@pytest.mark.parametrize("blank", [b"", b"\r\n", b" \t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
@pytest.mark.parametrize(
    "kind", ["", "application/json", "text/json", "text/xml", FORM, "multipart/form-data", "text/a"]
)
def test_blanks_are_an_empty_object(blank: bytes, kind: str) -> None:
    assert read(blank, kind) == {}
    assert read_json_body(blank, kind, limits()) == {}


# JSON


@pytest.mark.parametrize(
    ("content", "levels"),
    [
        (b"[[1]]", 2),
        (b'{"a": {"b": [1]}}', 3),
        (b'["[[[[[[["]', 1),
        (b'["\\"[[[[["]', 1),
        (b'["\\\\", "["]', 1),
        (b'["\\\\\\"[[[", "["]', 1),
        (b"[[], [], [], []]", 2),
    ],
)
def test_the_depth_of_json_is_counted_outside_of_texts(content: bytes, levels: int) -> None:
    assert read_json(content, limits(depth=levels)) == json.loads(content)
    with pytest.raises(TooLarge, match=r"limits\.depth"):
        read_json(content, limits(depth=levels - 1))


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"1", 1),
        (b"[1, 2, 3]", 4),
        (b'{"a": 1, "b": [], "c": { }}', 4),
        (b"[{}, {}, [\n]]", 4),
        (b'["", ",,[[{", "\\",", "a"]', 5),
        (b'{",": {",": ","}}', 3),
    ],
)
def test_the_values_of_json_are_counted_outside_of_texts(content: bytes, values: int) -> None:
    assert read_json(content, limits(values=values)) == json.loads(content)
    with pytest.raises(TooLarge, match=r"limits\.values"):
        read_json(content, limits(values=values - 1))


@given(JSON)
def test_no_value_is_counted_twice(value: Any) -> None:
    def count(value: Any) -> int:
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return 1 + sum(count(member) for member in members)

    for content in (json.dumps(value), json.dumps(value, indent=1)):
        assert read_json(content.encode(), limits(values=count(value))) == value


@pytest.mark.parametrize(
    ("text", "number", "near"),
    [
        ("9007199254740993", 9007199254740993, "9007199254740993"),
        ("-123456789012345678901234567890", -123456789012345678901234567890, "-123456789012345678901234567890"),
        ("12345678901234567.89", Decimal("12345678901234567.89"), "12345678901234567.89"),
        ("0.1234567890123456789", Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        ("1e400", Decimal("1e400"), "1e400"),
        ("0.1", Decimal("0.1"), 0.1),
        ("1.10", Decimal("1.10"), 1.1),
        ("-1.5e3", Decimal("-1.5e3"), -1500.0),
        ("7", 7, 7),
    ],
)
def test_numbers_are_exact(text: str, number: int | Decimal, near: float | str) -> None:
    (exact,) = read_json_body(f"[{text}]".encode(), "", limits(), exact=True)
    assert (repr(exact), read(f"[{text}]".encode(), "application/json")) == (repr(number), [near])


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_a_number_is_the_one_that_was_written(text: str) -> None:
    for exact in (False, True):
        (found,) = read_json(f"[{text}]".encode(), limits(), exact=exact)
        assert Decimal(str(found)) == Decimal(text)


@pytest.mark.parametrize(
    "number", ["9" * 5000, "-" + "9" * 100_000, "1e401", "1e99999999999999999999", "0." + "1" * 5000, "-1e999999999"]
)
def test_numbers_that_are_none_of_a_computer(number: str) -> None:
    for exact in (False, True):
        with pytest.raises(BadRequest):
            read_json(f"[{number}]".encode(), limits(), exact=exact)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"cut \ud83d", "cut �"),
        (r"\uDE00 cut", "� cut"),
        (r"\ud83d\ud83d\ude00\ude00", "�😀�"),
        (r"\ud83d\u0041", "�A"),
        (r"\ud83d\\ude00", r"�\ude00"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\�"),
        (r"\uD83Dxxxxxxxxxxxx", "�xxxxxxxxxxxx"),
    ],
)
def test_halves_of_surrogate_pairs(text: str, value: str) -> None:
    assert read(f'{{"text": "{text}"}}'.encode(), "application/json") == {"text": value}


@pytest.mark.parametrize("content_type", ["", "application/json", "text/json", "application/vnd.api+json", FORM, "a/b"])
def test_what_has_to_be_json_is_read_under_any_name(content_type: str) -> None:
    assert read_json_body(b'\xef\xbb\xbf{"values": {}}', content_type, limits()) == {"values": {}}


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=X", "text/xml", "image/png"])
def test_what_has_to_be_json_and_is_none(content_type: str) -> None:
    with pytest.raises(BadRequest, match=r"application/json.*" + content_type.partition(";")[0]):
        read_json_body(b"values[2]=x", content_type, limits())


# charsets


RUSSIAN = "<a>Привет, ёлка</a>"
TYPES_OF_TEXT = {
    "application/json": ('"Привет, ёлка"', "Привет, ёлка"),
    "text/plain": ("Привет, ёлка", "Привет, ёлка"),
    "text/xml": (RUSSIAN, {"a": "Привет, ёлка"}),
    FORM: ("a=Привет,+ёлка", {"a": "Привет, ёлка"}),
}


@pytest.mark.parametrize("kind", TYPES_OF_TEXT)
@pytest.mark.parametrize(
    "charset",
    [
        *("utf-8", "UTF8", "windows-1251", "CP1251", "win-1251", "x-cp1251", "koi8-r", "iso-8859-5", '"utf-8"'),
        *("utf-16", "utf-16le", "UTF-16BE", "cp866", "maccyrillic"),
    ],
)
def test_charsets_of_texts(kind: str, charset: str) -> None:
    text, value = TYPES_OF_TEXT[kind]
    codec = {"win-1251": "cp1251", "x-cp1251": "cp1251"}.get(charset, charset.strip('"'))
    for header in (
        f"{kind}; charset={charset}",
        f'{kind};CHARSET="{charset}"; charset=x',
        f"{kind} ; Charset = {charset}",
    ):
        assert read(text.encode(codec), header) == value


@pytest.mark.parametrize("kind", TYPES_OF_TEXT)
@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_wins(kind: str, codec: str) -> None:
    text, value = TYPES_OF_TEXT[kind]
    for charset in ("", "; charset=windows-1251", "; charset=klingon"):
        assert read(text.encode(codec), kind + charset) == value


@pytest.mark.parametrize(
    "charset",
    [
        *("klingon", "hex", "base64", "rot13", "zlib", "utf-7", "idna", "punycode", "undefined", "unicode_escape"),
        *("raw_unicode_escape", "mbcs", "a" * 5000, "''", "\x00", "../x", "utf-8, utf-8", "ascii", "binary"),
    ],
)
def test_charsets_that_are_none_are_passed_over(charset: str) -> None:
    for kind, (text, value) in TYPES_OF_TEXT.items():
        assert read(text.encode(), f"{kind}; charset={charset}") == value
    assert read(b"+2AA-", f"text/plain; charset={charset}") == "+2AA-"
    assert read(b"\x89PNG", f"image/png; charset={charset}") == data_address(b"\x89PNG", "image/png")


@pytest.mark.parametrize(
    ("content", "content_type", "value"),
    [
        (f"<?xml version='1.0' encoding='windows-1251'?>{RUSSIAN}".encode("cp1251"), "text/xml", "prolog"),
        (f"<?xml version='1.0' encoding='koi8-r'?>{RUSSIAN}".encode("cp1251"), "text/xml; charset=cp1251", "header"),
        (f"<?xml version='1.0'?>{RUSSIAN}".encode("cp1251"), "text/xml; charset=windows-1251", "header"),
        (f"<?xml version='1.0' encoding='utf-16'?>{RUSSIAN}".encode(), "text/xml", ".NET"),
        (f"<?xml version='1.0' encoding='utf-16'?>{RUSSIAN}".encode("utf-16-le"), "application/xml", "look"),
        (f"<?xml version='1.0' encoding='klingon'?>{RUSSIAN}".encode(), "application/soap+xml", "unknown"),
        (f"<?xml version='1.0' encoding='windows-1251'?>{RUSSIAN}".encode("cp1251"), "", "no type"),
        (RUSSIAN.encode(), "text/xml; charset=utf-16", "no UTF-16"),
    ],
)
def test_charsets_of_xml(content: bytes, content_type: str, value: str) -> None:
    assert read(content, content_type) == {"a": "Привет, ёлка"}, value


def test_json_is_utf_8_where_it_can_be() -> None:
    assert read('"ё"'.encode(), "application/json; charset=iso-8859-1") == "ё"
    assert read('"ё"'.encode(), "application/json; charset=windows-1251") == "ё"
    with pytest.raises(BadRequest, match="utf-8"):
        read('"ё"'.encode("cp1251"), "application/json")


def test_text_in_no_charset() -> None:
    assert read("ё".encode("cp1251"), "text/plain") == "data:text/plain;base64,uA=="
    assert read("ё".encode("cp1251"), "") == "data:application/octet-stream;base64,uA=="
    with pytest.raises(BadRequest, match="utf-8"):
        read("a=ё".encode("cp1251"), FORM)


@pytest.mark.parametrize(
    "content_type",
    [
        *("nonsense", ";;;=", "/", "a/b/c", "text", ", application/json", "\x00", "=", ";", 'x/y;a="', "é/ё"),
        *("text" * 5000, ";charset" * 5000, ';a="\\' * 5000, " " * 9999),
    ],
)
def test_content_types_that_are_none(content_type: str) -> None:
    assert read(b'{"a": 1}', content_type) in ({"a": 1}, "data:x/y;base64,eyJhIjogMX0=")


@pytest.mark.parametrize(
    "content_type",
    ["Application/JSON", "application/json, application/json", " application/json;x", "text/json", "a/b+json;;"],
)
def test_content_types_of_json(content_type: str) -> None:
    assert read(b'"text"', content_type) == "text"


# XML


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("<a/>", {"a": None}),
        ("<a> </a>", {"a": None}),
        ("<a> x </a>", {"a": "x"}),
        ("<a>x<b/>y</a>", {"a": {"b": None, "#text": "xy"}}),
        ("<a b='1'/>", {"a": {"@b": "1"}}),
        ("<a b='1'>x</a>", {"a": {"@b": "1", "#text": "x"}}),
        ("<a><b>1</b><c/><b>2</b><b/></a>", {"a": {"b": ["1", "2", None], "c": None}}),
        ("<a><![CDATA[<b>&amp;]]>&lt;</a>", {"a": "<b>&amp;<"}),
        ("<s:a xmlns:s='u'><s:b>1</s:b></s:a>", {"s:a": {"@xmlns:s": "u", "s:b": "1"}}),
        ("<?xml version='1.0'?><!-- <x><y> --><?p i?><a><!-- c -->1</a>", {"a": "1"}),
    ],
)
def test_xml(content: str, value: Any) -> None:
    assert read(content.encode(), "application/xml") == value


def test_limits_of_xml() -> None:
    three = b"<a><b x='1'><c/></b></a>"
    assert read_body(three, "text/xml", limits(depth=3, values=4))
    with pytest.raises(TooLarge, match=r"limits\.depth"):
        read_body(three, "text/xml", limits(depth=2))
    for content in (three, b"<a b='' c='' d='' e= ''/>", b"<a b='====' c=''>====<d/></a>"):
        with pytest.raises(TooLarge, match=r"limits\.values"):
            read_body(content, "text/xml", limits(values=3))
    assert read_body(b"<a b='===='>======</a>", "text/xml", limits(values=3))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]>",
        "<!-- <a> --><!DOCTYPE a>",
        "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' ''>",
    ],
)
def test_a_doctype_is_refused(doctype: str) -> None:
    with pytest.raises(BadRequest, match="DOCTYPE"):
        read(f"{doctype}<a>1</a>".encode(), "text/xml")
    assert read(f"<a><![CDATA[{doctype}]]></a>".encode(), "text/xml") == {"a": doctype}


def test_what_only_looks_like_xml_or_json_is_text() -> None:
    for text in ("<!DOCTYPE html><p>", "< 5", "{no", "[", "<a>"):
        assert read(text.encode()) == text


# multipart


def part(headers: bytes, content: bytes = b"%PDF\xff", end: bytes = b"\r\n") -> Any:
    body = end.join([b"--X", headers, b"", content, b"--X--", b""])
    (value,) = read(body, "multipart/form-data; boundary=X").values()
    return value


NAMED = b'Content-Disposition: form-data; name="file"; '


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    ("headers", "title"),
    [
        (b"filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82.pdf", "Счёт.pdf"),
        (b"filename*=UTF-8'ru'%D0%A1%D1%87%D1%91%D1%82.pdf", "Счёт.pdf"),
        (b"filename*=windows-1251''%D1%F7%B8%F2.pdf", "Счёт.pdf"),
        (b"filename*=klingon''%D0%A1%D1%87%D1%91%D1%82.pdf", "Счёт.pdf"),
        (b"filename*=%D0%A1%D1%87%D1%91%D1%82.pdf", "Счёт.pdf"),
        (b"filename*=\"utf-8''%D0%A1%D1%87%D1%91%D1%82.pdf\"", "Счёт.pdf"),
        (b"filename=\"=?utf-8?B?0KHRh9GR0YIucGRm?=\"; filename*=utf-8''%D0%A1.pdf", "С.pdf"),
        (b"filename*=utf-8''%D0%A1.pdf; filename=x.pdf", "С.pdf"),
        (b"filename=x.pdf; filename*=", "x.pdf"),
        (b'filename="=?utf-8?B?0KHRh9GR0YIucGRm?="', "Счёт.pdf"),
        (b'filename="=?UTF-8?q?=D0=A1=D1=87=D1=91=D1=82_1.pdf?="', "Счёт 1.pdf"),
        (b'filename="=?windows-1251?B?0fe48i5wZGY=?="', "Счёт.pdf"),
        (b'filename="=?utf-8?B?0KHRh9GR?= =?utf-8?B?0YIucGRm?="', "Счёт.pdf"),
        (b'filename="=?klingon?B?0KHR?="', "=?klingon?B?0KHR?="),
        ('filename="Счёт.pdf"'.encode(), "Счёт.pdf"),
        ('filename="Счёт.pdf"'.encode("cp1251"), "Счёт.pdf"),
        ("filename=Счёт.pdf".encode(), "Счёт.pdf"),
        (b'FileName="a b.pdf"', "a b.pdf"),
        (b"filename = a.pdf", "a.pdf"),
        (b'filename="C:\\x\\y.pdf"', "y.pdf"),
        (b'filename="\\\\server\\x\\y.pdf"', "y.pdf"),
        (b'filename="../../etc/y.pdf"', "y.pdf"),
        (b"filename*=utf-8''..%2F..%2Fy.pdf", "y.pdf"),
        (b'filename="a\\"b;c.pdf"', 'a"b;c.pdf'),
        (b'filename="a%22b.pdf"', 'a"b.pdf'),
        (b'filename="100%25%D0.pdf"', "100%25%D0.pdf"),
        (b"filename*=utf-8''a%00%0A.pdf", "a.pdf"),
        (b'filename="a.pdf', "a.pdf"),
        (b'filename=""', "file"),
        (b"filename=", "file"),
        (b'filename="C:\\"', "file"),
        (b'filename=\r\n "a.pdf"', "a.pdf"),
        (b'x="', "file"),
        (b"", "file"),
    ],
)
def test_names_of_files(headers: bytes, title: str, end: bytes) -> None:
    headers = (NAMED + headers + b"\r\nContent-Type: application/pdf").replace(b"\r\n", end)
    assert part(headers, end=end) == {
        "title": title,
        "mimeType": "application/pdf",
        "size": 5,
        "src": "data:application/pdf;base64,JVBERv8=",
    }


@pytest.mark.parametrize(
    ("headers", "content", "value"),
    [
        (NAMED, "ё".encode(), "ё"),
        (NAMED + b"\r\nContent-Type: text/plain; charset=windows-1251", "ё".encode("cp1251"), "ё"),
        (NAMED + b"\r\nContent-Type: text/plain; charset=klingon", "ё".encode(), "ё"),
        (NAMED + b"\r\nContent-Type: application/json", b'{"a": 1}', '{"a": 1}'),
        (NAMED + b'filename=""\r\nContent-Type: application/octet-stream', b"", ""),
        (NAMED + b"\r\nContent-Transfer-Encoding: base64", b"0LDQ\r\nsA==", "аа"),
        (NAMED + b"\r\nContent-Transfer-Encoding: quoted-printable", b"=D0=B0", "а"),
        (NAMED + b"\r\nContent-Transfer-Encoding: 8bit", b"=D0=B0", "=D0=B0"),
        (NAMED, b"a\r\n--Y\r\n\r\n--Xa\r\n", "a\r\n--Y\r\n\r\n--Xa\r\n"),
        (b"X-No: name", b"a", "a"),
    ],
)
def test_texts_of_parts(headers: bytes, content: bytes, value: str) -> None:
    assert part(headers, content) == value


@given(
    st.lists(
        st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\n", b"\r", b"--X", b"\r\n--", b"\r\n--Y"]), max_size=4
    )
)
def test_files_are_read_as_they_were(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    if b"\n--X" not in b"\n" + content:  # a boundary is chosen so that no line begins with it
        file = part(NAMED + b"filename=a", content)
        assert (file["src"], file["size"]) == (data_address(content, "application/octet-stream"), len(content))


def test_the_charset_of_a_form_with_parts() -> None:
    content = "--X\r\nContent-Disposition: form-data; name=ё\r\n\r\nё\r\n".encode("cp1251")
    named = b"--X\r\nContent-Disposition: form-data; name=_charset_\r\n\r\nwindows-1251\r\n"
    kind = "multipart/form-data; boundary=X"
    assert read(content + b"--X--", f"{kind}; charset=windows-1251") == {"ё": "ё"}
    assert read(named + content + b"--X--", kind) == {"_charset_": "windows-1251", "ё": "ё"}
    with pytest.raises(BadRequest):
        read(content + b"--X--", kind)


@pytest.mark.parametrize(
    ("boundary", "header"),
    [
        (b"X", "multipart/form-data; boundary=X"),
        (b"X", 'Multipart/Form-Data;Boundary="X"; charset=utf-8'),
        (b"a'()+_,-./:=?b", 'multipart/form-data; boundary="a\'()+_,-./:=?b"'),
        (b"a'()+_,-./:=?b", "multipart/form-data; boundary=a'()+_,-./:=?b"),
        (b"----WebKitFormBoundary7MA", "multipart/form-data; boundary=----WebKitFormBoundary7MA"),
        (b"a b", 'multipart/form-data; boundary="a b "'),
        (b"x" * 300, f"multipart/form-data; boundary={'x' * 300}"),
    ],
)
@pytest.mark.parametrize("frame", [(b"", b""), (b"preamble\r\n", b"\r\nepilogue"), (b"\r\n", b"\r\n--")])
def test_boundaries(boundary: bytes, header: str, frame: tuple[bytes, bytes]) -> None:
    line = b"--" + boundary
    body = line + b" \t\r\nContent-Disposition: form-data; name=a[]\r\n\r\n1\r\n"
    body += line + b"\r\nContent-Disposition: form-data; name=a[]\r\n\r\n\r\n" + line + b"--"
    assert read(frame[0] + body + frame[1], header) == {"a": ["1", ""]}


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"x", "multipart/form-data; boundary=X"),
        (b"--X--", "multipart/form-data"),
        (b"--X--", 'multipart/form-data; boundary=""'),
        (b"--Y\r\n\r\n1\r\n--Y--", "multipart/form-data; boundary=X"),
        (b"--X\r\n" + NAMED + b"\r\n\r\n1", "multipart/form-data; boundary=X"),
        (b"--X\r\n" + NAMED + b"\r\n\r\n1\r\n--X", "multipart/form-data; boundary=X"),
        (b"--X\r\nno blank line\r\n--X--", "multipart/form-data; boundary=X"),
        (b"--X\r\nA: " + b"b" * 20_000 + b"\r\n\r\n1\r\n--X--", "multipart/form-data; boundary=X"),
    ],
)
def test_multipart_that_is_none(content: bytes, content_type: str) -> None:
    with pytest.raises(BadRequest):
        read(content, content_type)


def test_the_parts_of_a_form_are_counted() -> None:
    parts = b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 200
    kind = "multipart/form-data; boundary=X"
    assert len(read_body(parts + b"--X--", kind, limits(parameters=200))["a"]) == 200
    with pytest.raises(TooLarge, match=r"limits\.parameters"):
        read_body(parts + b"--X--", kind, limits(parameters=199))


def test_a_form_with_files() -> None:
    content = (
        b'--X\r\nContent-Disposition: form-data; name="files[]"; filename="\xd0\xb0.txt"\r\n\r\n1\r\n'
        b'--X\r\nContent-Disposition: form-data; name="files[]"; filename="b"\r\nContent-Type: a/b\r\n\r\n\xff\r\n--X--\r\n'
    )
    first, second = read(content, "multipart/form-data; boundary=X")["files"]
    assert first == {
        "title": "а.txt",
        "mimeType": "application/octet-stream",
        "size": 1,
        "src": "data:application/octet-stream;base64,MQ==",
    }
    assert second == {"title": "b", "mimeType": "a/b", "size": 1, "src": "data:a/b;base64,/w=="}
