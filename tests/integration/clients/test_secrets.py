"""The key of secrets: one for all processes of a server, and nothing that another key could open."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from obmen.clients.secrets import SecretBox, load_key
from obmen.errors import SetupError


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secret.key"
    with ProcessPoolExecutor(6, mp_context=get_context("spawn")) as pool:
        keys = set(pool.map(load_key, [""] * 24, [file] * 24))

    assert keys == {file.read_bytes()}
    assert file.stat().st_mode & 0o077 == 0
    assert [found.name for found in file.parent.iterdir()] == ["secret.key"]


def test_what_was_sealed_opens_with_its_key_alone(tmp_path: Path) -> None:
    box = SecretBox(load_key("", tmp_path / "one"))
    sealed = box.seal("тайна")

    assert "тайна" not in sealed
    assert box.open(sealed) == "тайна"
    assert box.seal("тайна") != sealed
    with pytest.raises(SetupError):
        SecretBox(load_key("", tmp_path / "other")).open(sealed)
    with pytest.raises(SetupError):
        box.open(sealed[:-4] + "AAA=")


@pytest.mark.parametrize("key", ["short", "AAAA", "не base64", "A" * 43])
def test_a_bad_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(SetupError):
        load_key(key, tmp_path / "secret.key")


def test_a_damaged_key_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.write_bytes(b"")
    with pytest.raises(SetupError):
        load_key("", file)
