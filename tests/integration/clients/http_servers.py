"""Servers on loopback for tests of the HTTP client, and the client itself."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web
from aiohttp.abc import AbstractResolver

from obmen.clients.http import GuardedHttp
from obmen.ports import HttpRequest
from obmen.settings import Egress

LOOPBACK = ("127.0.0.0/8", "::1/128")


@asynccontextmanager
async def door(
    allow: tuple[str, ...] = LOOPBACK, dns: AbstractResolver | None = None, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Egress(allow=allow), dns, trusted)
    await http.start()
    try:
        yield http
    finally:
        await http.close()


class Server:
    """Echoes every request as JSON, but for the paths given; counts connections and requests."""

    def __init__(self) -> None:
        self.seen: list[dict[str, object]] = []
        self.connections: set[object] = set()
        self.answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.port = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        seen = {
            "method": request.method,
            "path": request.path_qs,
            "headers": dict(request.headers),
            "body": (await request.read()).decode(),
        }
        self.seen.append(seen)
        answer = self.answers.get(request.path)
        return await answer(request) if answer else web.json_response(seen)

    def redirect(self, path: str, status: int, location: str) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": location}, text="moved")

        self.answers[path] = answer


async def serving(address: str = "127.0.0.1") -> AsyncIterator[Server]:
    server = Server()
    application = web.Application(client_max_size=10_000_000)
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, address, 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handle: Handle) -> AsyncIterator[int]:
    """The port of a server whose connections ``handle`` serves; at the end all are closed."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await handle(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


@asynccontextmanager
async def raw_server(answer: bytes, *, wait: bool = False) -> AsyncIterator[int]:
    """A server that sends ``answer`` to whatever it is sent, and hangs up or waits."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        if wait:
            await reader.read()
        writer.close()

    async with listening(handle) as port:
        yield port


def get(url: str, **more: object) -> HttpRequest:
    return HttpRequest(method="GET", url=url, **more)
