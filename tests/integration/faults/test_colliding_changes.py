"""Changes that meet: of catalogs and sections, of administrators, of a process and its record. One wins; nothing is left half done."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from at_work import count, create, ended, enqueue, eventually, make_catalog, make_listener, session

from obmen import bootstrap
from obmen.bootstrap import Wired
from obmen.domain.rights.policies import SYSTEM
from obmen.errors import Conflict, NotFound
from obmen.services.application import Application
from obmen.services.installation.preparation import add_user
from obmen.services.records.writing import RecordChange
from obmen.settings import Settings
from scenario_files import ScenarioFile

WAITING = (
    "select count(*) from pg_stat_activity "
    "where datname = current_database() and wait_event_type = 'Lock' and application_name = 'obmen'"
)


async def change(app: Application, catalog_id: str, record: str, values: dict[str, Any]) -> None:
    await app.writer.change(SYSTEM, catalog_id, [RecordChange(record, values)])


async def is_now(connection: Any, query: str, expected: int) -> bool:
    return bool(await connection.fetchval(query) == expected)


@pytest.mark.parametrize("removed_first", [True, False])
async def test_a_section_is_removed_while_a_catalog_is_made_in_it(
    obmen: Wired, test_settings: Settings, removed_first: bool
) -> None:
    app = obmen.application
    section = await app.sections.create(SYSTEM, {"name": "Short-lived"})

    def remove() -> Any:
        return app.sections.remove(SYSTEM, section)

    def make() -> Any:
        return app.catalogs.create(SYSTEM, {"name": "Late", "sectionId": section, "fields": []})

    url = test_settings.database.url
    async with session(url) as other, session(url) as gate:
        closed = gate.transaction()
        await closed.start()
        await gate.execute("update obmen.schema_state set version = version")
        changes = []
        for number, change in enumerate((remove, make) if removed_first else (make, remove), 1):
            changes.append(asyncio.ensure_future(change()))
            await eventually(partial(is_now, other, WAITING, number), "the change to wait for its turn")
        await closed.rollback()
        results = await asyncio.gather(*changes, return_exceptions=True)

        orphans = (
            "select count(*) from obmen.catalogs c left join obmen.sections s on s.id = c.section_id where s.id is null"
        )
        assert await other.fetchval(orphans) == 0
    if removed_first:
        assert results[0] is None
        assert isinstance(results[1], NotFound)
    await app.cache.refresh()
    sections = {found.id for found in await app.sections.all(SYSTEM)}
    assert {found.section_id for found in await app.catalogs.all(SYSTEM)} <= sections
    assert section not in sections


async def test_fields_are_changed_while_somebody_reads_for_long(obmen: Wired, test_settings: Settings) -> None:
    app = obmen.application
    catalog = await make_catalog(app, "name")
    changed = {"fields": [{"id": "name"}, {"id": "more", "name": "More", "type": "text"}]}
    async with session(test_settings.database.url) as reader, reader.transaction():
        await reader.fetch(f"select * from obmen.c{catalog.number}")
        with pytest.raises(Conflict) as refused:
            await app.catalogs.change(SYSTEM, catalog.id, changed)
    assert refused.value.status == 409

    await app.catalogs.change(SYSTEM, catalog.id, changed)
    assert [field.id for field in (await app.catalogs.read(SYSTEM, catalog.id)).fields] == ["name", "more"]


@pytest.fixture
async def two_servers(obmen: Wired, test_settings: Settings) -> AsyncIterator[tuple[Application, Application]]:
    async with bootstrap.running(test_settings) as other:
        yield obmen.application, other.application


async def administrators(app: Application) -> list[str]:
    rows = await app.database.pool.fetch(
        "select user_id from obmen.accounts where is_admin and password_hash is not null"
    )
    return [str(row[0]) for row in rows]


async def test_the_last_two_administrators_are_removed_at_once(two_servers: tuple[Application, Application]) -> None:
    one, other = two_servers
    for turn in range(5):
        await add_user(one, f"second{turn}@company.test", "correct horse", admin=True)
        two = await administrators(one)
        assert len(two) == 2
        removals = (
            one.writer.remove(SYSTEM, "$users", [two[0]]),
            other.writer.remove(SYSTEM, "$users", [two[1]]),
        )
        results = await asyncio.gather(*removals, return_exceptions=True)

        assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
        assert len(await administrators(one)) == 1


async def test_an_administrator_without_a_password_does_not_count(obmen: Wired) -> None:
    app = obmen.application
    (first,) = await administrators(app)
    second = await add_user(app, "second@company.test", "correct horse", admin=True)
    await app.database.pool.execute("update obmen.accounts set password_hash = null where user_id = $1", int(second))
    with pytest.raises(Conflict):
        await app.writer.remove(SYSTEM, "$users", [first])


async def test_the_only_administrator_moves_to_another_address(obmen: Wired) -> None:
    app = obmen.application
    (only,) = await administrators(app)
    await change(app, "$users", only, {"$email": "moved@company.test"})
    signed_in = await app.accounts.sign_in("moved@company.test", "correct horse", "127.0.0.1")
    assert signed_in.caller.is_admin
    assert await administrators(app) == [only]


async def test_a_file_for_a_record_that_does_not_exist_is_not_kept(obmen: Wired, tmp_path: Path) -> None:
    app = obmen.application
    catalog = await make_catalog(app, {"id": "file", "name": "File", "type": "file"})
    sent = {"file": [{"title": "a.txt", "src": "data:text/plain,content"}]}
    kept = await create(app, catalog.id, sent)
    with pytest.raises(NotFound):
        await change(app, catalog.id, "999999", sent)

    assert await app.database.pool.fetchval("select count(*) from obmen.files") == 1
    assert len([path for path in (tmp_path / "store").rglob("*") if path.is_file()]) == 1
    await change(app, catalog.id, kept, sent)
    assert await app.database.pool.fetchval("select count(*) from obmen.files") == 2


async def test_processes_are_removed_as_they_end(obmen: Wired, test_settings: Settings) -> None:
    app = obmen.application
    scenario = ScenarioFile().start("work").call("work", "code", {"source": "return 1"}).flow("work", "end").end()
    listener = await make_listener(app, scenario)
    started = []

    async def start_and_remove(turn: int) -> None:
        number = await enqueue(app, listener)
        started.append(number)
        await asyncio.sleep(0.002 * (turn % 12))
        await app.writer.remove(SYSTEM, "$processes", [str(number)])

    async with bootstrap.working(test_settings):
        await asyncio.gather(*(start_and_remove(turn) for turn in range(60)))
        assert (await ended(app, await enqueue(app, listener)))["$status"] == ["$done"]

    assert await count(app, "$processes") == 1
    assert await app.database.pool.fetchval("select count(*) from obmen.process_runs") == 0
    assert (
        await app.database.pool.fetchval("select deadlocks from pg_stat_database where datname = current_database()")
        == 0
    )
