"""JavaScript of scenarios: QuickJS in child processes, one run after the other in each (security: user code).

The child (``sandbox.py``, ``sandbox.js``) knows nothing of the server and keeps nothing between runs. Made by ``bootstrap``,
used by process runs through the port `obmen.ports.JavaScript`.
"""

import asyncio
import os
import re
import secrets
import signal
import socket
import struct
import sys
import zoneinfo
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias, cast

import msgspec

from obmen import assets, settings
from obmen.clients import sandbox
from obmen.clients.plain_expressions import values_without_engine
from obmen.clients.script_dates import paths_of_dates, with_dates
from obmen.errors import ScriptFailed, SetupError, Unavailable
from obmen.ports import Expression

VENDOR: Final = Path(assets.__file__).with_name("vendor")
_LENGTH: Final = struct.Struct("!I")
_SOURCE_SHOWN: Final = 120
_PIPELINED: Final = 2
"""Requests a child has at once: the next is there when one is done."""
_WORDS: Final = re.compile(r"[^\x00-#%-/:-@\[-^`{-\x7f\s\ufeff]+")
_HIDDEN_NAMES: Final = re.compile(r"\beval\b|\\u")
_LONE_SURROGATE: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class _Failure(msgspec.Struct, frozen=True):
    kind: str
    at: int
    problem: str = ""
    line: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    values: list[Any] = []
    failure: _Failure | None = None


class _Ended(Exception):
    """The child ended before it answered."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


_decode_answer: Final = msgspec.json.Decoder(_Answer).decode


class JavaScriptSandbox:
    """`obmen.ports.JavaScript` on child processes, started with `start` and gone after `close`."""

    def __init__(self, script: settings.Script, vendor: Path = VENDOR) -> None:
        self._script = script
        self._vendor = vendor
        self._mark = secrets.token_hex(8)
        self._children: list[_Child] = []

    async def start(self) -> None:
        """Starts the children, which warm up by themselves. `SetupError`: a library is missing, the time zone is unknown."""
        for name in sandbox.FILES:
            if not (file := self._vendor / name).is_file():
                raise SetupError("setup.assets_missing", asset=file)
        _check_timezone(self._script.timezone)
        given = (str(self._vendor), self._mark, str(self._script.time_s), str(self._script.memory_bytes))
        command = (sys.executable, "-I", sandbox.__file__, *given)
        environment = {"TZ": self._script.timezone}
        if "LD_LIBRARY_PATH" in os.environ:  # an interpreter outside the system's folders does not start without it
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        self._children = [_Child(command, environment) for _ in range(self._script.workers)]
        await asyncio.gather(*(child.start() for child in self._children))

    async def close(self) -> None:
        """Ends the children; what still runs fails with `Unavailable`."""
        children, self._children = self._children, []
        await asyncio.gather(*(child.close() for child in children))

    async def evaluate(self, expressions: Sequence[Expression], variables: Mapping[str, Any]) -> list[Any]:
        """The values of ``expressions``, in order, by one round trip. `ScriptFailed` names the one that failed.

        A dotted path of ``Expression.into`` makes the objects it lacks, in place of anything that is no object.
        """
        self._check_open()
        if (known := values_without_engine(expressions, variables)) is not None:
            return known
        sources = [expression.source for expression in expressions]
        pairs = [(expression.source, expression.into) for expression in expressions]
        return await self._ask({"e": pairs}, sources, variables)

    async def run(self, code: str, variables: Mapping[str, Any]) -> Any:
        """What ``code``, the body of a function that sees ``variables``, returns; `ScriptFailed` where it throws."""
        return (await self._ask({"c": code}, [code], variables))[0]

    async def _ask(self, task: dict[str, Any], sources: Sequence[str], variables: Mapping[str, Any]) -> list[Any]:
        self._check_open()
        child = min(self._children, key=len)
        used = _mentioned(sources, variables)
        try:
            body = await child.ask(msgspec.json.encode({"v": used, "d": paths_of_dates(used), **task}))
        except _Ended as ended:
            kind = "time" if ended.returncode == -signal.SIGALRM else "crashed"
            self._fail(_Failure(kind, 0), sources, is_code="c" in task)
        try:
            answer = _read_answer(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ScriptFailed("script.unreadable", source=_shown(sources[0]), problem=error) from error
        if answer.failure is not None:
            self._fail(answer.failure, sources, is_code="c" in task)
        return with_dates(answer.values, self._mark) if self._mark.encode() in body else answer.values

    def _check_open(self) -> None:
        if not self._children:
            raise Unavailable("script.closed")

    def _fail(self, failure: _Failure, sources: Sequence[str], *, is_code: bool) -> NoReturn:
        source = _shown(sources[min(failure.at, len(sources) - 1)])
        if failure.kind != "thrown":
            limits = {
                "time": self._script.time_s,
                "memory": self._script.memory_bytes,
                "stack": sandbox.STACK_BYTES,
            }
            raise ScriptFailed(f"script.{failure.kind}", source=source, limit=limits.get(failure.kind))
        if not is_code:
            raise ScriptFailed("script.expression_thrown", source=source, problem=failure.problem)
        if failure.line is None:
            raise ScriptFailed("script.code_failed", problem=failure.problem)
        raise ScriptFailed("script.code_thrown", line=failure.line, problem=failure.problem)


_Request: TypeAlias = tuple[bytes, "asyncio.Future[bytes]"]


class _Child(asyncio.Protocol):
    """One child process and the requests it has yet to answer, oldest first; what a dead one leaves a new one answers."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._waiting: deque[_Request] = deque()
        self._sent: deque[_Request] = deque()
        self._received = bytearray()
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.Transport | None = None
        self._disconnected = asyncio.Event()
        self._change: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    async def ask(self, request: bytes) -> bytes:
        """The child's answer to ``request``; `_Ended` where the child ended while it ran."""
        frame = _LENGTH.pack(len(request)) + request
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((frame, answer))
        if self._transport is not None:
            self._hand_over()
        elif self._change is None or self._change.done():
            self._change = asyncio.get_running_loop().create_task(self._restart())
        return await answer

    async def start(self) -> None:
        """Starts the process and hands it everything that waits. `SetupError` where it cannot be started."""
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    env=self._environment,
                    start_new_session=True,
                )
            await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException as error:
            ours.close()
            if isinstance(error, OSError):
                raise SetupError("script.engine_missing", problem=error) from error
            raise

    async def close(self) -> None:
        """Ends the process, and fails what waits with `Unavailable`."""
        self._closed = True
        await self._end()
        if self._change is not None:  # it may have started another process
            await self._change
            await self._end()
        self._fail_all(Unavailable("script.closed"))

    async def _end(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._transport is not None:
            self._transport.abort()
            await self._disconnected.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)
        self._disconnected.clear()
        self._received.clear()
        self._hand_over()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: answers come in the order of the requests."""
        self._received += data
        while len(self._received) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            body = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            _, answer = self._sent.popleft()
            if not answer.done():
                answer.set_result(body)
        self._hand_over()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop: the process has ended, or is about to."""
        self._transport = None
        self._disconnected.set()
        if not self._closed:
            # Only the oldest had begun; the others have had no effect and are asked again.
            begun = self._sent.popleft()[1] if self._sent else None
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()
            self._change = asyncio.get_running_loop().create_task(self._bury(begun))

    def _hand_over(self) -> None:
        """Keeps the child busy and no more: what nobody waits for any longer is dropped before it is sent."""
        while self._transport is not None and self._waiting and len(self._sent) < _PIPELINED:
            request = self._waiting.popleft()
            if not request[1].done():
                self._sent.append(request)
                self._transport.write(request[0])

    async def _bury(self, begun: asyncio.Future[bytes] | None) -> None:
        assert self._process is not None
        returncode = await self._process.wait()
        if begun is not None and not begun.done():
            begun.set_exception(_Ended(returncode))
        if self._waiting:
            await self._restart()

    async def _restart(self) -> None:
        if self._closed:
            return
        try:
            await self.start()
        except SetupError as error:
            self._fail_all(error)

    def _fail_all(self, error: Exception) -> None:
        for requests in (self._sent, self._waiting):
            self._fail_these(requests, error)

    def _fail_these(self, requests: "deque[_Request]", error: Exception) -> None:
        while requests:
            _, answer = requests.popleft()
            if not answer.done():
                answer.set_exception(error)


