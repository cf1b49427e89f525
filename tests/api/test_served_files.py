"""Stored files as browsers and other systems fetch them."""

import base64
from typing import Any

import pytest

from live_server import Answer, LiveServer


@pytest.fixture(scope="module")
def catalog(server: LiveServer) -> str:
    section = server.api("POST", "/sections", {"name": "Files"})["id"]
    fields = [{"id": "file", "name": "File", "type": "file"}]
    return str(server.api("POST", "/catalogs", {"name": "Files", "sectionId": section, "fields": fields})["id"])


def stored(server: LiveServer, catalog: str, file: dict[str, Any]) -> dict[str, Any]:
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"file": [file]}})["id"]
    (found,) = server.api("GET", f"/catalogs/{catalog}/records/{record}")["values"]["file"]
    return dict(found)


def fetched(server: LiveServer, file: dict[str, Any]) -> Answer:
    return server.ask("GET", file["url"].removeprefix(server.url), auth=None)


@pytest.mark.parametrize(
    "mime_type",
    [
        "text/csv; charset=windows-1251",
        "text/plain",
        "text/html; charset=utf-8",
        "image/png",
        "text/xml;charset=koi8-r",
    ],
)
def test_the_type_of_a_file_is_told_as_it_was_given(server: LiveServer, catalog: str, mime_type: str) -> None:
    content = "Счёт".encode("cp1251")
    source = f"data:;base64,{base64.b64encode(content).decode()}"
    answer = fetched(server, stored(server, catalog, {"title": "a", "mimeType": mime_type, "src": source}))
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers.get_all("Content-Type") == [mime_type]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("title", "disposition"),
    [
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ("Счёт.pdf", "attachment; filename=\"____.pdf\"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82.pdf"),
        ('a"; filename="b', "attachment; filename=\"a_; filename=_b\"; filename*=UTF-8''a%22%3B%20filename%3D%22b"),
        (
            "a\r\nSet-Cookie: x=1",
            "attachment; filename=\"a__Set-Cookie: x=1\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1",
        ),
    ],
)
def test_the_name_of_a_file(server: LiveServer, catalog: str, title: str, disposition: str) -> None:
    answer = fetched(server, stored(server, catalog, {"title": title, "src": "data:text/plain;base64,aGVsbG8="}))
    assert answer.headers.get_all("Content-Disposition") == [disposition]
    assert "Set-Cookie" not in answer.headers


def test_a_file_elsewhere_is_led_to(server: LiveServer, catalog: str) -> None:
    file = stored(server, catalog, {"title": "a", "src": "https://files.example/счёт?x=ё%20&y=1"})
    answer = server.ask("GET", f"/api/v1/files/{file['id']}")
    assert answer.status == 302
    assert answer.headers["Location"] == "https://files.example/%D1%81%D1%87%D1%91%D1%82?x=%D1%91%20&y=1"
