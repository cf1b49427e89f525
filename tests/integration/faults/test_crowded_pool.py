"""Many writers on few connections: whoever holds one does everything on it, so that nobody waits for nobody."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from live_server import LiveServer, wait_until
from scenario_files import ScenarioFile, as_file, js, listen

MANY = 40


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with few connections, whose processes do not wait for ever."""
    few = {"OBMEN_DATABASE_CONNECTIONS": "4", "OBMEN_PROCESS_SYNC_TIMEOUT_S": "20"}
    with LiveServer(tmp_path_factory.mktemp("crowded") / "data", new_database(), **few) as live:
        yield live


def test_many_processes_that_add_a_record_with_a_link_and_a_file(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "S"})["id"]
    text = {"id": "name", "name": "Name", "type": "text"}
    clients = server.api("POST", "/catalogs", {"name": "Clients", "sectionId": section, "fields": [text]})["id"]
    client = server.api("POST", f"/catalogs/{clients}/records", {"values": {"name": "A client"}})["id"]
    link = {"id": "client", "name": "Client", "type": "object", "config": {"catalogs": [{"id": clients}]}}
    file = {"id": "file", "name": "File", "type": "file"}
    sent = {"name": "Orders", "sectionId": section, "fields": [text, link, file]}
    orders = server.api("POST", "/catalogs", sent)["id"]
    values = (
        f"({{name: 'order', client: [{{catalogId: '{clients}', recordId: '{client}'}}],"
        " file: [{title: 'a.txt', src: 'data:text/plain,content'}]})"
    )
    add = {"catalogFormat": "catalog", "catalogId": orders, "format": "json", "values2": js(values)}
    scenario = ScenarioFile().start("add").call("add", "bpiumAdd", add).flow("add", "end").end()
    path = listen(server, "adds", scenario.xml)

    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(server.ask, "POST", path, {}, auth=None) for _ in range(MANY)]
        health = [server.ask("GET", f"/health/{what}", auth=None).status for what in ("live", "ready")]
        assert [answer.result().status for answer in asked] == [200] * MANY

    assert health == [200, 200]
    found = server.api("GET", f"/catalogs/{orders}/records?limit=100")
    assert len(found) == MANY
    assert {record["values"]["client"][0]["recordId"] for record in found} == {client}
    assert len({record["values"]["file"][0]["id"] for record in found}) == MANY


def test_many_scenarios_saved_at_once(server: LiveServer) -> None:
    scenario = ScenarioFile().start("set").set("set", x="1").flow("set", "end").end().xml

    def save(number: int) -> int:
        values = {"$name": f"saved {number}", "$file": as_file(scenario)}
        return server.ask("POST", "/api/v1/catalogs/$scripts/records", {"values": values}).status

    with ThreadPoolExecutor(14) as pool:
        assert list(pool.map(save, range(14))) == [200] * 14
    names = {record["values"]["$name"] for record in server.api("GET", "/catalogs/$scripts/records")}
    assert {f"saved {number}" for number in range(14)} <= names


@pytest.mark.parametrize("connections", ["2", "4"])
def test_a_worker_works_with_the_fewest_connections(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, connections: str
) -> None:
    """What a worker holds for itself (its locks, what it hears) is not taken from those who work."""
    folder = tmp_path_factory.mktemp("few")
    with LiveServer(folder / "data", new_database(), OBMEN_DATABASE_CONNECTIONS=connections) as live:
        scenario = ScenarioFile().start("pause").timer("pause", "PT0.1S").flow("pause", "end").end()
        path = listen(live, "pauses", scenario.xml)
        assert live.ask("POST", f"{path}?async=true", {}, auth=None).status == 200
        wait_until(
            lambda: live.api("GET", "/catalogs/$processes/records")[0]["values"]["$status"] == ["$done"],
            "the end of the process",
        )