@lru_cache(4096)
def _words(source: str) -> frozenset[str] | None:
    """Everything in ``source`` that may be a variable; None where that cannot be read off it."""
    return None if _HIDDEN_NAMES.search(source) else frozenset(_WORDS.findall(source))


def _mentioned(sources: Sequence[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables the sources may use: a process carries megabytes, an expression looks at one or two."""
    found: dict[str, Any] = {}
    for source in sources:
        words = _words(source)
        if words is None:
            return dict(variables)
        found.update((word, variables[word]) for word in words if word in variables)
    return found


def _read_answer(body: bytes) -> _Answer:
    try:
        return _decode_answer(body)
    except msgspec.DecodeError:
        # JavaScript strings may hold half a character (`"😀".slice(0, 1)`), nothing else may.
        return _decode_answer(_LONE_SURROGATE.sub(rb"\1\\ufffd", body))


def _shown(source: str) -> str:
    line = " ".join(source.split())
    return line if len(line) <= _SOURCE_SHOWN else line[: _SOURCE_SHOWN - 1] + "…"


def _check_timezone(name: str) -> None:
    """`SetupError` where the C library would silently take ``name`` for UTC."""
    known = name == "UTC" or (
        bool(re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name))
        and any((Path(folder) / name).is_file() for folder in zoneinfo.TZPATH)
    )
    if not known:
        raise SetupError("script.unknown_timezone", timezone=name)
