"""Settings that are refused at the start."""

from pathlib import Path

import pytest

from obmen import settings
from obmen.errors import SetupError


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://127.0.0.1:8080",
        "https://crm.example.com",
        "https://crm.example.com/",
        "http://[::1]:8080",
        "https://a/b",
    ],
)
def test_an_address_of_obmen(tmp_path: Path, url: str) -> None:
    assert settings.load(tmp_path, {"OBMEN_HTTP_URL": url}).http.url == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "crm.example.com",
            "crm.example.com:8080",
            "//crm.example.com",
            "/",
            "x:y",
            "null",
            "ftp://crm.example.com",
            "https://",
        ),
        *(
            "https:///x",
            "https://user@crm.example.com",
            "https://crm.example.com?x=1",
            "https://crm.example.com#x",
            "https://a b",
        ),
        *(
            "http:crm.example.com",
            "HTTPS//crm.example.com",
            "https://crm.example.com:port",
            "https://[::1",
            " https://a",
        ),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SetupError, match=r"http\.url"):
        settings.load(tmp_path, {"OBMEN_HTTP_URL": url})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("OBMEN_HTTP_IDLE_S", "0"), ("OBMEN_HTTP_IDLE_S", "never"), ("OBMEN_HTTP_HTTP2", "maybe")),
        *(
            ("OBMEN_LIMITS_HEADER_COUNT", "101"),
            ("OBMEN_LIMITS_HEADER_BYTES", "10"),
            ("OBMEN_LIMITS_BODIES_BYTES", "-1"),
        ),
    ],
)
def test_a_limit_that_cannot_be_is_refused(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SetupError):
        settings.load(tmp_path, {variable: value})
