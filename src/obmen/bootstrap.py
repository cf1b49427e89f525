"""The only wiring: joins clients, storage, services, workers and the API for each kind of process Obmen runs as.

- `serving`: a process that answers requests (made by the HTTP server from `app`);
- `working`: a process that sequences events, delivers webhooks, carries processes on and keeps indexes;
- `running`: the use cases alone, for commands.
"""

import contextlib
import gc
import hmac
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar

from obmen import components, discovery
from obmen import settings as settings_module
from obmen.api.app import create_app
from obmen.api.request_limits import RequestLimits
from obmen.clients import logs
from obmen.clients.clock import zone
from obmen.clients.files import FileStore
from obmen.clients.http import GuardedHttp
from obmen.clients.javascript import JavaScriptSandbox
from obmen.clients.passwords import Passwords
from obmen.clients.secrets import SecretBox, load_key
from obmen.clients.trust import trusted
from obmen.components import Components
from obmen.domain import fields
from obmen.domain.field_types import FieldType
from obmen.domain.processes import elements
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.processes.turns import Element
from obmen.services import system_catalogs
from obmen.services.accounts import accounts as accounts_module
from obmen.services.accounts.accounts import Accounts
from obmen.services.accounts.internal_tokens import InternalTokens
from obmen.services.accounts.profiles import Profiles
from obmen.services.application import Application
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.catalogs.descriptions import Descriptions
from obmen.services.catalogs.indexes import IndexBuild, Indexes
from obmen.services.catalogs.sections import Sections
from obmen.services.events.log import EventLog
from obmen.services.events.notifications import Heard, Notifications
from obmen.services.files.files import Files
from obmen.services.installation import preparation
from obmen.services.installation.preparation import Prepared
from obmen.services.processes import listeners as listeners_module
from obmen.services.processes.background import Background
from obmen.services.processes.journal import ProcessJournal
from obmen.services.processes.listeners import Listeners
from obmen.services.processes.own_api import OwnApi
from obmen.services.processes.processes import ABORTED_CHANNEL, CHANNEL, Processes
from obmen.services.processes.runs import World
from obmen.services.records.preparing import Preparer
from obmen.services.records.reading import RecordReader
from obmen.services.records.writing import RecordWriter
from obmen.services.schema import cache as catalog_cache
from obmen.services.schema.cache import CatalogCache
from obmen.services.system_catalogs import Surroundings, SystemCatalog
from obmen.services.webhooks.bodies import WebhookBodies
from obmen.services.webhooks.webhooks import Webhooks
from obmen.settings import Egress, Settings
from obmen.storage.data_folder import is_locked, locked, private
from obmen.storage.database import Database, connect, migrate
from obmen.storage.embedded import EmbeddedPostgres
from obmen.workers.deliveries import Deliverer
from obmen.workers.indexes import IndexKeeper
from obmen.workers.presence import Presence
from obmen.workers.processes import ProcessRunner
from obmen.workers.sequencer import Sequencer

DATA_VARIABLE = "OBMEN_DATA"
READY_VARIABLE = "OBMEN_READY_FD"
"""Names the file descriptor to which a server process writes a byte as soon as it can answer requests."""
DEFAULT_DATA = "data"
_DRAIN_S = 10.0
_PREPARING = 7_101_002
_EVERYWHERE = ("0.0.0.0/0", "::/0")
"""For requests to Obmen's own API, which may be anywhere; `OwnApi` makes no others."""


class Registered(msgspec.Struct, frozen=True):
    """What grows by adding files, collected once."""

    field_types: Mapping[str, FieldType]
    elements: Mapping[str, Element]
    components: Components
    system_catalogs: Mapping[str, SystemCatalog]


@cache
def registered() -> Registered:
    """What the installation has; `SetupError` where something cannot be read or two things have one name."""
    field_types = {
        **discovery.things(fields, "FIELD_TYPE", FieldType),
        **discovery.installed("obmen.fields", FieldType),
    }
    catalogs = discovery.things(system_catalogs, "SYSTEM_CATALOG", SystemCatalog)
    in_order = sorted(discovery.by_name(catalogs, "text_id").items(), key=lambda item: item[1].number)
    return Registered(
        field_types=discovery.by_name(field_types),
        elements=elements.collect(),
        components=components.collect(),
        system_catalogs=dict(in_order),
    )


