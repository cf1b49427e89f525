"""The delivery's states, and when it is tried again."""

from datetime import UTC, datetime

import pytest

from obmen.domain.webhooks.deliveries import (
    OPEN,
    TRANSITIONS,
    Delivery,
    Outcome,
    Status,
    Step,
    judge,
    pause_s,
    retry_after_s,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
PAUSES = (5.0, 300.0)


def answered(status, **facts):
    return Outcome(status=status, **facts)


@pytest.mark.parametrize("status", [200, 201, 204, 299, 301, 302, 304, 399])
def test_success(status):
    assert judge(answered(status), 1, PAUSES) is Step.ARRIVED


@pytest.mark.parametrize("status", [400, 401, 404, 409, 411, 429, 500, 503, 599, 100, 199, None])
def test_failure_is_tried_again_until_the_pauses_are_used_up(status):
    verdicts = [judge(answered(status), attempt, PAUSES) for attempt in (1, 2, 3)]
    assert verdicts == [Step.REFUSED, Step.REFUSED, Step.EXHAUSTED]


def test_gone_at_any_attempt():
    assert [judge(answered(410), attempt, PAUSES) for attempt in (1, 3)] == [Step.GONE, Step.GONE]


def test_what_no_attempt_can_change_is_not_tried_again():
    assert judge(Outcome(status=None, hopeless=True), 1, PAUSES) is Step.EXHAUSTED


def test_only_open_deliveries_move_and_each_ends():
    assert {status for status, _ in TRANSITIONS} == set(OPEN)
    assert set(Status) - set(OPEN) <= set(TRANSITIONS.values())
    assert all(TRANSITIONS[status, Step.REMOVED] is Status.DROPPED for status in OPEN)


def test_a_finished_delivery_does_not_move():
    delivery = Delivery(
        position=1, sequence_id=1, record_id=1, event="record.created", body=b"", status=Status.DELIVERED
    )
    with pytest.raises(KeyError):
        delivery.move(Step.STARTED)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-5", 0),
        ("soon", 0),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 60),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("9" * 400, 1e17),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after_s(header, NOW) == pytest.approx(seconds, rel=10)


@pytest.mark.parametrize(
    ("attempt", "jitter", "header", "seconds"),
    [
        (1, 1.0, None, 5),
        (2, 1.0, None, 300),
        (2, 0.9, None, 270),
        (1, 1.0, "60", 60),
        (2, 1.0, "60", 300),
        (1, 1.0, "9999999999", 86_400),
    ],
)
def test_pause(attempt, jitter, header, seconds):
    assert pause_s(answered(503, retry_after=header), attempt, PAUSES, jitter, NOW) == seconds
