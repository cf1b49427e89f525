"""The stand-in for ``wrk``: a process of its own that asks and prints `Load`. Started by `load`."""

import asyncio
import itertools
import sys
import time
from pathlib import Path

import aiohttp
import msgspec
import uvloop
from yarl import URL

from bench.load import CONNECTIONS, Load


async def ask(seconds: float, url: str, method: str, paths: list[str], body: bytes, headers: dict[str, str]) -> Load:
    """Asks for the paths in turn."""
    addresses = itertools.cycle([URL(url + path, encoded=True) for path in paths])
    latencies: list[float] = []
    errors = 0
    start = time.perf_counter()

    async def connection(session: aiohttp.ClientSession) -> None:
        nonlocal errors
        while (began := time.perf_counter()) - start < seconds:
            async with session.request(method, next(addresses), data=body or None, headers=headers) as response:
                await response.read()
            latencies.append(time.perf_counter() - began)
            errors += response.status >= 400

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(connection(session))
    return summary(latencies, time.perf_counter() - start, errors)


def summary(latencies_s: list[float], seconds: float, errors: int = 0) -> Load:
    """A load of these answers."""
    ordered = sorted(latencies_s)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1_000 if ordered else 0.0 for share in (0.5, 0.99))
    return Load(requests=len(ordered), seconds=seconds, errors=errors, p50_ms=p50, p99_ms=p99)


if __name__ == "__main__":
    seconds, url, method, paths, body, *headers = sys.argv[1:]
    found = uvloop.run(
        ask(
            float(seconds),
            url,
            method,
            Path(paths).read_text().splitlines(),
            Path(body).read_bytes(),
            dict(header.split(": ", 1) for header in headers),
        )
    )
    print(msgspec.json.encode(found).decode())
