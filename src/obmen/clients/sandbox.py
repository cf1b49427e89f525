"""The child process of the JavaScript sandbox: answers requests on its standard input, a socket, one after the other.

Started as a script by `obmen.clients.javascript`, with nothing of the server in it: no settings, no secrets, no
first-party import. A frame is its length in four bytes, then JSON; what the JSON holds is between the caller and ``sandbox.js``.
It ends when its socket does; an engine that does not come back in time is ended by the kernel (SIGALRM).
"""

import json
import os
import re
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, Final

import quickjs

LENGTH: Final = struct.Struct("!I")
STACK_BYTES: Final = 1_048_576
GRACE_S: Final = 1.0
"""Beyond the time limit the engine has this before the kernel ends the process: some steps never look at the clock."""
MOMENT_LOCALES: Final = ("be", "en-gb", "kk", "ru", "uk")
FILES: Final = (
    "lodash.min.js", "moment.min.js", *(f"moment-{name}.js" for name in MOMENT_LOCALES), "sandbox-intl.js", "sandbox-node.js",
)  # fmt: skip
"""What the folder of libraries must hold."""
_HEAD: Final = re.compile(r'\{(?:"again":"(\w+)",)?("soiled":true,)?')
"""How an answer begins: what a run wants before it is run again, and whether it has left something behind."""


class Engine:
    """A warm QuickJS context, replaced by a new one when a run has left something behind.

    ``mark`` stands before the text of each date in an answer; ``vendor`` is the folder of `FILES`.
    """

    def __init__(self, vendor: Path, mark: str, time_s: float, memory_bytes: int) -> None:
        self._vendor = vendor
        self._source = _inside(vendor, mark)
        self._time_s = time_s
        self._memory_bytes = memory_bytes
        self._warm_up()

    def _warm_up(self) -> None:
        self._context = quickjs.Context()
        self._context.set_max_stack_size(STACK_BYTES)
        self._answer: Any = self._context.eval(self._source)
        self._answer('{"v": {}, "d": [], "c": "return _.size(moment().year())"}', False, "")
        self._limit()
        self.soiled = False

    def _limit(self) -> None:
        self._context.set_memory_limit(self._context.memory()["malloc_size"] + self._memory_bytes)
        self._context.set_time_limit(self._time_s)

    def answer(self, request: str) -> str:
        """The answer to one request, as JSON; `renew` is due where ``soiled`` is set then."""
        must_own = False
        while True:
            answer, wanted = self._run(request, must_own)
            if wanted is None:
                return answer
            if self.soiled:
                self.renew()
            if wanted == "own":
                must_own = True
            else:
                self._install(wanted)

    def _run(self, request: str, must_own: bool) -> tuple[str, str | None]:
        """The answer, and what it wants before it is run again."""
        signal.setitimer(signal.ITIMER_REAL, self._time_s + GRACE_S)
        try:
            answer: str = self._answer(request, must_own, os.urandom(32).hex())
            wanted, soiled = _HEAD.match(answer).groups()  # type: ignore[union-attr]
            self.soiled = soiled is not None or self._context.execute_pending_job()
        except quickjs.StackOverflow:
            return self._cut_off("stack"), None
        except quickjs.JSException as error:
            return self._cut_off("time" if "interrupted" in str(error) else "memory"), None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return answer, wanted

    def _install(self, name: str) -> None:
        """Adds a library to the context, outside the limits of a run."""
        self._context.set_memory_limit(-1)
        self._context.set_time_limit(-1)
        make = self._context.eval(_factory((self._vendor / f"sandbox-{name}.js").read_text("utf-8")))
        self._answer(name, make)
        self._limit()

    def renew(self) -> None:
        """A new context in place of a soiled one."""
        del self._answer, self._context
        self._warm_up()

    def _cut_off(self, kind: str) -> str:
        self.soiled = True
        try:
            at = self._answer()
        except quickjs.JSException:
            at = 0
        return json.dumps({"failure": {"kind": kind, "at": at}})


def _inside(vendor: Path, mark: str) -> str:
    """The expression that makes the inside of a context."""
    own = {part: _script(f"sandbox{part}.js") for part in ("", "-dates", "-locales", "-moment")}
    locales = ", ".join(
        f'"{name}": {_locale((vendor / f"moment-{name}.js").read_text("utf-8"))}' for name in MOMENT_LOCALES
    )
    given = {
        "makeLodash": _factory((vendor / "lodash.min.js").read_text("utf-8")),
        "makeMoment": _factory((vendor / "moment.min.js").read_text("utf-8")),
        "momentLocales": f"{{{locales}}}",
        "shareMoment": own["-moment"],
        "correctLocalTime": own["-dates"],
        "dependOnLocale": own["-locales"],
        "mark": json.dumps(mark),
        "timeZone": json.dumps(os.environ["TZ"]),
    }
    return f"{own['']}({{{', '.join(f'{name}: {value}' for name, value in given.items())}}})"


def _script(name: str) -> str:
    """The function that one of our own scripts is, without the comment before it and the end of the line behind it."""
    text = Path(__file__).with_name(name).read_text("utf-8")
    return text[text.index("\n(") + 1 :].rstrip()


def _factory(source: str) -> str:
    """A function of ``require`` and ``Intl`` that runs a CommonJS script and gives its exports."""
    return (
        "(function (require, Intl) { var module = { exports: {} };"
        f"(function (module, exports, define) {{{source}\n}}).call(globalThis, module, module.exports);"
        "return module.exports; })"
    )


def _locale(source: str) -> str:
    return f"((moment) => {_factory(source)}(() => moment))"


def _read(connection: socket.socket, size: int) -> bytes:
    """Exactly ``size`` bytes; none where the other side is gone."""
    parts = bytearray()
    while len(parts) < size:
        if not (part := connection.recv(size - len(parts))):
            return b""
        parts += part
    return bytes(parts)


def serve(connection: socket.socket, engine: Engine) -> None:
    """Says that it is warm, by an empty frame, and answers until the other side is gone."""
    connection.sendall(LENGTH.pack(0))
    while head := _read(connection, LENGTH.size):
        request = _read(connection, LENGTH.unpack(head)[0]).decode()
        answer = engine.answer(request).encode()
        connection.sendall(LENGTH.pack(len(answer)) + answer)
        if engine.soiled:
            engine.renew()


def main() -> None:
    """``sandbox.py VENDOR MARK TIME_S MEMORY_BYTES``: the folder of the libraries, the mark of dates and the limits of one run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the server's to answer
    vendor, mark, time_s, memory_bytes = sys.argv[1:5]
    engine = Engine(Path(vendor), mark, float(time_s), int(memory_bytes))
    try:
        serve(socket.socket(fileno=0), engine)
    except ConnectionError:
        return  # the server is gone


if __name__ == "__main__":
    main()
