"""The order of deliveries of one webhook: in sequence within a record, in parallel across records.

Every record with open deliveries has a queue. A queue whose first delivery waits for a retry is *deferred*: what follows is
written to the journal and read from there when it is due. Pure; driven by
``workers/webhook_stream``.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from obmen.domain.webhooks.deliveries import Delivery, Outcome, Status, Step, judge, pause_s


class RecordQueue:
    """One record: what is under way or may start, and what follows.

    ``deferred``: more of it stands in the journal alone.
    """

    __slots__ = ("current", "deferred", "following")

    def __init__(self, current: Delivery | None, *, deferred: bool) -> None:
        self.current = current
        self.following: deque[Delivery] = deque()
        self.deferred = deferred


class RecordQueues:
    """All queues of a webhook. ``deferred`` are the records with open deliveries in the journal."""

    def __init__(self, deferred: Iterable[int] = ()) -> None:
        self._queues = {record: RecordQueue(None, deferred=True) for record in deferred}
        self._ready: deque[Delivery] = deque()
        self._new: deque[Delivery] = deque()
        self._changed: dict[int, Delivery] = {}
        self._wanted: dict[int, None] = {}

    def add(self, delivery: Delivery) -> None:
        """The next event of the log; call in order of position."""
        self._new.append(delivery)
        queue = self._queues.get(delivery.record_id)
        if queue is None:
            self._queues[delivery.record_id] = RecordQueue(delivery, deferred=False)
            self._ready.append(delivery)
        elif not queue.deferred:
            queue.following.append(delivery)

    def start(self, now_s: float) -> Delivery | None:
        """A delivery to be sent now, or ``None``."""
        if not self._ready:
            return None
        delivery = self._ready.popleft()
        delivery.move(Step.STARTED)
        delivery.started_s = now_s
        return delivery

    def finish(
        self, delivery: Delivery, outcome: Outcome, pauses: Sequence[float], jitter: float, now: datetime
    ) -> Step:
        """Notes what became of a delivery; what follows it may start, or waits with it."""
        delivery.attempts += 1
        step = judge(outcome, delivery.attempts, pauses)
        delivery.move(step)
        delivery.response_status = outcome.status
        delivery.error = outcome.error
        delivery.duration_ms = outcome.duration_ms
        delivery.body = None
        if delivery.stored:
            self._changed[delivery.position] = delivery
        if step is Step.REFUSED:
            delivery.due_at = now + timedelta(seconds=pause_s(outcome, delivery.attempts, pauses, jitter, now))
            self._defer(delivery)
        else:
            delivery.due_at, delivery.finished_at = None, now
            self._continue(delivery.record_id, self._queues[delivery.record_id])
        return step

    def put_off(self, delivery: Delivery, due_at: datetime | None, error: str | None = None) -> None:
        """Does not make a delivery that was started before ``due_at``, or before somebody resumes it; what follows it waits."""
        delivery.move(Step.PAUSED if due_at is None else Step.HELD)
        delivery.due_at, delivery.error, delivery.body = due_at, error, None
        if delivery.stored:
            self._changed[delivery.position] = delivery
        self._defer(delivery)

    def _defer(self, delivery: Delivery) -> None:
        queue = self._queues[delivery.record_id]
        queue.current, queue.deferred = None, True
        queue.following.clear()

    def _continue(self, record: int, queue: RecordQueue) -> None:
        if queue.following:
            queue.current = queue.following.popleft()
            self._ready.append(queue.current)
        elif queue.deferred:
            queue.current = None
            self._wanted[record] = None
        else:
            del self._queues[record]

    def load(self, record: int, stored: Sequence[Delivery], *, complete: bool) -> None:
        """A deferred record's turn: its first open deliveries as the journal has them, ``complete`` where it has no more.

        Call after everything `settle` gave has been written.
        """
        queue = self._queues.setdefault(record, RecordQueue(None, deferred=True))
        self._wanted.pop(record, None)
        if queue.current is not None:
            queue.deferred = True
            return
        queue.following.extend(stored)
        if complete:
            queue.deferred = False
            queue.following.extend(
                item for item in self._new if item.record_id == record and item.status is Status.WAITING
            )
        self._continue(record, queue)

    @property
    def wanted(self) -> list[int]:
        """The deferred records whose next deliveries are to be read from the journal."""
        return list(self._wanted)

    def settle(self, started_before_s: float, *, everything: bool = False) -> list[Delivery]:
        """The deliveries to be journaled now: those that changed, and the new ones up to the first that is not settled.

        A new one is settled when it is finished, waits for a deferred record, or has been under way since before
        ``started_before_s``: then the rest need not wait for it. With ``everything`` all are.
        """
        found = list(self._changed.values())
        self._changed.clear()
        while self._new and (everything or self._settled(self._new[0], started_before_s)):
            delivery = self._new.popleft()
            delivery.stored = True
            found.append(delivery)
        return found

    def _settled(self, delivery: Delivery, started_before_s: float) -> bool:
        if delivery.status is Status.SENDING:
            return delivery.started_s < started_before_s
        if delivery.status is Status.WAITING:
            queue = self._queues[delivery.record_id]
            return queue.deferred or (
                queue.current is not delivery and queue.current is not None and queue.current.stored
            )
        return True

    @property
    def first_new(self) -> Delivery | None:
        """The first delivery the journal does not know of."""
        return self._new[0] if self._new else None

    @property
    def unwritten(self) -> int:
        """How many deliveries have something to be journaled, now or later."""
        return len(self._new) + len(self._changed)

    @property
    def is_ready(self) -> bool:
        """Whether a delivery may start."""
        return bool(self._ready)
