"""Headers: their limits, and those that a scenario writes."""

import pytest

from obmen.domain.requests.external import answer_of
from obmen.domain.requests.headers import HeaderLimits, attachment, header_text, written_headers
from obmen.errors import ProcessFailed

OWN = "connect.sid"
LIMITS = HeaderLimits(header_count=3, header_bytes=10, headers_bytes=25)


@pytest.mark.parametrize(
    ("headers", "exceeded"),
    [
        ([], None),
        ([("a", "b" * 9)], None),
        ([("a", "b" * 10)], "header_bytes"),
        ([("a" * 10, "b")], "header_bytes"),
        ([("a", "")] * 3, None),
        ([("a", "")] * 4, "header_count"),
        ([("a", "b" * 8)] * 2 + [("a", "b" * 6)], None),
        ([("a", "b" * 8)] * 3, "headers_bytes"),
    ],
)
def test_limits(headers: list[tuple[str, str]], exceeded: str | None) -> None:
    assert LIMITS.exceeded(headers) == exceeded
    assert LIMITS.exceeded([(name.encode(), value.encode()) for name, value in headers]) == exceeded


@pytest.mark.parametrize(
    ("headers", "setting"),
    [
        ({f"x{number}": "a" for number in range(30_000)}, "header_count"),
        ({"Set-Cookie": ["a=b"] * 30_000}, "header_count"),
        ({"X-A": "a" * 8_200}, "header_bytes"),
        ({"X-A": {"a": "a" * 8_200}}, "header_bytes"),
        ({f"x{number}": "a" * 8_000 for number in range(5)}, "headers_bytes"),
        ({"Content-Disposition": 'attachment; filename="' + "ё" * 2_000}, "header_bytes"),
        ({"Location": "ё" * 2_000}, "header_bytes"),
    ],
)
def test_an_answer_past_a_limit_is_an_error_that_names_it(headers: object, setting: str) -> None:
    with pytest.raises(ProcessFailed, match=rf"limits\.{setting} \("):
        answer_of({"$headers": headers}, own_cookie=OWN, limits=HeaderLimits(80, 8_192, 32_768))


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ({"Set-Cookie": ["a=1", "b=2"]}, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
        ({"X-A": None, "X-B": [None, "b", None], "X-C": []}, [("X-B", "b")]),
        ({"X-A": 5, "X-B": True, "X-C": {"a": [1]}}, [("X-A", "5"), ("X-B", "true"), ("X-C", '{"a":[1]}')]),
        ({"X-A": "a\r\nX-B: b\x00"}, [("X-A", "a  X-B: b ")]),
        ({"X A": "1", "X-Ё": "1", "": "1", "X:A": "1", "Content-Length": "5", "TE": "x"}, []),
        ({"Content-Type": "text/plain; charset=windows-1251"}, [("Content-Type", "text/plain; charset=windows-1251")]),
        ({"X-A": "é ё"}, [("X-A", "é ?")]),
    ],
)
def test_headers_as_they_go_out(sent: dict[str, object], written: list[tuple[str, str]]) -> None:
    assert list(written_headers(sent, OWN)) == written


@pytest.mark.parametrize(
    "cookie",
    [
        *(
            "connect.sid=x",
            "connect.sid=",
            "connect.sid",
            " connect.sid = x; Path=/",
            "CONNECT.SID=x",
            "\tconnect.sid=x",
        ),
        *('connect.sid="x"; HttpOnly', '"connect.sid"=x', "=connect.sid=x", " = connect.sid=x", "==connect.sid=x"),
        *("connect.sid\x00=x", "\nconnect.sid=x", "connect.sid;Path=/"),
    ],
)
def test_no_scenario_sets_the_session(cookie: str) -> None:
    for value in (cookie, ["a=1", cookie], [cookie, cookie, "a=1"]):
        for name in ("Set-Cookie", "set-cookie", "SET-COOKIE"):
            kept = [text for _, text in written_headers({name: value}, OWN)]
            assert kept == (["a=1"] if isinstance(value, list) else [])


@pytest.mark.parametrize(
    "cookie", ["a=connect.sid", "xconnect.sid=1", "connect.sid2=1", "a=1; connect.sid=2", "=a", ""]
)
def test_other_cookies_are_set(cookie: str) -> None:
    assert list(written_headers({"Set-Cookie": cookie}, OWN)) == [("Set-Cookie", cookie)]


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        ("content-disposition", 'attachment; filename="a b.pdf"', 'attachment; filename="a b.pdf"'),
        (
            "content-disposition",
            'attachment; filename="Счёт 1.pdf"; x=1',
            "attachment; filename=\"____ 1.pdf\"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82%201.pdf; x=1",
        ),
        ("content-disposition", "inline;FileName = ё.txt", "inline; filename=\"_.txt\"; filename*=UTF-8''%D1%91.txt"),
        ("content-disposition", 'inline; filename="é"', "inline; filename=\"_\"; filename*=UTF-8''%C3%A9"),
        ("content-disposition", 'inline; filename="ё\\"1"', "inline; filename=\"__1\"; filename*=UTF-8''%D1%91%221"),
        (
            "content-disposition",
            "inline; filename=\"ё\"; filename*=UTF-8''%D1%91",
            "inline; filename=\"?\"; filename*=UTF-8''%D1%91",
        ),
        ("location", "/файл?x=ё&y=%20#z", "/%D1%84%D0%B0%D0%B9%D0%BB?x=%D1%91&y=%20#z"),
        ("location", "https://a.example/?x=1&y=a%2Fb", "https://a.example/?x=1&y=a%2Fb"),
        ("refresh", "0; url=/ё", "0; url=/%D1%91"),
        ("x-own", "Привет, мир", "??????, ???"),
    ],
)
def test_what_is_no_ascii(name: str, text: str, written: str) -> None:
    assert header_text(name, text) == written


def test_a_stored_file_is_named_in_two_spellings_where_it_must_be() -> None:
    assert attachment("a.txt") == 'attachment; filename="a.txt"'
    assert attachment('с "x".txt') == "attachment; filename=\"_ _x_.txt\"; filename*=UTF-8''%D1%81%20%22x%22.txt"
    assert attachment("a\r\nb") == "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"


@pytest.mark.parametrize(
    "text", ["ё" + ';filename="\\"' * 100_000, "ё" + "; " * 200_000, 'ё;filename="' + "\\" * 300_000]
)
def test_a_long_value_is_written_in_one_pass(text: str) -> None:
    assert header_text("content-disposition", text).isascii()
