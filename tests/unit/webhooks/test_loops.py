"""Which records are told of because they were told of: a receiver that writes back, and everything that only looks like it."""

from bisect import insort
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obmen.domain.webhooks.loops import LoopGuard, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)
MOST, WINDOW_S = 20, 600.0
LATENCY_S = 0.01


class World:
    """One record, the changes that others make, and a receiver that answers a notification with changes of its own.

    ``echo``: seconds after a notification at which the receiver changes the record; ``lag_s``: how late the log is read.
    """

    def __init__(self, changes, echo=(), lag_s=0.0, most=MOST):
        self.guard = LoopGuard(most, WINDOW_S)
        self.echo = echo
        self.lag_s = lag_s
        self.log = sorted(changes)
        self.sent = []
        self.read = 0
        self.held = 0

    def run(self, until_s=3_000.0, sends=2_000):
        """Whether notifications of the record were stopped, in the end."""
        now = 0.0
        while len(self.sent) < min(len(self.log), sends) and now < until_s:
            now = max(now, self.log[len(self.sent)] + self.lag_s)
            verdict, found = self._judge(now)
            if verdict is Verdict.HOLD:
                self.held += 1
                now += found.trial.total_seconds()
                verdict, found = self._judge(now)
                assert verdict is not Verdict.HOLD
            if verdict is Verdict.STOP:
                return True
            self.sent.append(now)
            for echo in self.echo:
                insort(self.log, now + echo)
            now += LATENCY_S
        return False

    def _judge(self, now):
        while self.read < len(self.log) and self.log[self.read] + self.lag_s <= now:
            self.guard.changed(1, START + timedelta(seconds=self.log[self.read]))
            self.read += 1
        return self.guard.judge(1, START + timedelta(seconds=now))


@pytest.mark.parametrize(
    "echo", [(0.001,), (0.02,), (0.5,), (1.5,), (5.0,), (0.005, 0.01), (0.3, 0.6, 0.9), (0.001, 1.5)]
)
def test_a_receiver_that_writes_back_is_stopped(echo):
    world = World([0.0], echo)
    assert world.run()
    assert len(world.sent) <= MOST + 10 if len(echo) == 1 else 300


@pytest.mark.parametrize("every_s", [0.001, 0.05, 0.3, 1.0, 5.0, 20.0])
@pytest.mark.parametrize("lag_s", [0.0, 0.5])
def test_a_record_that_others_change_is_never_stopped(every_s, lag_s):
    """A counter, an import of one record, a sensor: however steady, and also where the log is read late."""
    world = World([number * every_s for number in range(1_000)], lag_s=lag_s)
    assert not world.run()
    assert len(world.sent) >= min(1_000, 3_000 / every_s * 0.9)
    assert world.held <= 1 + 1_000 * every_s / WINDOW_S


@pytest.mark.parametrize("burst", [MOST, MOST + 1, MOST + 2, 500])
@pytest.mark.parametrize("pause_s", [3.0, 10.0, 60.0, 700.0])
def test_bursts_are_never_stopped(burst, pause_s):
    changes = [turn * pause_s + number * 0.01 for turn in range(20) for number in range(burst)]
    world = World(changes)
    assert not world.run(until_s=100_000, sends=100_000)
    assert len(world.sent) == len(changes)


@pytest.mark.parametrize("together", [1, 2, 3])
@pytest.mark.parametrize("every_s", [2.1, 2.3, 2.5, 2.9, 3.5, 4.2, 5.0, 7.7, 11.0, 16.1])
def test_regular_changes_of_several_at_once_are_never_stopped(together, every_s):
    changes = [turn * every_s + number * 0.2 for turn in range(300) for number in range(together)]
    world = World(changes)
    assert not world.run(until_s=100_000)
    assert len(world.sent) == len(changes)


def test_a_chain_that_ends_is_not_stopped():
    """A receiver that takes a record through its stages, each told of."""
    world = World([0.0], (0.05,))
    world.guard = LoopGuard(100, WINDOW_S)
    assert not world.run(sends=80)
    assert world.held == 0


def test_a_loop_is_stopped_while_the_log_is_read_late():
    assert World([0.0], (0.02,), lag_s=0.3).run()


def test_it_can_be_switched_off():
    world = World([0.0], (0.01,), most=0)
    assert not world.run(sends=500)
    assert world.held == 0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.001, 30.0), min_size=50, max_size=300))
def test_random_changes_of_others_are_not_stopped(gaps):
    """Where gaps differ by chance, a trial of five mean intervals sees a change; three in a row do not miss all."""
    at, changes = 0.0, []
    for gap in gaps:
        at += gap
        changes.append(at)
    world = World(changes)
    assert not world.run(until_s=100_000)
    assert len(world.sent) == len(changes)


def test_records_are_judged_apart_and_forgotten():
    guard = LoopGuard(1, WINDOW_S)
    for record in range(30_000):
        assert guard.judge(record, START)[0] is Verdict.SEND
    assert guard.judge(29_999, START)[0] is Verdict.HOLD
    assert guard.judge(0, START)[0] is Verdict.SEND
    guard.forget(29_999)
    assert guard.judge(29_999, START)[0] is Verdict.SEND
