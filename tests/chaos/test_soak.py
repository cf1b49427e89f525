"""A well-behaved client beside hostile ones: it must be answered rightly all the time, also while processes are killed.

It runs for a short time among the tests and for ten minutes by ``make soak`` (``SOAK_S`` seconds; ``SOAK_ATTACKS`` names the attacks, else
all are run). First the client is alone, then beside the attacks, then processes are killed as well. Only then, and only for a while after
each kill, it may be answered 503 with ``Retry-After`` or be cut off; it asks again then. What was acknowledged must be there at the end.
"""

import asyncio
import http.client
import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import attacks
import pytest

from live_server import EMAIL, Answer, LiveServer, wait_until
from obmen.storage.embedded import EmbeddedPostgres
from scenario_files import ScenarioFile, listen

SECONDS = float(os.environ.get("SOAK_S", "45"))
CHOSEN = os.environ.get("SOAK_ATTACKS", "").split()
CLIENTS = 2
DISTURBED_S = 20.0
"""So long after a kill the client may have to ask again."""
BETWEEN_KILLS_S = 5.0 if SECONDS < 120 else 15.0
MEMORY_BYTES = 4_000_000_000
"""Of each process of the server: what takes more is not answered, and the client notices."""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    """A server whose limit on requests of an address is on, since attackers have addresses of their own."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, limits[1]))
    with LiveServer(tmp_path / "data", OBMEN_RATE_ADDRESS_REQUESTS="100000") as server:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        yield server


class Company:
    """What the client and the attackers work on."""

    def __init__(self, live: LiveServer) -> None:
        self.live = live
        section = live.api("POST", "/sections", {"name": "S"})["id"]
        fields = [
            {"id": "name", "name": "Name", "type": "text"},
            {"id": "number", "name": "Number", "type": "number"},
            {"id": "file", "name": "File", "type": "file"},
        ]
        made = live.api("POST", "/catalogs", {"name": "C", "sectionId": section, "fields": fields})
        self.records = f"/api/v1/catalogs/{made['id']}/records"
        many = "_.fromPairs(_.range(30000).map(function (i) { return ['x' + i, 'a'] }))"
        soil = "try { _.templateSettings.interpolate.compile('zzz(x)', 'g') } catch (e) {} return 1"
        scenarios = {
            attacks.ECHO: answering(_body="body"),
            attacks.LOOP: answering(_body="(function () { while (true) {} })()"),
            attacks.HEADERS: answering(_headers=many),
            attacks.SOILS: answering(_body=f"(function () {{ {soil} }})()"),
            "adds": answering(_body="({sum: body.a + body.b, text: _.template('a<%= b %>c')({b: body.a})})"),
            attacks.CYCLE: ScenarioFile().start("a").gateway("a").gateway("b").flow("a", "b").flow("b", "a").end(),
        }
        for name, scenario in scenarios.items():
            listen(live, name, scenario.xml)


def answering(**variables: str) -> ScenarioFile:
    return ScenarioFile().start("set").set("set", **variables).flow("set", "end").end()


class Client:
    """One that asks, checks every answer, and knows what was acknowledged."""

    def __init__(self, company: Company, number: int, disturbed: Callable[[], bool]) -> None:
        self.took: list[float] = []
        self.wrong: list[str] = []
        self.acknowledged: dict[str, str] = {}
        self.repeated = 0
        self._company = company
        self._number = number
        self._disturbed = disturbed

    def work(self, over: threading.Event) -> None:
        """Turn after turn until it is over, or something was wrong."""
        turn = 0
        while not over.is_set() and not self.wrong:
            turn += 1
            self._turn(f"{self._number}-{turn}", turn)

    def _turn(self, name: str, turn: int) -> None:
        records = self._company.records
        values: dict[str, Any] = {"name": name, "number": turn}
        if turn % 5 == 0:
            values["file"] = {"title": "a.txt", "src": f"data:text/plain,{name}"}
        made = self._ask("POST", records, {"values": values})
        if made is None:
            return
        record = str(made["id"])
        self.acknowledged[record] = name
        read = self._ask("GET", f"{records}/{record}")
        if read is not None:
            self._expect(read["values"], name, turn)
        found = self._ask("GET", f"{records}?filters={quote(json.dumps({'number': turn, 'name': name}))}")
        if found is not None and record not in [item["id"] for item in found]:
            self.wrong.append(f"record {record} is not found: {found}")
        added = self._ask("POST", "/api/webrequest/adds", {"a": turn, "b": 1}, signed=False)
        if added not in (None, {"sum": turn + 1, "text": f"a{turn}c"}):
            self.wrong.append(f"{turn} + 1 is {added}")
        me = self._ask("GET", "/api/v1/profile/me")
        if me is not None and EMAIL not in json.dumps(me):
            self.wrong.append(f"somebody else: {me}")

    def _expect(self, values: dict[str, Any], name: str, turn: int) -> None:
        if (values["name"], values["number"]) != (name, turn):
            self.wrong.append(f"{name} is {values}")
        for file in values["file"]:
            path = file["url"].removeprefix(self._company.live.url)
            answer = self._once("GET", path, None, signed=False)
            if answer is not None and (answer.status, answer.body) not in ((200, name.encode()), (503, answer.body)):
                self.wrong.append(f"the file of {name}: {answer.status} {answer.body[:500]!r}")

    def _ask(self, method: str, path: str, body: Any = None, *, signed: bool = True) -> Any:
        """The JSON of the answer; asked again where that is allowed, None where something was wrong."""
        while not self.wrong:
            answer = self._once(method, path, body, signed=signed)
            if answer is not None and answer.status == 200:
                return answer.json
            told = answer is not None and answer.status == 503 and answer.headers["Retry-After"] is not None
            if not (self._disturbed() and (answer is None or told)):
                shown = "cut off" if answer is None else f"{answer.status} {answer.body[:500]!r}"
                self.wrong.append(f"{method} {path}: {shown}")
            self.repeated += 1
            time.sleep(0.1)
        return None

    def _once(self, method: str, path: str, body: Any, *, signed: bool) -> Answer | None:
        begun = time.monotonic()
        try:
            live = self._company.live
            return live.ask(method, path, body) if signed else live.ask(method, path, body, auth=None)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            self.took.append(time.monotonic() - begun)


class Kills:
    """Processes of the server are killed, one after the other, at no regular moments."""

    def __init__(self, live: LiveServer) -> None:
        self.done: Counter[str] = Counter()
        self._live = live
        self._until = 0.0

    def disturb(self) -> bool:
        """Whether one was killed so recently that requests may fail."""
        return time.monotonic() < self._until

    def go_on(self, seconds: float) -> None:
        """Kills for so long; each kind about as often."""
        until, kinds = time.monotonic() + seconds, ["http", "postgres", "worker"]
        while time.monotonic() < until:
            for kind in random.sample(kinds, len(kinds)):
                self._until = time.monotonic() + 3_600
                self._live.kill_part(kind)
                self._until = time.monotonic() + DISTURBED_S
                self.done[kind] += 1
                time.sleep(random.uniform(0.5, 1.5) * BETWEEN_KILLS_S)


def phase(name: str, clients: list[Client], work: Callable[[], object]) -> None:
    """Does ``work``, and prints how long the answers took meanwhile."""
    for client in clients:
        client.took.clear()
    begun = time.monotonic()
    work()
    took = sorted(seconds for client in clients for seconds in list(client.took))
    at = [f"p{part:g} {took[int(len(took) * part / 100)] * 1_000:.0f} ms" for part in (50, 99)] if took else []
    slowest = f"at most {took[-1] * 1_000:.0f} ms" if took else ""
    sys.stdout.write(
        f"\n{name:>20}: {len(took)} requests in {time.monotonic() - begun:.0f} s, {', '.join(at)}, {slowest}"
    )
    sys.stdout.flush()


def test_a_client_is_answered_beside_hostile_ones(live: LiveServer, tmp_path: Path) -> None:
    company, kills = Company(live), Kills(live)
    clients = [Client(company, number, kills.disturb) for number in range(CLIENTS)]
    over = threading.Event()
    threads = [threading.Thread(target=client.work, args=(over,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        phase("alone", clients, lambda: time.sleep(SECONDS / 9))
        with (tmp_path / "attacks.json").open("wb") as told:
            arguments = [str(live.port), str(SECONDS * 8 / 9), *CHOSEN]
            hostile = subprocess.Popen([sys.executable, attacks.__file__, *arguments], stdout=told)
            try:
                phase("beside attacks", clients, lambda: time.sleep(SECONDS * 4 / 9))
                phase("and kills", clients, lambda: kills.go_on(SECONDS * 4 / 9))
                assert hostile.wait(300) == 0
            finally:
                hostile.kill()
                hostile.wait()
        wait_until(live.is_ready, "the server to be ready", 60)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    told_statuses = json.loads((tmp_path / "attacks.json").read_bytes())
    show(told_statuses, kills, clients)

    assert [problem for client in clients for problem in client.wrong] == []
    assert {name for name, counts in told_statuses.items() if "500 unexpected" in counts} == set()
    assert {"http", "postgres", "worker"} <= set(kills.done)
    acknowledged = {record: name for client in clients for record, name in client.acknowledged.items()}
    assert acknowledged
    asyncio.run(assert_kept(live, company, acknowledged))
    assert live.stop() == 0


def show(statuses: dict[str, dict[str, int]], kills: Kills, clients: list[Client]) -> None:
    lines = [f"{name:>28}: {', '.join(f'{key} {count}' for key, count in sorted(found.items()))}"
             for name, found in statuses.items()]  # fmt: skip
    lines.append(f"killed: {dict(kills.done)}; asked again: {sum(client.repeated for client in clients)}")
    sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


async def assert_kept(live: LiveServer, company: Company, acknowledged: dict[str, str]) -> None:
    """All that was acknowledged is there as it was sent, with an event for each that has its place."""
    catalog = company.records.split("/")[-2]
    connection = await asyncpg.connect(EmbeddedPostgres(live.data / "postgres").url())
    try:
        rows = {
            str(row["id"]): row["title"] for row in await connection.fetch(f"select id, title from obmen.c{catalog}")
        }
        assert acknowledged.items() <= rows.items()
        unplaced = "select count(*) from obmen.events where position is null"
        with suppress(TimeoutError):
            for _ in range(200):
                if not await connection.fetchval(unplaced):
                    break
                time.sleep(0.1)  # noqa: ASYNC251 (nothing else runs in this loop)
        assert await connection.fetchval(unplaced) == 0
        events = await connection.fetch("select record_id from obmen.events where catalog_id = $1", int(catalog))
        assert sorted(str(event["record_id"]) for event in events) == sorted(rows)
    finally:
        await connection.close()
