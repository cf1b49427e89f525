"""One webhook being delivered: reads the log ahead, sends, journals; a turn after the other in one task.

It lives as long as its worker holds the webhook's lease, and finds out by the cursor's epoch when it does not. What it
knows beyond the journal may be lost at any time: the cursor stands before it, so it is done again, under the same
``webhook-id``. Run by `deliveries`.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from obmen import __version__, messages
from obmen.clients.clock import now
from obmen.domain.masking import Mask
from obmen.domain.webhooks.deliveries import Delivery, Outcome, Status, Step
from obmen.domain.webhooks.loops import LoopGuard, Verdict
from obmen.domain.webhooks.matching import Subscription
from obmen.domain.webhooks.record_queues import RecordQueues
from obmen.domain.webhooks.signing import headers, message_id
from obmen.errors import Conflict, ObmenError
from obmen.ports import Http, HttpRequest
from obmen.services.webhooks.webhooks import Cursor, Webhooks
from obmen.storage.own_connection import FAULTS

if TYPE_CHECKING:
    from datetime import datetime

Result = TypeVar("Result")

BATCH: Final = 500
_UNWRITTEN: Final = 4 * BATCH
"""Maximum of deliveries that are in memory and not yet in the journal."""
_PER_RECORD: Final = 50
"""Deliveries of a deferred record that are read at once."""
_JOURNAL_S: Final = 0.1
_PATIENCE_S: Final = 1.0
"""The journal does not wait for a request that takes longer."""
_FAR_BEHIND: Final = 10_000
"""Positions passed over without a delivery after which the cursor is moved all the same."""
_BACK_OFF_S: Final = 0.5
_MASK: Final = Mask(())
_ERROR_LENGTH: Final = 1_000
_USER_AGENT: Final = f"Obmen/{__version__}"

log = structlog.get_logger()


class WebhookStream:
    """Delivers one webhook."""

    def __init__(
        self, webhooks: Webhooks, http: Http, subscription: Subscription, cursor: Cursor, deferred: list[int]
    ) -> None:
        self._subscription = subscription
        self._webhooks = webhooks
        self._http = http
        self._settings = webhooks.settings
        self._cursor = cursor
        self._position, self._sequence_id, self._active = cursor.position, cursor.sequence_id, cursor.active
        self._queues = RecordQueues(deferred)
        self._loops = LoopGuard(self._settings.loop_changes, self._settings.loop_window_s)
        self._ahead = timedelta()
        self._buffer: deque[Delivery] = deque()
        self._sending: set[asyncio.Task[None]] = set()
        self._news = True
        self._due: datetime | None = now() if deferred else None
        self._journaled_s = 0.0
        self._signal = asyncio.Event()
        self._stopping = False
        self._gone = False

    @property
    def subscription(self) -> Subscription:
        """The webhook."""
        return self._subscription

    @subscription.setter
    def subscription(self, subscription: Subscription) -> None:
        """The webhook as it stands from now on; what was paused may have been resumed with it."""
        self._subscription = subscription
        self._due = now()
        self.wake()

    def wake(self) -> None:
        """The log has gone on."""
        self._news = True
        self._signal.set()

    def stop(self) -> None:
        """`run` ends: requests under way are waited for and journaled, no other is begun."""
        self._stopping = True
        self._signal.set()

    async def run(self) -> None:
        """Until `stop`, or until the webhook is somebody else's, or gone."""
        try:
            self._ahead = await self._patiently(self._webhooks.clock) - now()
            await self._patiently(lambda: self._webhooks.report(self.subscription.id))
            while not (self._stopping or self._gone):
                await self._turn()
            await self._drain()
            if self._gone:
                await self._patiently(lambda: self._webhooks.remove(self.subscription.id))
        except Conflict as error:
            log.info("webhook_let_go", webhook=self.subscription.id, problem=str(error))
        finally:
            self._stopping = True
            await self._cut_off()

    async def _turn(self) -> None:
        self._signal.clear()
        if self._news and len(self._buffer) <= BATCH // 2 and self._queues.unwritten < _UNWRITTEN:
            await self._fill()
        self._pump()
        if self._queues.wanted or self._is_due():
            await self._journal()
            await self._continue_parked()
        elif self._journal_in() <= 0:
            await self._journal()
        await self._pause()

    async def _fill(self) -> None:
        self._news = False
        page = await self._patiently(
            lambda: self._webhooks.read(self.subscription, self._position, self._sequence_id, self._active, BATCH)
        )
        self._buffer.extend(page.deliveries)
        for delivery, at in zip(page.deliveries, page.changed_at, strict=True):
            self._loops.changed(delivery.record_id, at)
        self._position, self._sequence_id, self._active = page.position, page.sequence_id, page.active
        if page.more:
            self._news = True
            self._signal.set()

    # sending

    def _pump(self) -> None:
        """Begins what may begin."""
        while len(self._sending) < self._settings.concurrency and not (self._stopping or self._gone):
            delivery = self._queues.start(self._time())
            if delivery is None:
                if not self._buffer or self._queues.unwritten >= _UNWRITTEN:
                    return
                self._queues.add(self._buffer.popleft())
                continue
            task = asyncio.get_running_loop().create_task(self._send(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    async def _send(self, delivery: Delivery) -> None:
        if delivery.attempts == 0 and await self._is_put_off(delivery):
            return
        outcome = await self._attempt(delivery)
        jitter = random.uniform(0.9, 1.1)  # noqa: S311 - spreads retries, keeps no secret
        pauses = self._settings.retries_s[: self.subscription.retries]
        if self._queues.finish(delivery, outcome, pauses, jitter, now()) is Step.GONE:
            self._gone = True
        if (
            delivery.stored
            or self._gone
            or self._queues.wanted
            or self._due is not None
            or (self._news and len(self._buffer) <= BATCH // 2)
        ):
            self._signal.set()

    async def _is_put_off(self, delivery: Delivery) -> bool:
        """Whether a notification waits or is paused, because the receiver may change the record it is told of."""
        moment = now() + self._ahead
        verdict, found = self._loops.judge(delivery.record_id, moment)
        if verdict is Verdict.SEND:
            return False
        if verdict is Verdict.HOLD:
            self._queues.put_off(delivery, now() + found.trial)
        else:
            seconds = (moment - found.since).total_seconds()
            text = await self._patiently(lambda: self._webhooks.loop(self.subscription, delivery, found.count, seconds))
            self._queues.put_off(delivery, None, _plain(text))
            self._loops.forget(delivery.record_id)
            log.warning("webhook_paused", webhook=self.subscription.id, problem=text)
        self._signal.set()
        return True

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._pump()

    async def _attempt(self, delivery: Delivery) -> Outcome:
        if delivery.body is None:
            return Outcome(status=None, error=messages.text("webhook.no_catalog"), hopeless=True)
        subscription = self.subscription
        request = HttpRequest(
            method="POST",
            url=subscription.url,
            headers=headers(
                delivery.body,
                subscription.secret,
                message_id(subscription.id, delivery.position),
                int(now().timestamp()),
                _USER_AGENT,
            ),
            body=delivery.body,
            timeout_s=self._settings.timeout_s,
            follow_redirects=False,
        )
        status, error, retry_after = None, None, None
        try:
            response = await self._http.send(request)
        except ObmenError as failure:
            error = _plain(str(failure))
        except Exception as failure:
            log.exception("webhook_client_failed", webhook=subscription.id)
            error = _plain(messages.text("webhook.client_failed", problem=failure))
        else:
            status = response.status
            retry_after = dict(response.headers).get("retry-after")
            if status >= 400:
                error = messages.text("webhook.answered", status=status)
        duration_ms = int((self._time() - delivery.started_s) * 1_000)
        return Outcome(status=status, error=error, retry_after=retry_after, duration_ms=duration_ms)

    # the journal

    async def _journal(self, *, everything: bool = False) -> None:
        self._journaled_s = self._time()
        deliveries = self._queues.settle(self._time() - _PATIENCE_S, everything=everything)
        cursor = self._settled_cursor()
        if not deliveries and cursor.position - self._cursor.position < (1 if everything else _FAR_BEHIND):
            return
        await self._patiently(lambda: self._webhooks.journal(cursor, deliveries))
        self._cursor = cursor
        if any(delivery.status is Status.PAUSED for delivery in deliveries):
            await self._patiently(lambda: self._webhooks.report(self.subscription.id))
        for delivery in deliveries:
            if delivery.status is Status.RETRYING and delivery.due_at is not None:
                self._due = delivery.due_at if self._due is None else min(self._due, delivery.due_at)

    def _settled_cursor(self) -> Cursor:
        """Before the first delivery that the journal does not know of."""
        following = self._queues.first_new or (self._buffer[0] if self._buffer else None)
        if following is None:
            position, sequence_id, active = self._position, self._sequence_id, self._active
        else:
            position, sequence_id, active = following.position - 1, following.sequence_id - 1, True
        return Cursor(
            webhook_id=self._cursor.webhook_id,
            epoch=self._cursor.epoch,
            position=position,
            sequence_id=sequence_id,
            active=active,
        )

    async def _continue_parked(self) -> None:
        """Takes up deferred records whose time has come, or whose next delivery may follow."""
        records = self._queues.wanted
        if self._is_due():
            free = self._settings.concurrency - len(self._sending)
            records += await self._patiently(lambda: self._webhooks.claim_due(self._cursor, free))
            self._due = await self._patiently(lambda: self._webhooks.next_due(self._cursor))
        records = list(dict.fromkeys(records))
        found = await self._patiently(lambda: self._webhooks.open_deliveries(self._cursor, records, _PER_RECORD))
        for record, deliveries in found.items():
            self._queues.load(record, deliveries, complete=len(deliveries) < _PER_RECORD)
        self._pump()

    def _is_due(self) -> bool:
        return self._due is not None and self._may_take_up() and self._due <= now()

    def _may_take_up(self) -> bool:
        return len(self._sending) < self._settings.concurrency and not self._queues.is_ready

    # time

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    def _journal_in(self) -> float:
        """Seconds until the journal is written; infinite while there is nothing to write."""
        if self._queues.unwritten or self._position - self._cursor.position >= _FAR_BEHIND:
            return self._journaled_s + _JOURNAL_S - self._time()
        return float("inf")

    async def _pause(self) -> None:
        seconds = self._journal_in()
        if self._due is not None and self._may_take_up():
            seconds = min(seconds, (self._due - now()).total_seconds())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == float("inf") else max(seconds, 0)):
                await self._signal.wait()

    async def _patiently(self, operation: Callable[[], Awaitable[Result]]) -> Result:
        """``operation()``, again and again while PostgreSQL is away; each may be repeated."""
        while True:
            try:
                return await operation()
            except FAULTS as error:
                log.warning("webhook_waits_for_database", webhook=self.subscription.id, problem=str(error))
                await asyncio.sleep(_BACK_OFF_S)

    # the end

    async def _drain(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._settings.timeout_s + 1)
        await self._cut_off()
        await self._journal(everything=True)

    async def _cut_off(self) -> None:
        tasks = list(self._sending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _plain(text: str) -> str:
    """``text`` as PostgreSQL stores it, without credentials of an address."""
    return _MASK.text(text).encode("utf-8", "replace").decode().replace("\x00", "")[:_ERROR_LENGTH]
