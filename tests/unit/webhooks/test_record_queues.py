"""Order per record, whatever the receiver does."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.webhooks.deliveries import Delivery, Outcome, Status
from obmen.domain.webhooks.record_queues import RecordQueues

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OK, BAD = Outcome(status=200), Outcome(status=500)


def delivery(position, record):
    return Delivery(position=position, sequence_id=position, record_id=record, event="record.updated", body=b"{}")


def finish(queues, item, outcome=OK):
    queues.finish(item, outcome, (5.0,), 1.0, NOW)


def test_a_record_goes_one_after_the_other_and_another_beside_it():
    queues = RecordQueues()
    for position, record in ((1, 7), (2, 7), (3, 8)):
        queues.add(delivery(position, record))
    first, other = queues.start(0), queues.start(0)
    assert (first.position, other.position, queues.start(0)) == (1, 3, None)
    finish(queues, first)
    assert queues.start(0).position == 2


def test_a_failure_parks_its_own_record_only():
    queues = RecordQueues()
    for position, record in ((1, 7), (2, 7), (3, 8)):
        queues.add(delivery(position, record))
    first = queues.start(0)
    finish(queues, first, BAD)
    assert queues.start(0).position == 3
    assert queues.start(0) is None
    assert first.due_at == NOW + timedelta(seconds=5)
    queues.add(delivery(4, 7))
    assert queues.start(0) is None
    assert [item.status for item in queues.settle(0)] == [Status.RETRYING, Status.WAITING]


def test_only_the_settled_beginning_is_journaled():
    queues = RecordQueues()
    for position in (1, 2, 3):
        queues.add(delivery(position, position))
    slow, quick, _ = queues.start(10), queues.start(10), queues.start(10)
    finish(queues, quick)
    assert queues.settle(5) == []
    assert queues.first_new is slow
    assert [item.position for item in queues.settle(11)] == [1, 2, 3]
    finish(queues, slow)
    assert queues.settle(5) == [slow]


def test_a_parked_record_flows_again_once_the_journal_is_read():
    queues = RecordQueues(deferred=[7])
    queues.add(delivery(5, 7))
    assert queues.start(0) is None
    queues.load(7, [delivery(3, 7), delivery(4, 7)], complete=True)
    for position in (3, 4, 5):
        item = queues.start(0)
        assert item.position == position
        finish(queues, item)
    queues.add(delivery(6, 7))
    assert queues.start(0).position == 6


class Worker:
    """Drives queues against a journal that keeps what it is given; steps and failures come at random."""

    def __init__(self, records, random):
        self.random = random
        self.queues = RecordQueues()
        self.log = [delivery(position, record) for position, record in enumerate(records, 1)]
        self.journal = {}
        self.under_way = []
        self.made = defaultdict(list)
        self.time = 0.0

    def is_done(self):
        return not (self.log or self.under_way or self.queues.unwritten or self.open())

    def open(self, record=None):
        return sorted(
            position
            for position, (owner, status, _) in self.journal.items()
            if status not in ("delivered", "failed") and record in (None, owner)
        )

    def add(self):
        if self.log:
            self.queues.add(self.log.pop(0))

    def start(self):
        if (item := self.queues.start(self.time)) is not None:
            assert all(other.record_id != item.record_id for other in self.under_way)
            self.under_way.append(item)

    def finish(self):
        if self.under_way:
            item = self.under_way.pop(self.random.randrange(len(self.under_way)))
            finish(self.queues, item, BAD if item.attempts == 0 and self.random.random() < 0.4 else OK)
            if item.status is Status.DELIVERED:
                self.made[item.record_id].append(item.position)

    def write(self):
        for item in self.queues.settle(self.time - 2):
            self.journal[item.position] = (item.record_id, item.status, item.attempts)
        self.take_up(self.queues.wanted)

    def retry(self):
        self.write()
        due = {}
        for position in self.open():
            record, status, attempts = self.journal[position]
            if status == "retrying":
                due[record] = position
                self.journal[position] = (record, Status.SENDING, attempts)
        self.take_up(due)

    def take_up(self, records):
        for record in records:
            stored = self.open(record)
            again = [delivery(position, record) for position in stored[:2]]
            for item in again:
                item.stored, item.attempts = True, self.journal[item.position][2]
            self.queues.load(record, again, complete=len(stored) < 2)


@given(st.lists(st.integers(1, 3), max_size=40), st.randoms(use_true_random=False))
def test_every_delivery_is_made_once_in_order_of_its_record(records, random):
    worker = Worker(records, random)
    expected = defaultdict(list)
    for item in worker.log:
        expected[item.record_id].append(item.position)
    while not worker.is_done():
        worker.time += 1
        random.choice(
            (worker.add, worker.start, worker.start, worker.finish, worker.finish, worker.write, worker.retry)
        )()
    assert worker.made == expected
    assert set(worker.journal) == {position for positions in expected.values() for position in positions}
