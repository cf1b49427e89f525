"""Load: 16 connections that ask as fast as they are answered, from ``wrk`` or, where that is missing, a process of our own."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

CONNECTIONS = 16
_SCRIPT = Path(__file__).with_name("wrk.lua")


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask: the paths in turn."""

    url: str
    paths: list[str]
    method: str = "GET"
    headers: dict[str, str] = {}
    body: bytes = b""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; latencies in milliseconds."""

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


async def run(asked: Requests, seconds: int) -> Load:
    """Asks for so long."""
    with tempfile.TemporaryDirectory(prefix="obmen-bench-") as folder:
        program = _program(asked, seconds, Path(folder))
        process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{program[0]} ended with {process.returncode}")
    return msgspec.json.decode(output.splitlines()[-1], type=Load)


def _program(asked: Requests, seconds: int, folder: Path) -> list[str]:
    paths, body = folder / "paths", folder / "body"
    paths.write_text("\n".join(asked.paths))
    body.write_bytes(asked.body)
    what = [asked.url, asked.method, str(paths), str(body)]
    headers = [f"{name}: {value}" for name, value in asked.headers.items()]
    if wrk := shutil.which("wrk"):
        options = [part for header in headers for part in ("-H", header)]
        return [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT), *options, *what]
    return [sys.executable, "-m", "bench.asking", str(seconds), *what, *headers]
