"""What wins over what: defaults < ``obmen.toml`` < environment < command line."""

from pathlib import Path

import pytest

from obmen import settings
from obmen.errors import SetupError


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "obmen.toml").write_text('[http]\nport = 8081\nhost = "0.0.0.0"\n[limits]\npage = 50\n', "utf-8")
    found = settings.load(tmp_path, {"OBMEN_HTTP_PORT": "8082", "OBMEN_LIMITS_DEPTH": "7"})

    assert (found.http.port, found.http.host, found.http.workers) == (8082, "0.0.0.0", 1)
    assert (found.limits.page, found.limits.depth) == (50, 7)
    assert settings.load(tmp_path, {"OBMEN_HTTP_PORT": "8082"}, {"http": {"port": 8083}}).http.port == 8083


def test_lists_stand_with_commas_in_the_environment_and_as_lists_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "obmen.toml").write_text('[egress]\nallow = ["10.0.0.0/8"]\n[webhook]\nretries_s = [1, 2.5]\n', "utf-8")
    from_file = settings.load(tmp_path, {})
    given = {"OBMEN_EGRESS_ALLOW": " crm.local, *.corp ,", "OBMEN_WEBHOOK_RETRIES_S": "0.5,3"}
    from_environment = settings.load(tmp_path, given)

    assert (from_file.egress.allow, from_file.webhook.retries_s) == (("10.0.0.0/8",), (1, 2.5))
    assert from_environment.egress.allow == ("crm.local", "*.corp")
    assert from_environment.webhook.retries_s == (0.5, 3)
    assert settings.load(tmp_path, {"OBMEN_EGRESS_ALLOW": ""}).egress.allow == ()


@pytest.mark.parametrize(
    ("file", "environment", "named"),
    [
        ("[http]\nprot = 1\n", {}, "prot"),
        ("[htpp]\nport = 1\n", {}, "htpp"),
        ("[http]\nport = 70000\n", {}, "port"),
        ("", {"OBMEN_HTTP_PORT": "many"}, "port"),
        ("[http\n", {}, "obmen.toml"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, file: str, environment: dict[str, str], named: str) -> None:
    (tmp_path / "obmen.toml").write_text(file, "utf-8")
    with pytest.raises(SetupError, match=named):
        settings.load(tmp_path, environment)
