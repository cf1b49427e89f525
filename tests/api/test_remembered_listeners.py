"""What is remembered of external requests is forgotten as soon as something of them changes."""

from collections.abc import Callable, Iterator

import pytest

from live_server import LiveServer, wait_until
from scenario_files import ScenarioFile, as_file, listen

TIMES = 3
"""So often is each address asked: the first answer is looked up, the others are remembered."""


def saying(text: str) -> str:
    return ScenarioFile().start("a").set("a", _body=f"'{text}'").flow("a", "end").end().xml


def answers(server: LiveServer, path: str) -> set[tuple[int, bytes]]:
    found = (server.ask("GET", f"/api/webrequest/{path}", auth=None) for _ in range(TIMES))
    return {(answer.status, answer.body if answer.status == 200 else b"") for answer in found}


class Listener:
    """A listener with its records."""

    def __init__(self, server: LiveServer, url_id: str) -> None:
        self._server = server
        self.path = url_id
        listen(server, url_id, saying("first"))
        self.script = server.api("GET", "/catalogs/$scripts/records?limit=1")[0]["id"]
        self.record = server.api("GET", "/catalogs/$webRequests/records?limit=1")[0]["id"]
        assert answers(server, url_id) == {(200, b"first")}

    def change(self, catalog: str, record: str, **values: object) -> None:
        named = {f"${name}": value for name, value in values.items()}
        self._server.api("PATCH", f"/catalogs/{catalog}/records/{record}", {"values": named})

    def remove(self, catalog: str, record: str) -> None:
        self._server.api("DELETE", f"/catalogs/{catalog}/records/{record}")


Changing = Callable[[Listener], None]


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (lambda one: one.change("$webRequests", one.record, status="$off"), (404, b"")),
        (lambda one: one.change("$webRequests", one.record, urlId="elsewhere-" + one.path), (404, b"")),
        (lambda one: one.remove("$webRequests", one.record), (404, b"")),
        (lambda one: one.remove("$scripts", one.script), (404, b"")),
        (lambda one: one.change("$scripts", one.script, file=as_file(saying("second"))), (200, b"second")),
        (lambda one: one.change("$scripts", one.script, name="renamed"), (200, b"first")),
    ],
    ids=["off", "moved", "removed", "no-scenario", "new-version", "renamed"],
)
def test_a_change_counts_from_the_next_request_on(
    server: LiveServer, request: pytest.FixtureRequest, change: Changing, after: tuple[int, bytes]
) -> None:
    one = Listener(server, f"one-{request.node.callspec.id}")
    change(one)
    assert answers(server, one.path) == {after}


def test_a_longer_address_takes_over(server: LiveServer) -> None:
    Listener(server, "grows")
    assert answers(server, "grows/on") == {(200, b"first")}
    listen(server, "grows/on", saying("longer"))
    assert answers(server, "grows/on") == {(200, b"longer")}
    assert answers(server, "grows") == {(200, b"first")}


@pytest.fixture
def other(new_database: Callable[[], str], tmp_path: object) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two servers on one database."""
    url, folder = new_database(), tmp_path
    key = "b2ItbWVuIG9iLW1lbiBvYi1tZW4gb2ItbWVuIG9iLW0="
    pair = [LiveServer(folder / name, url, OBMEN_SECRET_KEY=key) for name in ("one", "two")]  # type: ignore[operator]
    try:
        yield pair[0].start(), pair[1].start()
    finally:
        for live in pair:
            live.kill()


def test_another_server_is_told(other: tuple[LiveServer, LiveServer]) -> None:
    here, there = other
    one = Listener(here, "shared")
    assert answers(there, "shared") == {(200, b"first")}
    one.change("$webRequests", one.record, status="$off")
    wait_until(lambda: answers(there, "shared") == {(404, b"")}, "the other server to hear of it", seconds=5)
    one.change("$webRequests", one.record, status="$on")
    assert answers(here, "shared") == {(200, b"first")}
