"""JavaScript of scenarios: QuickJS in child processes, one run after the other in each.

The child (``sandbox.py``, ``sandbox.js``) knows nothing of the server and keeps nothing between runs. Made by ``bootstrap``,
used by process runs through the port `obmen.ports.JavaScript`.
"""

import os
import re
import secrets
import signal
import sys
import zoneinfo
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from obmen import assets, settings
from obmen.clients import sandbox
from obmen.clients.plain_expressions import values_without_engine
from obmen.clients.sandboxes import Ended, Sandboxes
from obmen.clients.script_dates import paths_of_dates, with_dates
from obmen.errors import ScriptFailed, SetupError, Unavailable
from obmen.ports import Expression

VENDOR: Final = Path(assets.__file__).with_name("vendor")
_SOURCE_SHOWN: Final = 120
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


_decode_answer: Final = msgspec.json.Decoder(_Answer).decode


class JavaScriptSandbox:
    """`obmen.ports.Scripts`, and `obmen.ports.JavaScript` for a share without a name.

    Its child processes are started with `start` and gone after `close`.
    """

    def __init__(self, script: settings.Script, vendor: Path = VENDOR) -> None:
        self._script = script
        self._vendor = vendor
        self._mark = secrets.token_hex(8)
        self._sandboxes: Sandboxes | None = None

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
        self._sandboxes = Sandboxes(command, environment, self._script.workers, self._script.slow_s)
        await self._sandboxes.start()

    async def close(self) -> None:
        """Ends the children; what still runs fails with `Unavailable`."""
        closing, self._sandboxes = self._sandboxes, None
        if closing is not None:
            await closing.close()

    def share(self, name: str) -> "JavaScriptShare":
        """JavaScript in a share of its own: the requests of one share do not make those of another wait."""
        return JavaScriptShare(self, name)

    async def evaluate(
        self, expressions: Sequence[Expression], variables: Mapping[str, Any], share: str = ""
    ) -> list[Any]:
        """The values of ``expressions``, in order, by one round trip. `ScriptFailed` names the one that failed.

        A dotted path of ``Expression.into`` makes the objects it lacks, in place of anything that is no object.
        """
        self._open()
        if (known := values_without_engine(expressions, variables)) is not None:
            return known
        sources = [expression.source for expression in expressions]
        pairs = [(expression.source, expression.into) for expression in expressions]
        return await self._ask({"e": pairs}, sources, variables, share)

    async def run(self, code: str, variables: Mapping[str, Any], share: str = "") -> Any:
        """What ``code``, the body of a function that sees ``variables``, returns; `ScriptFailed` where it throws."""
        return (await self._ask({"c": code}, [code], variables, share))[0]

    async def _ask(
        self, task: dict[str, Any], sources: Sequence[str], variables: Mapping[str, Any], share: str
    ) -> list[Any]:
        sandboxes, used = self._open(), _mentioned(sources, variables)
        try:
            body = await sandboxes.ask(share, msgspec.json.encode({"v": used, "d": paths_of_dates(used), **task}))
        except Ended as ended:
            kind = "time" if ended.returncode == -signal.SIGALRM else "crashed"
            self._fail(_Failure(kind, 0), sources, is_code="c" in task)
        try:
            answer = _read_answer(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ScriptFailed("script.unreadable", source=_shown(sources[0]), problem=error) from error
        if answer.failure is not None:
            self._fail(answer.failure, sources, is_code="c" in task)
        return with_dates(answer.values, self._mark) if self._mark.encode() in body else answer.values

    def _open(self) -> Sandboxes:
        if self._sandboxes is None:
            raise Unavailable("script.closed")
        return self._sandboxes

    def _fail(self, failure: _Failure, sources: Sequence[str], *, is_code: bool) -> NoReturn:
        source = _shown(sources[min(failure.at, len(sources) - 1)])
        if failure.kind != "thrown":
            limits = {
                "time": self._script.time_s,
                "memory": self._script.memory_bytes,
                "null": self._script.memory_bytes,
                "stack": sandbox.STACK_BYTES,
            }
            raise ScriptFailed(f"script.{failure.kind}", source=source, limit=limits.get(failure.kind))
        if not is_code:
            raise ScriptFailed("script.expression_thrown", source=source, problem=failure.problem)
        if failure.line is None:
            raise ScriptFailed("script.code_failed", problem=failure.problem)
        raise ScriptFailed("script.code_thrown", line=failure.line, problem=failure.problem)


class JavaScriptShare:
    """`obmen.ports.JavaScript` for one share of a sandbox."""

    def __init__(self, javascript: JavaScriptSandbox, name: str) -> None:
        self._javascript = javascript
        self._name = name

    async def evaluate(self, expressions: Sequence[Expression], variables: Mapping[str, Any]) -> list[Any]:
        """The values of ``expressions``, in order."""
        return await self._javascript.evaluate(expressions, variables, self._name)

    async def run(self, code: str, variables: Mapping[str, Any]) -> Any:
        """What ``code`` returns."""
        return await self._javascript.run(code, variables, self._name)


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
