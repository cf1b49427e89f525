"""The cookies of a request: which one is Obmen's own, and what a scenario gets."""

import pytest

from obmen.domain.requests.cookies import read_cookies
from obmen.domain.requests.external import Received, variables_of
from reading_limits import limits

OWN = "connect.sid"
SESSION = "a-session_token-1"


@pytest.mark.parametrize(
    "headers",
    [
        [f"a=1; {OWN}={SESSION}; b=2"],
        [f"a=1;{OWN}={SESSION};b=2"],
        [f"{OWN}={SESSION};a=1;b=2"],
        [f"a=1; b=2;\t{OWN} = {SESSION} "],
        [f'a=1; {OWN}="{SESSION}"; b=2'],
        [f'a=1; "{OWN}"={SESSION}; b=2'],
        [f"a=1; Connect.SID={SESSION}; b=2"],
        [f'$Version="1"; a=1; {OWN}={SESSION}; $Path="/"; b=2'],
        ["a=1", f"{OWN}={SESSION}", "b=2"],
        [f"{OWN}={SESSION}", "a=1;b=2"],
        [f"a=1; {OWN}={SESSION}; b=2; {OWN}=another"],
        [f"a=1; {OWN}; {OWN}=; {OWN}={SESSION}; b=2"],
    ],
)
def test_the_session_is_found_and_kept_from_scenarios(headers: list[str]) -> None:
    sent = read_cookies(headers, OWN)
    assert sent.session == SESSION
    values = {name: value for name, value in sent.values().items() if not name.startswith("$")}
    assert values == {"a": "1", "b": "2"}
    assert OWN not in sent.header.lower()
    assert SESSION not in sent.header


def test_a_semicolon_ends_a_cookie_within_quotes_too() -> None:
    sent = read_cookies([f'a="1;{OWN}={SESSION};b=2"'], OWN)
    assert sent.session == SESSION
    assert sent.header == 'a="1; b=2"'


def test_a_request_without_a_session() -> None:
    sent = read_cookies(["a=1;; b=%D1%91; c;", f"x{OWN}=1"], OWN)
    assert sent.session == ""
    assert sent.values() == {"a": "1", "b": "ё", "c": "", f"x{OWN}": "1"}
    assert read_cookies([], OWN).header == ""


@pytest.mark.parametrize("text", ['a="' + '\\"' * 200_000 + '"', ";" * 400_000, "a=1;" * 100_000, '"' * 400_000])
def test_a_long_header_is_read_in_one_pass(text: str) -> None:
    assert read_cookies([text], OWN).session == ""


def test_a_scenario_gets_no_cookie_header_where_only_the_session_came() -> None:
    headers = [("Cookie", f"{OWN}={SESSION}"), ("X-A", "1"), ("x-a", "2"), ("COOKIE", f"{OWN}={SESSION}")]
    received = Received(method="GET", url="http://obmen.example/", headers=headers, body=b"")
    variables = variables_of(received, own_cookie=OWN, limits=limits())
    assert variables["headers"] == {"x-a": "1, 2"}
    assert variables["cookies"] == {}
