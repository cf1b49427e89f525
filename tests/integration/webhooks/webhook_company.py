"""A company on one database, a receiver of webhooks on loopback, and a plain way to send."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from obmen.clients.files import FileStore
from obmen.clients.secrets import SecretBox
from obmen.domain.rights.policies import SYSTEM, Caller
from obmen.errors import Temporary
from obmen.ports import HttpResponse
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.events.log import EventLog
from obmen.services.files.files import Files
from obmen.services.records.reading import Records
from obmen.services.schema.cache import CatalogCache
from obmen.services.webhooks.webhooks import Webhooks
from obmen.settings import Limits, Webhook
from obmen.storage.database import connect
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

    def __init__(self, database, cache, catalogs, records, log, secrets, http):
        self.database = database
        self.cache = cache
        self.catalogs = catalogs
        self.records = records
        self.log = log
        self._secrets = secrets
        self._http = http
        self._workers = []
        self.orders = self.key_of("Orders")
        self.clients = self.key_of("Clients")

    def key_of(self, name):
        return next(catalog.key for catalog in self.cache.schema.catalogs.values() if catalog.name == name)

    def webhooks(self, **settings):
        settings = {"retries_s": (0.05, 0.05, 0.05, 0.05), "timeout_s": 5.0, **settings}
        return Webhooks(self.database, self.cache, self.records, self._secrets, Webhook(**settings))

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

    async def hook(self, receiver, **values):
        catalog = values.pop("catalog", self.orders)
        return await self.records.create(
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
        return await self.records.create(by, self.orders, values)

    async def change(self, record, *, by=SYSTEM, **values):
        await self.records.update(by, self.orders, record, values)

    async def employee(self, name):
        user = await self.records.create(SYSTEM, "$users", {"$name": name, "$email": f"{name}@company.test"})
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
        await self.log.close()
        await self.database.close()


async def open_company(url, folder, http):
    database = await connect(url, "obmen", connections=12)
    cache = CatalogCache(database)
    await cache.refresh()
    log = EventLog(database)
    secrets = SecretBox(b"k" * 32)
    records = Records(database, cache, log, Files(database, FileStore(Path(folder))), secrets, Limits())
    return Company(database, cache, Catalogs(database, cache), records, log, secrets, http)


def every(status, count):
    """Holds once ``count`` deliveries have this status."""
    return lambda rows: sum(row["status"] == status for row in rows) >= count