class Wired(msgspec.Struct, frozen=True):
    """The use cases, and what only workers need beside them."""

    application: Application
    http: GuardedHttp
    secrets: SecretBox


def load_settings(**overrides: dict[str, Any]) -> Settings:
    """The settings of the data folder that the environment names."""
    data = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA)).absolute()
    return settings_module.load(data, os.environ, overrides)


@contextlib.contextmanager
def supervised_database(settings: Settings) -> Iterator[tuple[Settings, EmbeddedPostgres | None]]:
    """The settings with the URL of a database that runs: the external one, or the embedded one, started here and stopped at the end.

    The embedded server comes with them. `SetupError` where another Obmen has the data folder.
    """
    with locked(settings.data):
        if settings.database.url:
            yield settings, None
            return
        server = EmbeddedPostgres(settings.data / "postgres", port=settings.database.sql_port)
        try:
            yield _at(settings, server.start()), server
        finally:
            server.stop()


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The same for who does not start the server again where it dies."""
    with supervised_database(settings) as (started, _):
        yield started


@contextlib.contextmanager
def running_database(settings: Settings) -> Iterator[Settings]:
    """The same for a command beside a server: that one's database where it runs, else one for as long as the command takes."""
    if settings.database.url:
        yield settings
    elif is_locked(settings.data):
        yield _at(settings, EmbeddedPostgres(settings.data / "postgres", port=settings.database.sql_port).url())
    else:
        with database(settings) as started:
            yield started


def _at(settings: Settings, url: str) -> Settings:
    return msgspec.structs.replace(settings, database=msgspec.structs.replace(settings.database, url=url))


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Wired]:
    """The use cases on a database that is migrated already."""
    async with AsyncExitStack() as stack:
        where = settings.database
        base = await connect(where.url, where.schema, connections=where.connections)
        stack.push_async_callback(base.close)
        authorities = trusted(settings.tls.ca)
        http = GuardedHttp(settings.egress, trusted=authorities)
        own_http = GuardedHttp(Egress(allow=_EVERYWHERE), trusted=authorities)
        for client in (http, own_http):
            await client.start()
            stack.push_async_callback(client.close)
        javascript = JavaScriptSandbox(settings.script)
        await javascript.start()
        stack.push_async_callback(javascript.close)
        wired = _wire(settings, base, http, own_http, javascript)
        stack.push_async_callback(wired.log.close)
        await wired.application.cache.refresh()
        yield Wired(wired.application, http, wired.secrets)


class _Parts(msgspec.Struct, frozen=True):
    application: Application
    log: EventLog
    secrets: SecretBox


def _wire(
    settings: Settings, database: Database, http: GuardedHttp, own_http: GuardedHttp, javascript: JavaScriptSandbox
) -> _Parts:
    key = load_key(settings.secret.key, settings.data / "secret.key")
    box, tokens = SecretBox(key), InternalTokens(key)
    found = registered()
    scenarios = ScenarioReader(found.elements, found.components.resolve)
    log = EventLog(database)
    cache = CatalogCache(database, found.field_types)
    files = Files(
        database,
        FileStore(private(settings.data / "store")),
        key=hmac.digest(key, b"addresses of files", "sha256"),
        base=settings.url,
        link_days=settings.files.link_days,
    )
    listeners = Listeners(database, cache)
    around = Surroundings(
        queries=database.queries,
        file_content=files.content,
        compile_scenario=scenarios.read,
        forget_listeners=listeners.changed,
    )
    reader = RecordReader(database, cache, files, settings.limits)
    preparer = Preparer(database, files, box, found.system_catalogs, around)
    writer = RecordWriter(database, cache, log, preparer, found.system_catalogs)
    descriptions = Descriptions(database, cache)
    catalogs = Catalogs(descriptions, found.system_catalogs)
    world = World(
        database=database,
        reader=reader,
        writer=writer,
        catalogs=catalogs,
        components=found.components,
        scenarios=scenarios,
        javascript=javascript,
        http=http,
        own_api=OwnApi(settings, tokens, own_http),
        journal=ProcessJournal(database, writer, settings.process),
        background=Background(),
        settings=settings.process,
        zone=zone(settings.script.timezone),
    )
    application = Application(
        settings=settings,
        database=database,
        cache=cache,
        accounts=Accounts(database, Passwords(), settings, tokens, key),
        profiles=Profiles(reader),
        sections=Sections(descriptions),
        catalogs=catalogs,
        records=reader,
        writer=writer,
        files=files,
        listeners=listeners,
        processes=Processes(world),
    )
    return _Parts(application, log, box)


