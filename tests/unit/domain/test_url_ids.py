"""The addresses of external requests."""

import pytest

from obmen.domain.requests.url_ids import is_url_id, url_ids_of


@pytest.mark.parametrize("text", ["a", "A-b_9", "records/obj", "a/b/c", "x" * 200])
def test_an_address_to_listen_at(text: str) -> None:
    assert is_url_id(text)


@pytest.mark.parametrize(
    "text", ["", "/", "/a", "a/", "a//b", "a b", "ё", "a.b", "a?b", "a%20", "../a", "x" * 201, "a\n"]
)
def test_what_is_no_address(text: str) -> None:
    assert not is_url_id(text)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("records", ["records"]),
        ("/Records/Obj/", ["records", "records/obj"]),
        ("records/obj/7.json", ["records", "records/obj"]),
        ("records/%D1%91/x", ["records"]),
        ("records//x", ["records"]),
        ("", []),
        ("%20", []),
        ("x" * 201, []),
        (f"a/{'x' * 300}/b", ["a"]),
    ],
)
def test_what_a_path_may_mean(path: str, ids: list[str]) -> None:
    assert url_ids_of(path) == ids


def test_a_path_of_many_parts_means_few_addresses() -> None:
    assert len(url_ids_of("a/" * 100_000)) <= 100
