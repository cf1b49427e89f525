"""A company on one database, a receiver of webhooks on loopback, and a plain way to send."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
from contextlib import AsyncExitStack, suppress

import aiohttp
import msgspec
from aiohttp import web

from obmen import bootstrap, settings
from obmen.domain.query_reading import Asked
from obmen.domain.rights.policies import SYSTEM, Caller
from obmen.errors import Temporary
from obmen.ports import HttpResponse
from obmen.services.records.writing import NewRecord, RecordChange
from obmen.services.webhooks.bodies import WebhookBodies
from obmen.services.webhooks.webhooks import Webhooks
from obmen.settings import Webhook
from obmen.storage.own_connection import FAULTS
from obmen.workers.deliveries import Deliverer
from obmen.workers.sequencer import Sequencer

PATIENCE_S = 30


async def eventually(condition):
    """Waits until ``await condition()`` holds."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


class PlainHttp:
    """The port `Http` without an egress policy."""

    def __init__(self):
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def send(self, request):
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                allow_redirects=request.follow_redirects,
                timeout=aiohttp.ClientTimeout(total=request.timeout_s),
            ) as answer:
                return HttpResponse(
                    status=answer.status,
                    headers=[(name.lower(), value) for name, value in answer.headers.items()],
                    body=await answer.read(),
                    url=request.url,
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Temporary("webhook.client_failed", delay_s=1, problem=error or "timeout") from error

    async def close(self):
        await self._session.close()


class Received(msgspec.Struct):
    path: str
    headers: dict
    raw: bytes
    body: dict

    @property
    def record(self):
        return self.body["payload"]["recordId"]

    @property
    def sequence_id(self):
        return self.body["hook"]["sequenceId"]

    def verifies(self, secret):
        """Whether both signatures are those of ``secret``."""
        key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.raw])
        md5 = hmac.new(secret.encode(), self.raw, hashlib.md5).digest()
        sha = hmac.new(key, signed, hashlib.sha256).digest()
        return (self.headers["x-hook-signature"], self.headers["webhook-signature"]) == (
            base64.b64encode(md5).decode(),
            "v1," + base64.b64encode(sha).decode(),
        )


class Receiver:
    """Another system. ``answer`` decides: a status, ``(status, headers)``, ``"hang"`` or ``"reset"``."""

    def __init__(self):
        self.attempts = []
        self.accepted = []
        self.answer = lambda received, attempt: 200
        self._counts = {}
        self._more = asyncio.Condition()
        self._ended = asyncio.Event()

    async def start(self):
        application = web.Application()
        application.router.add_post("/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def _handle(self, request):
        raw = await request.read()
        received = Received(
            request.path, {k.lower(): v for k, v in request.headers.items()}, raw, msgspec.json.decode(raw)
        )
        message = received.headers["webhook-id"]
        self._counts[message] = self._counts.get(message, 0) + 1
        answer = self.answer(received, self._counts[message])
        async with self._more:
            self.attempts.append(received)
            if isinstance(answer, int) and answer < 400:
                self.accepted.append(received)
            self._more.notify_all()
        if answer == "reset":
            request.transport.abort()
            return web.Response()
        if answer == "hang":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), PATIENCE_S)
            return web.Response(status=503)
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return web.Response(status=status, headers=headers)

    async def until(self, condition):
        """Waits until ``condition()`` holds."""
        async with self._more, asyncio.timeout(PATIENCE_S):
            await self._more.wait_for(condition)

    async def close(self):
        self._ended.set()
        await self._runner.cleanup()


class Company:
    """Everything on one database; ``deliverer()`` makes another worker."""

    def __init__(self, wired, http, opened):
        self.wired = wired
        self.obmen = wired.application
        self.database = self.obmen.database
        self.cache = self.obmen.cache
        self.catalogs = self.obmen.catalogs
        self._http = http
        self._opened = opened
        self._workers = []
        self.orders = self.id_of("Orders")
        self.clients = self.id_of("Clients")

    def id_of(self, name):
        return next(catalog.id for catalog in self.cache.schema.catalogs.values() if catalog.name == name)

    def webhooks(self, **changed):
        changed = {"retries_s": (0.05, 0.05, 0.05, 0.05), "timeout_s": 5.0, **changed}
        obmen = self.obmen
        bodies = WebhookBodies(obmen.database, obmen.cache, obmen.files)
        return Webhooks(
            obmen.database, obmen.cache, obmen.records, obmen.writer, bodies, self.wired.secrets, Webhook(**changed)
        )

    async def deliverer(self, **settings):
        worker = Deliverer(self.webhooks(**settings), self._http)
        await worker.start()
        self._workers.append(worker)
        return worker

    async def sequencer(self):
        worker = Sequencer(self.database)
        await worker.start()
        self._workers.append(worker)
        return worker

    async def create(self, by, catalog, values):
        (record,) = await self.obmen.writer.create(by, catalog, [NewRecord(values)])
        return record

    async def update(self, by, catalog, record, values, connection=None):
        changes = [RecordChange(record, values)]
        if connection is None:
            await self.obmen.writer.change(by, catalog, changes)
        else:
            await (await self.obmen.writer.prepare_change(by, catalog, changes)).write(connection)

    async def delete(self, by, catalog, record):
        await self.obmen.writer.remove(by, catalog, [record])

    async def read(self, catalog, record):
        return msgspec.json.decode(await self.obmen.records.read(SYSTEM, catalog, record, Asked()))

    async def hook(self, receiver, **values):
        catalog = values.pop("catalog", self.orders)
        return await self.create(
            SYSTEM,
            "$webhooks",
            {
                "$catalog": [{"catalogId": "$catalogs", "recordId": catalog}],
                "$events": ["record.created", "record.updated", "record.deleted"],
                "$url": f"{receiver.url}/hook",
                **values,
            },
        )

    async def order(self, *, by=SYSTEM, **values):
        return await self.create(by, self.orders, values)

    async def change(self, record, *, by=SYSTEM, **values):
        await self.update(by, self.orders, record, values)

    async def employee(self, name):
        user = await self.create(SYSTEM, "$users", {"$name": name, "$email": f"{name}@company.test"})
        return Caller(user_id=int(user), is_admin=True)

    async def placed(self):
        """Waits until everything committed has its position."""

        async def all_placed():
            return not await self.database.pool.fetchval(
                "select exists(select from obmen.events where position is null)"
            )

        await eventually(all_placed)

    async def journal(self, hook, *, until=None):
        """The deliveries of a webhook in order, once ``until(rows)`` holds."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(*FAULTS):  # a test may have ended all sessions
                    rows = await self.database.pool.fetch(
                        "select * from obmen.deliveries where webhook_id = $1 order by position", int(hook)
                    )
                    if until is None or until(rows):
                        return rows
                await asyncio.sleep(0.02)

    async def cursor(self, hook):
        return await self.database.pool.fetchrow("select * from obmen.cursors where name = $1", f"webhook:{hook}")

    async def close(self):
        for worker in self._workers:
            await worker.stop()
        await self._opened.aclose()


def company_settings(url, folder):
    return settings.load(folder, {"OBMEN_DATABASE_URL": url, "OBMEN_DATABASE_CONNECTIONS": "12"})


async def open_company(url, folder, http):
    opened = AsyncExitStack()
    wired = await opened.enter_async_context(bootstrap.running(company_settings(url, folder)))
    return Company(wired, http, opened)


def every(status, count):
    """Holds once ``count`` deliveries have this status."""
    return lambda rows: sum(row["status"] == status for row in rows) >= count
