"""The only wiring: joins clients, storage, services, workers and the API for each kind of process Obmen runs as.

- `serving`: a process that answers requests (made by the HTTP server from `app`);
- `working`: a process that sequences events, delivers webhooks and carries processes on;
- `running`: the use cases alone, for commands.
"""

import contextlib
import gc
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import structlog
from litestar import Litestar

from obmen import settings as settings_module
from obmen.api.app import create_app
from obmen.clients.files import FileStore
from obmen.clients.http import GuardedHttp
from obmen.clients.javascript import JavaScriptSandbox
from obmen.clients.passwords import Passwords
from obmen.clients.secrets import SecretBox, load_key
from obmen.domain.catalogs.schema import USERS
from obmen.domain.rights.rights import SYSTEM
from obmen.services.accounts import accounts as accounts_module
from obmen.services.accounts.accounts import Accounts
from obmen.services.application import Application
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.events.log import EventLog
from obmen.services.events.notifications import Heard, Notifications
from obmen.services.files.files import Files
from obmen.services.processes.background import Background
from obmen.services.processes.journal import ProcessJournal
from obmen.services.processes.listeners import Listeners
from obmen.services.processes.processes import ABORTED_CHANNEL, CHANNEL, Processes
from obmen.services.processes.runs import World
from obmen.services.records.reading import Records
from obmen.services.schema import cache as catalog_cache
from obmen.services.schema.cache import CatalogCache
from obmen.services.system_catalogs import system_catalogs
from obmen.services.webhooks.webhooks import Webhooks
from obmen.settings import Settings
from obmen.storage.data_folder import is_locked, locked, private
from obmen.storage.database import Database, connect, migrate, missing_migrations
from obmen.storage.embedded import EmbeddedPostgres
from obmen.workers.deliveries import Deliverer
from obmen.workers.presence import Presence
from obmen.workers.processes import ProcessRunner
from obmen.workers.sequencer import Sequencer

DATA_VARIABLE = "OBMEN_DATA"
DEFAULT_DATA = "data"
_DRAIN_S = 10.0
_PREPARING = 7_101_002


class Prepared(msgspec.Struct, frozen=True):
    """What the first start has made: the sign-in of the administrator, its password where it was made up."""

    email: str
    password: str | None


class Wired(msgspec.Struct, frozen=True):
    """The use cases, and what only workers need beside them."""

    application: Application
    http: GuardedHttp
    secrets: SecretBox


def load_settings(**overrides: dict[str, Any]) -> Settings:
    """The settings of the data folder that the environment names."""
    data = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA)).absolute()
    return settings_module.load(data, os.environ, overrides)


def log_to_stderr() -> None:
    """Logs are lines for people on a terminal, JSON elsewhere."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    human = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if human else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The settings with the URL of a database that runs: the external one, or the embedded one, started here and stopped at the end.

    `SetupError` where another Obmen has the data folder.
    """
    with locked(settings.data):
        if settings.database.url:
            yield settings
            return
        server = EmbeddedPostgres(settings.data / "postgres", port=settings.database.sql_port)
        try:
            yield _at(settings, server.start())
        finally:
            server.stop()


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
        http = GuardedHttp(settings.egress)
        await http.start()
        stack.push_async_callback(http.close)
        javascript = JavaScriptSandbox(settings.script)
        await javascript.start()
        stack.push_async_callback(javascript.close)
        wired = _wire(settings, base, http, javascript)
        stack.push_async_callback(wired.log.close)
        await wired.application.cache.refresh()
        yield Wired(wired.application, http, wired.secrets)


class _Parts(msgspec.Struct, frozen=True):
    application: Application
    log: EventLog
    secrets: SecretBox


def _wire(settings: Settings, database: Database, http: GuardedHttp, javascript: JavaScriptSandbox) -> _Parts:
    box = SecretBox(load_key(settings.secret.key, settings.data / "secret.key"))
    log = EventLog(database)
    cache = CatalogCache(database)
    files = Files(database, FileStore(private(settings.data / "store")))
    records = Records(database, cache, log, files, box, settings.limits)
    catalogs = Catalogs(database, cache)
    world = World(
        database=database,
        records=records,
        catalogs=catalogs,
        javascript=javascript,
        http=http,
        journal=ProcessJournal(database, records, settings.process),
        background=Background(),
        settings=settings.process,
    )
    application = Application(
        settings=settings,
        database=database,
        cache=cache,
        accounts=Accounts(database, Passwords(), settings),
        catalogs=catalogs,
        records=records,
        files=files,
        listeners=Listeners(database, cache),
        processes=Processes(world),
    )
    return _Parts(application, log, box)


async def _listen(stack: AsyncExitStack, wired: Wired, more: dict[str, Heard]) -> None:
    """Hears what other processes say; says that this one lives."""
    obmen = wired.application
    channels: dict[str, Heard] = {
        catalog_cache.CHANNEL: obmen.cache.notified,
        accounts_module.CHANNEL: lambda _: obmen.accounts.forget(),
        ABORTED_CHANNEL: obmen.processes.aborted,
        **more,
    }
    notifications = Notifications(obmen.database, channels)
    await notifications.start()
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
        webhooks = Webhooks(obmen.database, obmen.cache, obmen.records, wired.secrets, settings.webhook)
        for worker in (Sequencer(obmen.database), Deliverer(webhooks, wired.http), runner):
            await worker.start()
            stack.push_async_callback(worker.stop)
        _settle_memory()
        yield


def _settle_memory() -> None:
    """What is there by now stays: the collector need not look at it again, which stopped requests for 100 ms at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def app() -> Litestar:
    """The ASGI application of one server process; its settings come by the environment."""
    log_to_stderr()
    settings = load_settings()
    return create_app(settings, _lifespan(settings))


def _lifespan(settings: Settings) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def live(litestar: Litestar) -> AsyncIterator[None]:
        async with serving(settings) as application:
            litestar.state.obmen = application
            yield

    return live


async def is_prepared(settings: Settings) -> bool:
    """Whether there is nothing for `prepare` to do."""
    base = await connect(settings.database.url, settings.database.schema, connections=1)
    try:
        if await missing_migrations(base):
            return False
        known = {row["text_id"] for row in await base.fetch("read_catalogs")}
        return known >= set(system_catalogs()) and bool(await base.fetchval("count_administrators"))
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
        obmen = wired.application
        await obmen.catalogs.create_system(language)
        if await obmen.database.fetchval("count_administrators"):
            return None
        password = settings.admin.password or secrets.token_urlsafe(12)
        await add_user(obmen, settings.admin.email, password, admin=True)
        return Prepared(settings.admin.email, None if settings.admin.password else password)


async def add_user(obmen: Application, email: str, password: str, *, admin: bool, name: str = "") -> str:
    """The id of the employee with this address, made where there is none, with this password."""
    known = await obmen.records.find_one(SYSTEM, USERS, "$email", email)
    if known is None:
        values = {"$name": name or email.partition("@")[0], "$email": email}
        user_id = await obmen.records.create(SYSTEM, USERS, values)
    else:
        user_id = str(known["id"])
    await obmen.accounts.set_password(int(user_id), password, admin=admin)
    return user_id
