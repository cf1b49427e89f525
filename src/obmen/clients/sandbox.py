"""The child process of the JavaScript sandbox: answers requests on its standard input, a socket, one after the other.

Started as a script by `obmen.clients.javascript`, with nothing of the server in it: no settings, no secrets, no
first-party import. A frame is its length in four bytes, then JSON; what the JSON holds is between the caller and ``sandbox.js``.
It ends when its socket does; an engine that does not come back in time is ended by the kernel (SIGALRM).
"""

import json
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


class Engine:
    """A warm QuickJS context, replaced by a new one when a run has left something behind."""

    def __init__(self, lodash: str, moment: str, time_s: float, memory_bytes: int) -> None:
        inside = Path(__file__).with_name("sandbox.js").read_text("utf-8")
        self._source = f"{inside}({_factory(lodash)}, {_factory(moment)})"
        self._time_s = time_s
        self._memory_bytes = memory_bytes
        self._warm_up()

    def _warm_up(self) -> None:
        context = quickjs.Context()
        context.set_max_stack_size(STACK_BYTES)
        self._answer: Any = context.eval(self._source)
        self._answer('{"v": {}, "c": "return _.size(moment().year())"}')
        context.set_memory_limit(context.memory()["malloc_size"] + self._memory_bytes)
        context.set_time_limit(self._time_s)
        self._context = context
        self.soiled = False

    def answer(self, request: str) -> str:
        """The answer to one request, as JSON; `renew` is due where ``soiled`` is set then."""
        try:
            answer: str = self._answer(request)
            self.soiled = answer.startswith('{"soiled"') or self._context.execute_pending_job()
        except quickjs.StackOverflow:
            return self._cut_off("stack")
        except quickjs.JSException as error:
            return self._cut_off("time" if "interrupted" in str(error) else "memory")
        return answer

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


def _factory(source: str) -> str:
    return (
        "(function () { var module = { exports: {} };"
        f"(function (module, exports, define, require) {{{source}\n}}).call(globalThis, module, module.exports);"
        "return module.exports; })"
    )


def _read(door: socket.socket, size: int) -> bytes:
    """Exactly ``size`` bytes; none where the other side is gone."""
    parts = bytearray()
    while len(parts) < size:
        if not (part := door.recv(size - len(parts))):
            return b""
        parts += part
    return bytes(parts)


def serve(door: socket.socket, engine: Engine, patience_s: float) -> None:
    """Answers until the other side is gone; no answer may take longer than ``patience_s``."""
    while head := _read(door, LENGTH.size):
        request = _read(door, LENGTH.unpack(head)[0]).decode()
        signal.setitimer(signal.ITIMER_REAL, patience_s)
        answer = engine.answer(request).encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        door.sendall(LENGTH.pack(len(answer)) + answer)
        if engine.soiled:
            engine.renew()


def main() -> None:
    """``sandbox.py LODASH MOMENT TIME_S MEMORY_BYTES``: the libraries' files and the limits of one run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the server's to answer
    lodash, moment, time_s, memory_bytes = sys.argv[1:5]
    engine = Engine(Path(lodash).read_text("utf-8"), Path(moment).read_text("utf-8"), float(time_s), int(memory_bytes))
    try:
        serve(socket.socket(fileno=0), engine, float(time_s) + GRACE_S)
    except ConnectionError:
        return  # the server is gone


if __name__ == "__main__":
    main()
