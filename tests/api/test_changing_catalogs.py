"""Catalogs change while others use them: nobody is told that something went wrong inside."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from live_server import LiveServer, wait_until


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose requests are answered by two processes, each with what it remembers."""
    with LiveServer(tmp_path_factory.mktemp("changing") / "data", new_database(), OBMEN_HTTP_WORKERS="2") as live:
        yield live


def test_what_one_process_has_changed_the_other_knows(server: LiveServer) -> None:
    for _ in range(12):
        section = server.api("POST", "/sections", {"name": "Quick"})["id"]
        assert server.api("GET", f"/sections/{section}")["name"] == "Quick"
        fields = [{"id": "a", "name": "a", "type": "text"}]
        catalog = server.api("POST", "/catalogs", {"name": "Quick", "sectionId": section, "fields": fields})["id"]
        path = f"/catalogs/{catalog}"
        assert server.api("GET", path)["id"] == catalog
        assert catalog in [found["id"] for found in server.api("GET", "/catalogs")]
        server.api("POST", f"{path}/records", {"values": {"a": "x"}})
        server.api("PATCH", path, {"fields": [{"id": "a"}, {"id": "b", "name": "b", "type": "text"}]})
        server.api("POST", f"{path}/records", {"values": {"b": "y"}})

        wait_until(partial(_are, server, catalog, [{"a": "x", "b": ""}, {"a": "", "b": "y"}]), "the new field")
        server.api("PATCH", path, {"fields": [{"id": "b"}]})
        wait_until(partial(_are, server, catalog, [{"b": ""}, {"b": "y"}]), "the end of the old field")
        server.api("DELETE", path)
        assert server.ask("GET", f"/api/v1{path}").status == 404
        wait_until(partial(_is_gone, server, catalog), "the end of the catalog")


def _are(server: LiveServer, catalog: str, values: list[dict[str, str]]) -> bool:
    found = server.api("GET", f"/catalogs/{catalog}/records?sortField=id")
    return [record["values"] for record in found] == values


def _is_gone(server: LiveServer, catalog: str) -> bool:
    return server.ask("GET", f"/api/v1/catalogs/{catalog}/records").status == 404


def test_records_are_read_and_written_while_fields_come_and_go(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Busy"})["id"]
    kept = {"id": "a", "name": "a", "type": "text"}
    catalog = server.api("POST", "/catalogs", {"name": "Busy", "sectionId": section, "fields": [kept]})["id"]
    path = f"/api/v1/catalogs/{catalog}"
    changing = [True]

    def use(number: int) -> list[int]:
        statuses = []
        while changing[0]:
            made = server.ask("POST", f"{path}/records", {"values": {"a": "x"}})
            statuses += [made.status, server.ask("GET", f"{path}/records?limit=3").status]
            if made.status == 200:
                record = f"{path}/records/{made.json['id']}"
                statuses += [
                    server.ask("PATCH", record, {"values": {"a": "y"}}).status,
                    server.ask("GET", record).status,
                ]
        return statuses

    def change() -> list[int]:
        fields = [[{"id": "a"}, {"name": f"n{number}", "type": "number"}] for number in range(20)]
        return [server.ask("PATCH", path, {"fields": listed}).status for listed in fields]

    with ThreadPoolExecutor(4) as pool:
        users = [pool.submit(use, number) for number in range(3)]
        try:
            changed = pool.submit(change).result()
        finally:
            changing[0] = False
        statuses = [status for user in users for status in user.result()]
    assert set(changed) == {200}, server.log.read_text()[-3000:]
    assert set(statuses) == {200}, server.log.read_text()[-3000:]
    assert len(server.api("GET", f"/catalogs/{catalog}")["fields"]) == 2
