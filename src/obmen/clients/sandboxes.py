"""Sandbox processes and the requests that wait for one, in fair shares.

Requests of one share (an external request, a scenario) wait in order; the shares take turns. A request that runs longer than
``slow_s`` makes its share slow for a while. Slow shares may take all processes but one, which stays free for the others. Where
they had taken them all before they were known, the request that began last is stopped and waits again: expressions and code
have no effects, so it can be run twice. With a single process there is none to keep free. Called by `javascript`.
"""

import asyncio
import socket
import struct
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, cast

from obmen.errors import SetupError, Unavailable

_LENGTH: Final = struct.Struct("!I")
_PIPELINED: Final = 2
"""Requests a process has at once: the next is there when one is done."""
_REMEMBERED_S: Final = 10.0
"""How long a share stays slow after its last slow request."""


class Ended(Exception):
    """The process ended before it answered."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


class _Request:
    __slots__ = ("answer", "frame", "share", "was_stopped")

    def __init__(self, share: str, frame: bytes, answer: "asyncio.Future[bytes]") -> None:
        self.share = share
        self.frame = frame
        self.answer = answer
        self.was_stopped = False


class Sandboxes:
    """``count`` processes, started with `start` and gone after `close`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], count: int, slow_s: float) -> None:
        self._children = [_Child(command, environment, self) for _ in range(count)]
        self._slow_s = slow_s
        self._slow_until: dict[str, float] = {}
        self._waiting = _Turns()
        self._look: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def start(self) -> None:
        """Starts the processes, which warm up by themselves. `SetupError` where they cannot be started."""
        await asyncio.gather(*(child.start() for child in self._children))

    async def close(self) -> None:
        """Ends the processes; what waits or still runs fails with `Unavailable`."""
        self._is_closed = True
        if self._look is not None:
            self._look.cancel()
        self._waiting.fail_all(Unavailable("script.closed"))
        await asyncio.gather(*(child.close() for child in self._children))

    async def ask(self, share: str, request: bytes) -> bytes:
        """The answer to ``request``; `Ended` where the process ended while it ran."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.add(_Request(share, _LENGTH.pack(len(request)) + request, answer))
        self.hand_out()
        return await answer

    def put_back(self, request: _Request) -> None:
        """Lets a request wait again, before the others of its share."""
        if self._is_closed:
            _fail(request, Unavailable("script.closed"))
        else:
            self._waiting.add(request, is_first=True)

    def hand_out(self) -> None:
        """Gives the processes what they may do."""
        if self._is_closed:
            return
        now = asyncio.get_running_loop().time()
        stuck = [child for child in self._children if child.is_busy and now - child.begun_at >= self._slow_s]
        for child in stuck:
            self._slow_until[child.sent[0].share] = now + _REMEMBERED_S
            child.take_back()
        self._fill(now)
        if len(stuck) == len(self._children) > 1 and self._waiting.first(
            lambda request: not self._is_slow(request, now)
        ):
            max(stuck, key=lambda child: (child.sent[0].answer.done(), child.begun_at)).stop()
        if self._waiting:
            for child in self._children:
                child.restart()
        if self._look is None and (self._waiting or any(len(child.sent) > 1 for child in self._children)):
            self._look = asyncio.get_running_loop().call_later(self._slow_s, self._look_again)

    def start_failed(self, error: SetupError) -> None:
        """A process could not be started: where there is no other, nothing that waits can be answered."""
        if not any(child.is_alive for child in self._children):
            self._waiting.fail_all(error)

    def _look_again(self) -> None:
        self._look = None
        self.hand_out()

    def _fill(self, now: float) -> None:
        for child in self._children:
            if child.is_alive and not child.sent:
                if (request := self._waiting.take(lambda request: self._may_begin(request, now))) is None:
                    break
                child.send(request)
        for child in self._children:
            if child.is_alive and 0 < len(child.sent) < _PIPELINED and not self._is_slow(child.sent[0], now):
                if (request := self._waiting.take(lambda request: not self._is_slow(request, now))) is None:
                    break
                child.send(request)

    def _may_begin(self, request: _Request, now: float) -> bool:
        if not self._is_slow(request, now):
            return True
        taken = sum(1 for child in self._children if child.sent and self._is_slow(child.sent[0], now))
        return taken < max(1, len(self._children) - 1)

    def _is_slow(self, request: _Request, now: float) -> bool:
        if request.was_stopped:
            return True
        if (until := self._slow_until.get(request.share)) is None:
            return False
        if until <= now:
            del self._slow_until[request.share]
        return until > now


class _Turns:
    """What waits, by share: the first share in line is the next to be served, and then the last."""

    def __init__(self) -> None:
        self._shares: OrderedDict[str, deque[_Request]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._shares)

    def add(self, request: _Request, *, is_first: bool = False) -> None:
        requests = self._shares.setdefault(request.share, deque())
        if is_first:
            requests.appendleft(request)
        else:
            requests.append(request)

    def first(self, may: Callable[[_Request], bool]) -> _Request | None:
        """The first queued request that ``may`` be served; cancelled requests are dropped."""
        for share in tuple(self._shares):
            requests = self._shares[share]
            while requests and requests[0].answer.done():
                requests.popleft()
            if not requests:
                del self._shares[share]
            elif may(requests[0]):
                return requests[0]
        return None

    def take(self, may: Callable[[_Request], bool]) -> _Request | None:
        """The same, taken out of the line."""
        if (request := self.first(may)) is None:
            return None
        requests = self._shares[request.share]
        requests.popleft()
        if requests:
            self._shares.move_to_end(request.share)
        else:
            del self._shares[request.share]
        return request

    def fail_all(self, error: Exception) -> None:
        shares, self._shares = self._shares, OrderedDict()
        for requests in shares.values():
            for request in requests:
                _fail(request, error)


class _Child(asyncio.Protocol):
    """One process and what it has yet to answer, oldest first. A dead one is started again when something waits."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], pool: Sandboxes) -> None:
        self.sent: deque[_Request] = deque()
        self.begun_at = 0.0
        """When it began the first of them, or was warm."""
        self._command = command
        self._environment = environment
        self._pool = pool
        self._received = bytearray()
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.Transport | None = None
        self._disconnected = asyncio.Event()
        self._change: asyncio.Task[None] | None = None
        self._is_warm = False
        self._is_stopped = False
        self._is_closed = False

    @property
    def is_alive(self) -> bool:
        """Whether it takes requests."""
        return self._transport is not None and not self._is_stopped

    @property
    def is_busy(self) -> bool:
        """Whether it runs something."""
        return self.is_alive and self._is_warm and bool(self.sent)

    async def start(self) -> None:
        """Starts the process. `SetupError` where it cannot be started."""
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        self._is_warm = self._is_stopped = False
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

    def restart(self) -> None:
        """Starts a process in place of a dead one."""
        if self._transport is None and (self._change is None or self._change.done()):
            self._change = asyncio.get_running_loop().create_task(self._restart())

    def send(self, request: _Request) -> None:
        """Gives it a request."""
        assert self._transport is not None
        if not self.sent:
            self.begun_at = asyncio.get_running_loop().time()
        self.sent.append(request)
        self._transport.write(request.frame)

    def take_back(self) -> None:
        """Lets what it has not begun wait again; its answer will be ignored here."""
        for place in range(len(self.sent) - 1, 0, -1):
            request = self.sent[place]
            if not request.answer.done():
                nobody: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
                nobody.cancel()
                self.sent[place] = _Request(request.share, b"", nobody)
                self._pool.put_back(request)

    def stop(self) -> None:
        """Ends the process; what it runs will be run again."""
        self._is_stopped = True
        self.sent[0].was_stopped = True
        self._kill()

    async def close(self) -> None:
        """Ends the process for good, and fails what it has with `Unavailable`."""
        self._is_closed = True
        await self._end()
        if self._change is not None:  # it may have started another process
            await self._change
            await self._end()
        while self.sent:
            _fail(self.sent.popleft(), Unavailable("script.closed"))

    async def _end(self) -> None:
        if self._process is not None:
            self._kill()
            await self._process.wait()
        if self._transport is not None:
            self._transport.abort()
            await self._disconnected.wait()

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)
        self._disconnected.clear()
        self._received.clear()
        self._pool.hand_out()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: an empty frame when it is warm, then the answers in the order of the requests."""
        self._received += data
        while len(self._received) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            body = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            self.begun_at = asyncio.get_running_loop().time()
            if not self._is_warm:
                self._is_warm = True
                continue
            answer = self.sent.popleft().answer
            if not answer.done():
                answer.set_result(body)
        self._pool.hand_out()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop: the process has ended, or is about to."""
        self._transport = None
        self._disconnected.set()
        if not self._is_closed:
            # Only the oldest had begun; the others have had no effect and are asked again.
            begun = self.sent.popleft() if self.sent and not self._is_stopped else None
            while self.sent:
                self._pool.put_back(self.sent.pop())
            self._change = asyncio.get_running_loop().create_task(self._bury(begun))

    async def _bury(self, begun: _Request | None) -> None:
        assert self._process is not None
        returncode = await self._process.wait()
        if begun is not None:
            _fail(begun, Ended(returncode))
        asyncio.get_running_loop().call_soon(self._pool.hand_out)  # when this task is done

    async def _restart(self) -> None:
        if self._is_closed:
            return
        try:
            await self.start()
        except SetupError as error:
            self._pool.start_failed(error)


def _fail(request: _Request, error: Exception) -> None:
    if not request.answer.done():
        request.answer.set_exception(error)
