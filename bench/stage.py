"""Everything a benchmark runs on: one embedded PostgreSQL, and as processes of their own a real ``obmen serve`` and the baseline.

Both sides have a database each on that server, one HTTP process, and twelve connections at most.
"""

import asyncio
import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
import asyncpg

from bench import baseline
from obmen.storage.embedded import EmbeddedPostgres

ROOT = Path(__file__).parent.parent
_EMAIL, _PASSWORD = "bench@obmen.local", "a good password"
_PATIENCE_S = 60.0


class Stage:
    """An asynchronous context: inside it everything runs, after it nothing is left."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="obmen-bench-"))
        self.obmen_url, self.baseline_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.user_id = ""
        self.cookie: dict[str, str] = {}
        self.database: asyncpg.Pool
        self._http: aiohttp.ClientSession
        self._postgres = EmbeddedPostgres(self.folder / "postgres")
        self._stack = contextlib.AsyncExitStack()

    @property
    def database_url(self) -> str:
        """Of Obmen's database."""
        return self._postgres.url("obmen")

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            stack.callback(self._postgres.stop)
            obmen_database = self._postgres.start("obmen")
            self._http = await stack.enter_async_context(aiohttp.ClientSession())
            self.database = await stack.enter_async_context(asyncpg.create_pool(obmen_database, min_size=1))
            await self.database.execute("create database baseline")
            await self._start_baseline(stack, self._postgres.url("baseline"))
            await self._start_obmen(stack, obmen_database)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start_baseline(self, stack: contextlib.AsyncExitStack, database: str) -> None:
        connection = await asyncpg.connect(database)
        await connection.execute(baseline.SCHEMA)
        await connection.close()
        port = self.baseline_url.rpartition(":")[2]
        command = [
            "granian",
            "--interface",
            "asgi",
            "--no-ws",
            "--log-level",
            "warning",
            "--port",
            port,
            "bench.baseline:app",
        ]
        await self.start(
            stack, "baseline", command, f"{self.baseline_url}/records", **{baseline.URL_VARIABLE: database}
        )

    async def _start_obmen(self, stack: contextlib.AsyncExitStack, database: str) -> None:
        port = self.obmen_url.rpartition(":")[2]
        await self.start(
            stack,
            "obmen",
            ["obmen", "serve", "--data", str(self.folder / "obmen"), "--port", port],
            f"{self.obmen_url}/health/ready",
            OBMEN_DATABASE_URL=database,
            OBMEN_ADMIN_EMAIL=_EMAIL,
            OBMEN_ADMIN_PASSWORD=_PASSWORD,
            OBMEN_EGRESS_ALLOW="127.0.0.0/8",
            OBMEN_RATE_USER_REQUESTS="0",
            OBMEN_RATE_ADDRESS_REQUESTS="0",
        )
        sign_in = {"email": _EMAIL, "password": _PASSWORD}
        async with self._http.post(f"{self.obmen_url}/auth/login", json=sign_in) as response:
            self.user_id = (await response.json())["id"]
            self.cookie = {"Cookie": response.headers["Set-Cookie"].partition(";")[0]}

    async def start(
        self, stack: contextlib.AsyncExitStack, name: str, module: list[str], ready: str, **environment: str
    ) -> None:
        """A Python module as a process until the stack unwinds; returns once ``ready`` answers."""
        log = self.folder / f"{name}.log"
        process = _begin(module, log, environment)
        stack.callback(_end, process)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with self._http.get(ready) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{name} did not start:\n{log.read_text(errors='replace')[-4_000:]}")

    # asking

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a call to Obmen that must succeed, made by the administrator."""
        return await self.call(method, f"{self.obmen_url}/api/v1{path}", json=body, headers=self.cookie)

    async def next_page(self, path: str) -> str:
        """The path of the page behind the one at this path."""
        async with self._http.get(f"{self.obmen_url}/api/v1{path}", headers=self.cookie) as response:
            return str(response.links["next"]["url"]).partition("/api/v1")[2]

    async def call(self, method: str, url: str, **options: Any) -> Any:
        """The JSON of a call that must succeed."""
        async with self._http.request(method, url, **options) as response:
            if response.status != 200:
                raise RuntimeError(f"{method} {url} answered {response.status}: {(await response.text())[:1_000]}")
            return await response.json(content_type=None)

    # looking

    async def count(self, table: str) -> int:
        """How many rows one of Obmen's tables has."""
        return int(await self.database.fetchval(f"select count(*) from obmen.{table}"))

    async def settled(self) -> None:
        """Waits until Obmen has nothing left to do for what was asked."""
        await until(self._is_placed, "events to be placed")

    async def _is_placed(self) -> bool:
        return not await self.database.fetchval("select exists (select from obmen.events where position is null)")

    async def about(self) -> Mapping[str, Any]:
        """The machine."""
        return {
            "python": platform.python_version(),
            "postgresql": await self.database.fetchval("show server_version"),
            "processors": os.cpu_count(),
            "load": "wrk" if shutil.which("wrk") else "aiohttp",
        }


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def until(condition: Callable[[], Any], what: str, seconds: float = _PATIENCE_S) -> None:
    """Waits until ``await condition()`` is true."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - PostgreSQL and other processes set no event
            await asyncio.sleep(0.02)


def _begin(module: list[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OBMEN_")}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env={**kept, "LC_ALL": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
