"""Every session of the database is ended again and again: what was under way may fail, what comes afterwards works."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from at_work import session

from live_server import LiveServer, wait_until
from obmen import bootstrap, settings
from obmen.domain.rights.policies import SYSTEM
from scenario_files import ScenarioFile, js, listen
from webhook_receiver import Receiver, receiving

END_ALL = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity "
    "where application_name = 'obmen' and datname = current_database()"
)
ROUNDS = 60


@pytest.fixture
def live(database_url: str, tmp_path: Path) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path / "data", database_url, OBMEN_WEBHOOK_RETRIES_S="0.2,0.2,0.5,0.5,1,1,1,1,1,1")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as found:
        yield found


class Company:
    """A catalog with a webhook, and a listener that adds a record after a pause."""

    def __init__(self, live: LiveServer, receiver: Receiver) -> None:
        self.live = live
        self.section = live.api("POST", "/sections", {"name": "S"})["id"]
        fields = [{"id": "name", "name": "Name", "type": "text"}]
        sent = {"name": "C", "sectionId": self.section, "fields": fields}
        self.catalog = live.api("POST", "/catalogs", sent)["id"]
        hook = {
            "$status": "$on",
            "$catalog": [{"catalogId": "$catalogs", "recordId": self.catalog}],
            "$events": ["record.created"],
            "$url": receiver.url,
        }
        live.api("POST", "/catalogs/$webhooks/records", {"values": hook})
        values = js("({name: query.name})")
        add = {"catalogFormat": "catalog", "catalogId": self.catalog, "format": "json", "values2": values}
        scenario = (
            ScenarioFile()
            .start("pause")
            .timer("pause", "PT0.1S")
            .flow("pause", "add")
            .call("add", "bpiumAdd", add)
            .flow("add", "end")
            .end()
        )
        self.path = listen(live, "adds", scenario.xml)

    def ask(self, name: str, *, is_async: bool) -> int:
        path = f"{self.path}?name={name}{'&async=true' if is_async else ''}"
        return self.live.ask("POST", path, {}, auth=None).status

    def create(self, name: str) -> int:
        values = {"values": {"name": name}}
        return self.live.ask("POST", f"/api/v1/catalogs/{self.catalog}/records", values).status

    def names(self) -> set[str]:
        found = self.live.api("GET", f"/catalogs/{self.catalog}/records?limit=1000")
        return {record["values"]["name"] for record in found}


async def end_sessions(url: str) -> int:
    """Ends all, many times and at no regular moments; how many were ended."""
    ended = 0
    async with session(url) as other:
        for _ in range(ROUNDS):
            ended += await other.fetchval(END_ALL)
            time.sleep(random.uniform(0.0, 0.08))  # noqa: ASYNC251 (nothing else runs in this loop)
            await other.execute("notify obmen_processes")  # workers look for work, on connections that are gone
    return ended


async def test_a_server_whose_sessions_are_all_ended_works_on(live: LiveServer, receiver: Receiver) -> None:
    company = Company(live, receiver)
    url = live.environment["OBMEN_DATABASE_URL"]
    statuses: list[int] = []
    accepted: list[str] = []
    over = threading.Event()

    def load(number: int) -> None:
        for turn in range(1_000_000):
            if over.is_set():
                return
            name = f"{number}-{turn}"
            with suppress(OSError):
                if number == 0:
                    statuses.append(company.create(name))
                else:
                    statuses.append(company.ask(name, is_async=number == 1))
                if statuses[-1] == 200:
                    accepted.append(name)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert await end_sessions(url) > ROUNDS
    finally:
        over.set()
        for thread in threads:
            thread.join()

    wait_until(lambda: live.ask("GET", "/health/ready", auth=None).status == 200, "the server to be ready")
    assert company.create("afterwards") == 200
    assert company.ask("waited-for", is_async=False) == 200
    assert company.ask("in-the-background", is_async=True) == 200
    wait_until(lambda: set(accepted) <= company.names(), "all that was accepted", 60)
    wait_until(lambda: {"afterwards", "waited-for", "in-the-background"} <= company.names(), "what came afterwards")
    delivered: set[str] = set()

    def all_delivered() -> bool:
        delivered.update(str(request["body"]) for request in receiver.received() if request["status"] == 200)
        return all(any(f'"{name}"' in body for body in delivered) for name in company.names())

    wait_until(all_delivered, "the webhooks", 60)
    assert set(statuses) <= {200, 503}
    await hears_of_a_change(live, company, url)


async def hears_of_a_change(live: LiveServer, company: Company, url: str) -> None:
    """Another server changes the catalogs: this one answers with them."""
    elsewhere = settings.load(live.data, {"OBMEN_DATABASE_URL": url})
    async with bootstrap.running(elsewhere) as other:
        made = await other.application.catalogs.create(SYSTEM, {"name": "Made elsewhere", "sectionId": company.section})
    wait_until(
        lambda: made.id in [found["id"] for found in live.api("GET", "/catalogs")],
        "the catalog that was made elsewhere",
    )


async def test_the_loops_of_a_worker_outlive_their_sessions(live: LiveServer, receiver: Receiver) -> None:
    """The sessions end while nothing is under way, just as the loops come back."""
    company = Company(live, receiver)
    await end_sessions(live.environment["OBMEN_DATABASE_URL"])

    wait_until(lambda: company.ask("one", is_async=True) == 200, "an accepted request")
    receiver.wait_for(1)
    (process,) = live.api("GET", "/catalogs/$processes/records")
    assert process["values"]["$status"] == ["$done"]
    await hears_of_a_change(live, company, live.environment["OBMEN_DATABASE_URL"])
