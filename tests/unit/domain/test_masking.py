"""Secrets are hidden wherever they are shown: under their names, by value, and in texts."""

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from obmen.domain.masking import MASK, Mask, is_secret, secrets_in, without_constants
from obmen.domain.requests.credentials import secrets_of, secrets_of_content

SECRET = 'pä"ss w\\rd+/='


@pytest.mark.parametrize(
    "name",
    [
        *("token", "access_token", "accessToken", "X-Auth-Token", "csrf-token", "password", "newPassword", "PASSWD"),
        *("api_key", "apiKey", "X-Api-Key", "privateKey", "client_secret", "$secret", "Authorization", "Set-Cookie"),
        *("cookies", "X-Hub-Signature-256", "auth", "pass", "user[password]", "JWT", "Пароль", "токен_доступа"),
        "x" * 100 + "-token",
    ],
)
def test_a_name_that_says_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "key",
        "secretary",
        "секретарь",
        "monkey",
        "author",
        "authority",
        "passenger",
        "compass",
        "",
        "x" * 1_000_000,
    ],
)
def test_a_name_that_does_not(name: str) -> None:
    assert not is_secret(name)


def shown(value: Any, secrets: list[str], most: int = 10_000) -> Any:
    return Mask(secrets).variables({"x": value}, most)["x"]


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"a": SECRET}, ensure_ascii=False),
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote_plus(SECRET).lower(),
        base64.b64encode(SECRET.encode()).decode(),
        f"before{SECRET}{SECRET}after",
    ],
)
def test_a_value_is_found_however_it_is_written(text: str) -> None:
    found = shown({"list": [text, {"deep": text}]}, [SECRET])
    assert MASK in found["list"][0]
    left = found["list"][0].replace(MASK, "")
    assert not any(
        part in left for part in (SECRET, "w\\rd", "w%5Crd", "w%5crd", base64.b64encode(SECRET.encode()).decode()[:8])
    )
    assert found["list"][1]["deep"] == found["list"][0]


def test_a_value_as_a_name_or_a_number() -> None:
    assert shown({"1234567": [1234567, 12, True, None, 1.5]}, ["1234567"]) == {MASK: [MASK, 12, True, None, 1.5]}


def test_what_stands_under_a_secret_name_is_hidden_whatever_it_is() -> None:
    value = {"token": "a", "password": 12, "auth": {"user": "u", "list": ["b", None, True, ""]}, "key": "value"}
    assert shown(value, []) == {
        "token": MASK,
        "password": MASK,
        "auth": {"user": MASK, "list": [MASK, None, True, ""]},
        "key": "value",
    }
    assert sorted(secrets_in([value])) == ["", "12", "a", "b", "u"]


def test_a_short_value_is_hidden_under_its_name_only() -> None:
    assert shown({"pin": {"password": "a", "name": "banana"}}, ["a"]) == {"pin": {"password": MASK, "name": "banana"}}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://x/?a=1&token=abc&b=2", "https://x/?a=1&token=********&b=2"),
        ("https://x/?key=abc", "https://x/?key=********"),
        ("a=1&user[password]=b c&x=2", "a=1&user[password]=******** c&x=2"),
        ('{"password": "b \\"c", "a": 1}', '{"password": "********", "a": 1}'),
        ('{\\"password\\":\\"b c\\",\\"a\\":1}', '{\\"password\\":\\"********\\",\\"a\\":1}'),
        ("{apiKey: 'b c', x}", "{apiKey: '********', x}"),
        ('{"pin_token":12345,"a":1}', '{"pin_token":********,"a":1}'),
        ("Authorization: Bearer abc, x", "Authorization: ********, x"),
        ("sent Bearer abc123.def and", "sent Bearer ******** and"),
        ("Sign in first: Basic authentication, or", "Sign in first: Basic authentication, or"),
        ("postgres://user:b@host/x", "postgres://user:********@host/x"),
        ("Expression 'x.token.y': TypeError: no", "Expression 'x.token.y': TypeError: no"),
        ("a: b, c=d", "a: b, c=d"),
    ],
)
def test_credentials_in_texts(text: str, masked: str) -> None:
    assert Mask([]).text(text) == masked


def test_the_secrets_of_a_request() -> None:
    basic = base64.b64encode(b"user:the password").decode()
    headers = [
        ("Authorization", f"Basic {basic}"),
        ("X-Auth-Token", "first-token"),
        ("X-Key", "second-key"),
        ("Cookie", 'theirs=third; other="fou%72th"'),
        ("Accept", "text/html"),
    ]
    found = set(secrets_of(headers, "a=1&access_token=fi%66th&key=sixth&b=2"))
    assert {basic, "user:the password", "the password", "first-token", "second-key", "third", "fourth"} <= found
    assert {"fifth", "fi%66th", "sixth"} <= found
    assert not {"text/html", "1", "2", "user"} & found
    body = b'{"user": {"password": "seventh"}, "items": [{"api_key": 88888888}], "name": "x"}'
    assert set(secrets_of_content(body, "application/json")) == {"seventh", "88888888"}
    assert set(secrets_of_content(b'{"password": "cut off', "application/json")) == set()
    form = secrets_of_content(b"password=a%20b&c=d", "application/x-www-form-urlencoded; charset=utf-8")
    assert set(form) == {"a b", "a%20b"}


def test_nothing_of_a_secret_is_left_where_a_text_is_cut() -> None:
    secret = "".join(chr(97 + n % 26) for n in range(7)) * 1_000
    for before in range(0, 400, 7):
        text = f"{'-' * before}{secret}{'+' * 5_000}"
        cut = shown(text, [secret], most=200)
        assert "abc" not in cut[:200]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 500_000,
        "a=" * 250_000,
        "token=" * 80_000,
        '"' * 500_000,
        "Bearer " * 70_000,
        "://a" * 120_000,
        "\\" * 500_000,
    ],
)
def test_a_long_text_is_read_in_one_pass(text: str) -> None:
    Mask(["a-secret", "token="]).text(text)


def test_many_and_long_secrets() -> None:
    secrets = [f"secret-{number}" for number in range(100_000)] + ["x" * 5_000_000]
    assert shown("secret-1", secrets) == MASK
    assert shown("y" * 5_000_000, secrets).startswith("yyy")


def test_what_is_longer_than_shown_is_not_looked_at() -> None:
    value = Mask([]).variables({"a": ["x" * 10] * 1_000_000, "b": 1}, 100)
    assert value == {"a": ["x" * 10] * 10}
    assert Mask([]).variables({"a": ["x"], "b": {}}, 100) == {"a": ["x"], "b": {}}
    assert shown("x" * 100_000, ["secret-1"], most=100).endswith("x…")


def test_deeply_nested_values() -> None:
    value: Any = "secret-1"
    for _ in range(5_000):
        value = [value]
    found = shown(value, ["secret-1"])
    while isinstance(found, list):
        (found,) = found
    assert found == MASK


@pytest.mark.parametrize(
    ("source", "masked"),
    [
        ("f('short', x)", "f('short', x)"),
        ("sign('a-long-constant', \"another one\", `${a} and`)", "sign('********', \"********\", `********`)"),
        ("f('it\\'s long enough') + x", "f('********') + x"),
        ("a /* 'comment' */ + 'constant' // it's", "a   + '********'  "),
        ("f('cut off", "f('********'"),
        ("a / b / c", "a / b / c"),
    ],
)
def test_constants_of_a_source(source: str, masked: str) -> None:
    assert without_constants(source) == masked
