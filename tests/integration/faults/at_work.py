"""What the tests of faults need of an Obmen in this process: a catalog, a listener, a process, and another system."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiohttp import web

from obmen.domain.query_reading import Asked
from obmen.domain.rights.policies import SYSTEM
from obmen.domain.schema import Catalog
from obmen.services.application import Application
from obmen.services.processes.listeners import Listener
from obmen.services.records.writing import NewRecord
from scenario_files import ScenarioFile, as_file, js

PATIENCE_S = 40.0
SETTLE_S = 1.0
"""Time enough for one thing too many to happen."""


async def eventually(condition: Callable[[], Awaitable[Any] | Any], what: str) -> Any:
    """The first true value of ``condition()``; fails the test where there is none."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = condition()
                if isinstance(found, Awaitable):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


@asynccontextmanager
async def session(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session of PostgreSQL that is not Obmen's."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def make_catalog(obmen: Application, *fields: str | dict[str, Any], name: str = "Orders") -> Catalog:
    """A catalog in a section of its own; a plain word is a text field."""
    section = await obmen.sections.create(SYSTEM, {"name": "Sales"})
    described = [{"id": field, "name": field, "type": "text"} if isinstance(field, str) else field for field in fields]
    made = await obmen.catalogs.create(SYSTEM, {"name": name, "sectionId": section, "fields": described})
    return obmen.cache.schema.catalog(made.id)


async def create(obmen: Application, catalog_id: str, values: dict[str, Any]) -> str:
    """The id of a new record."""
    (made,) = await obmen.writer.create(SYSTEM, catalog_id, [NewRecord(values)])
    return made


async def read(obmen: Application, catalog_id: str, record: str) -> dict[str, Any]:
    """The values of a record."""
    found: dict[str, Any] = json.loads(await obmen.records.read(SYSTEM, catalog_id, record, Asked()))["values"]
    return found


async def count(obmen: Application, catalog_id: str) -> int:
    """How many records a catalog has."""
    return await obmen.records.count(SYSTEM, catalog_id, Asked())


async def make_listener(obmen: Application, scenario: ScenarioFile, url_id: str = "made") -> Listener:
    """Saves a scenario and listens with it."""
    sent = {"$name": url_id, "$file": as_file(scenario.xml)}
    script = await create(obmen, "$scripts", sent)
    link = [{"catalogId": "$scripts", "recordId": script}]
    listener = {"$status": "$on", "$name": url_id, "$urlId": url_id, "$script": link}
    await create(obmen, "$webRequests", listener)
    return await obmen.listeners.find(url_id)


async def enqueue(obmen: Application, listener: Listener, **variables: Any) -> int:
    """The id of a process for the worker."""
    return await obmen.processes.enqueue(obmen.processes.launch(listener, "$async", variables, None))


async def process(obmen: Application, number: int) -> dict[str, Any]:
    """The values of a process's record."""
    return await read(obmen, "$processes", str(number))


async def ended(obmen: Application, number: int) -> dict[str, Any]:
    """The values of its record once the process has ended."""

    async def look() -> dict[str, Any] | None:
        values = await process(obmen, number)
        return values if values["$status"] != ["$running"] else None

    found: dict[str, Any] = await eventually(look, f"process {number} to end")
    return found


def adding(catalog: Catalog, values: str) -> dict[str, Any]:
    """Inputs of the component that adds a record; ``values`` is JavaScript."""
    return {"catalogFormat": "catalog", "catalogId": catalog.id, "format": "json", "values2": js(values)}


class Peer:
    """Another system: writes down what it is asked, and answers once it is ``free``."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.free = asyncio.Event()
        self._url = ""

    def count(self, path: str) -> int:
        """How often it was asked for this."""
        return self.asked.count(path)

    def asking(self, method: str, path: str) -> dict[str, Any]:
        """Inputs of the component that asks it."""
        return {"method": method, "query": self._url + path, "format": "body", "body": "{}"}

    async def serve(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        await self.free.wait()
        return web.Response(text="ok")