async def _listen(stack: AsyncExitStack, wired: Wired, more: dict[str, Heard]) -> None:
    """Listens to notifications of other processes and holds the lock that marks this process as alive."""
    obmen = wired.application
    channels: dict[str, Heard] = {
        catalog_cache.CHANNEL: obmen.cache.notified,
        accounts_module.CHANNEL: obmen.accounts.notified,
        ABORTED_CHANNEL: obmen.processes.aborted,
        listeners_module.CHANNEL: obmen.listeners.changed,
        **more,
    }
    notifications = Notifications(obmen.database, channels)
    await notifications.start()
    obmen.listeners.remember()
    stack.push_async_callback(notifications.close)
    presence = Presence(obmen.processes)
    await presence.start()
    stack.push_async_callback(presence.stop)


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Application]:
    """The use cases of a process that answers requests."""
    async with AsyncExitStack() as stack:
        wired = await stack.enter_async_context(running(settings))
        await _listen(stack, wired, {})
        stack.push_async_callback(wired.application.processes.drain, _DRAIN_S)
        _settle_memory()
        yield wired.application


@contextlib.asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """A process with all loops."""
    async with AsyncExitStack() as stack:
        wired = await stack.enter_async_context(running(settings))
        obmen = wired.application
        runner = ProcessRunner(obmen.processes)
        await _listen(stack, wired, {CHANNEL: runner.wake})
        bodies = WebhookBodies(obmen.database, obmen.cache, obmen.files)
        webhooks = Webhooks(
            obmen.database, obmen.cache, obmen.records, obmen.writer, bodies, wired.secrets, settings.webhook
        )
        indexes = Indexes(obmen.database, obmen.cache, settings.database.index_from)
        for worker in (Sequencer(obmen.database), Deliverer(webhooks, wired.http), runner, IndexKeeper(indexes)):
            await worker.start()
            stack.push_async_callback(worker.stop)
        _settle_memory()
        yield


def _settle_memory() -> None:
    """What is there by now stays: the collector need not look at it again, which stopped requests for 100 ms at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def app() -> RequestLimits:
    """The ASGI application of one server process; its settings come by the environment."""
    logs.log_to_stderr()
    settings = load_settings()
    return create_app(settings, _lifespan(settings))


def _lifespan(settings: Settings) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def live(litestar: Litestar) -> AsyncIterator[None]:
        async with serving(settings) as application:
            litestar.state.obmen = application
            if descriptor := os.environ.get(READY_VARIABLE):
                os.write(int(descriptor), b"\n")
            yield

    return live


async def index_builds(settings: Settings) -> list[IndexBuild]:
    """The indexes that some worker makes now on a database that is migrated already."""
    base = await connect(settings.database.url, settings.database.schema, connections=1)
    try:
        cache = CatalogCache(base, registered().field_types)
        return await Indexes(base, cache, settings.database.index_from).builds()
    finally:
        await base.close()


async def is_prepared(settings: Settings) -> bool:
    """Whether there is nothing for `prepare` to do."""
    base = await connect(settings.database.url, settings.database.schema, connections=1)
    try:
        return await preparation.is_prepared(base, registered().system_catalogs)
    finally:
        await base.close()


async def prepare(settings: Settings, language: str) -> Prepared | None:
    """Brings the database up to date; the first administrator, where there was none yet."""
    base = await connect(settings.database.url, settings.database.schema, connections=2)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(base.close)
        connection = await stack.enter_async_context(base.pool.acquire())
        await connection.execute("select pg_advisory_lock($1)", _PREPARING)  # several may start at once
        stack.push_async_callback(connection.execute, "select pg_advisory_unlock($1)", _PREPARING)
        await migrate(base)
        wired = await stack.enter_async_context(running(settings))
        return await preparation.prepare(wired.application, settings.admin, language)
