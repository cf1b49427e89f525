"""No space left: what does not fit leaves nothing behind, and says what is wrong. Limits of the process stand for the disk."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from at_work import session

from live_server import Answer, LiveServer, wait_until

SMALL, LARGE = "x" * 10_000, "x" * 300_000
BETWEEN = 100_000


@contextmanager
def full(live: LiveServer) -> Iterator[None]:
    """Files of more than `BETWEEN` bytes do not fit while this lasts."""
    pid = live.parts()["http"]
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (BETWEEN, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def a_file(content: str) -> dict[str, str]:
    return {"title": "a.txt", "src": f"data:text/plain,{content}"}


@pytest.fixture(scope="module")
def catalog(server: LiveServer) -> str:
    section = server.api("POST", "/sections", {"name": "S"})["id"]
    fields: list[dict[str, Any]] = [
        {"id": name, "name": name, "type": "file", "config": {"multiselect": True}} for name in ("one", "two")
    ]
    fields.append({"id": "name", "name": "name", "type": "text"})
    return str(server.api("POST", "/catalogs", {"name": "C", "sectionId": section, "fields": fields})["id"])


def stored(server: LiveServer) -> set[Path]:
    return {path for path in (server.data / "store").rglob("*") if path.is_file()}


def create(server: LiveServer, catalog: str, values: dict[str, Any], **headers: str) -> Answer:
    return server.ask("POST", f"/api/v1/catalogs/{catalog}/records", {"values": values}, headers=headers)


@pytest.mark.parametrize(
    "values",
    [
        {"one": [a_file(LARGE)]},
        {"one": [a_file(SMALL), a_file(LARGE)]},
        {"one": [a_file(SMALL)], "two": [a_file(LARGE)]},
        {"one": [a_file(SMALL), a_file(SMALL)], "two": [a_file(SMALL), a_file(LARGE), a_file(SMALL)]},
    ],
    ids=["one", "the second of a field", "the second field", "among several"],
)
def test_files_that_do_not_fit_leave_none_behind(server: LiveServer, catalog: str, values: dict[str, Any]) -> None:
    before, records = stored(server), server.api("GET", f"/catalogs/{catalog}/records")
    with full(server):
        answer = create(server, catalog, values)

    assert (answer.status, answer.json["code"]) == (507, "storage_full")
    assert "300000" in answer.json["message"]
    assert stored(server) == before
    assert server.api("GET", f"/catalogs/{catalog}/records") == records
    assert create(server, catalog, values).status == 200  # it is free again


def test_it_is_said_in_russian_too(server: LiveServer, catalog: str) -> None:
    with full(server):
        answer = create(server, catalog, {"one": a_file(LARGE)}, **{"Accept-Language": "ru"})

    assert "нет места" in answer.json["message"]


def test_a_file_whose_content_is_gone_says_so(server: LiveServer, catalog: str) -> None:
    before = stored(server)
    number = create(server, catalog, {"one": a_file(SMALL)}).json["id"]
    (path,) = stored(server) - before
    path.unlink()
    (file,) = server.api("GET", f"/catalogs/{catalog}/records/{number}")["values"]["one"]
    answer = server.ask("GET", file["url"].removeprefix(server.url), auth=None)

    assert (answer.status, answer.json["code"]) == (410, "content_gone")
    assert "a.txt" in answer.json["message"]


def test_a_file_that_cannot_be_read_now_may_be_asked_for_again(server: LiveServer, catalog: str) -> None:
    before = stored(server)
    number = create(server, catalog, {"one": a_file(SMALL)}).json["id"]
    (path,) = stored(server) - before
    path.unlink()
    path.symlink_to(path.name)  # reading it fails, and not since it is missing
    (file,) = server.api("GET", f"/catalogs/{catalog}/records/{number}")["values"]["one"]
    answer = server.ask("GET", file["url"].removeprefix(server.url), auth=None)

    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "1")


async def test_a_database_without_space_says_so(server: LiveServer, catalog: str) -> None:
    """PostgreSQL's own error, which a trigger raises here in its place."""
    raising = "begin raise exception 'could not extend file' using errcode = 'disk_full'; end"
    async with session(server.environment["OBMEN_DATABASE_URL"]) as database:
        await database.execute(f"create function obmen.full_disk() returns trigger language plpgsql as $${raising}$$")
        table = f"obmen.c{catalog}"
        await database.execute(f"create trigger full_disk before insert on {table} execute function obmen.full_disk()")
        before = stored(server)
        answer = create(server, catalog, {"name": "x", "one": a_file(SMALL)})
        await database.execute("drop function obmen.full_disk cascade")

    assert (answer.status, answer.json["code"]) == (507, "storage_full")
    assert stored(server) == before
    assert create(server, catalog, {"name": "x"}).status == 200


async def test_a_file_stays_where_nobody_knows_whether_its_record_does(server: LiveServer, catalog: str) -> None:
    """The session is cut off while the record is written: it may be there, and then its file must be."""
    ending = "begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end"
    async with session(server.environment["OBMEN_DATABASE_URL"]) as database:
        await database.execute(f"create function obmen.ended() returns trigger language plpgsql as $${ending}$$")
        await database.execute(f"create trigger ended after insert on obmen.c{catalog} execute function obmen.ended()")
        before = stored(server)
        answer = create(server, catalog, {"one": a_file(SMALL)})
        await database.execute("drop function obmen.ended cascade")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert len(stored(server) - before) == 1
    wait_until(server.is_ready, "the server to be ready")
