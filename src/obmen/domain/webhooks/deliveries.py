"""The life of a delivery: its states, what moves it from one to the next, and when it is tried again.

The transitions are the table below; whatever is not in it cannot happen. Called by ``queues`` and ``workers``.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

import msgspec


class Status(StrEnum):
    """Where a delivery stands; its word in the journal."""

    WAITING = "waiting"
    SENDING = "sending"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    PAUSED = "paused"


class Step(StrEnum):
    """What happens to a delivery."""

    STARTED = "started"
    ARRIVED = "arrived"
    GONE = "gone"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    CUT_OFF = "cut off"
    REMOVED = "removed"
    HELD = "held"
    PAUSED = "paused"


OPEN: Final = (Status.WAITING, Status.SENDING, Status.RETRYING, Status.PAUSED)
"""Still to be made."""

TRANSITIONS: Final[Mapping[tuple[Status, Step], Status]] = {
    (Status.WAITING, Step.STARTED): Status.SENDING,
    (Status.WAITING, Step.CUT_OFF): Status.RETRYING,
    (Status.WAITING, Step.REMOVED): Status.DROPPED,
    (Status.RETRYING, Step.STARTED): Status.SENDING,
    (Status.RETRYING, Step.REMOVED): Status.DROPPED,
    (Status.SENDING, Step.ARRIVED): Status.DELIVERED,
    (Status.SENDING, Step.GONE): Status.DELIVERED,
    (Status.SENDING, Step.REFUSED): Status.RETRYING,
    (Status.SENDING, Step.EXHAUSTED): Status.FAILED,
    (Status.SENDING, Step.CUT_OFF): Status.RETRYING,
    (Status.SENDING, Step.REMOVED): Status.DROPPED,
    (Status.SENDING, Step.HELD): Status.RETRYING,
    (Status.SENDING, Step.PAUSED): Status.PAUSED,
    (Status.PAUSED, Step.REMOVED): Status.DROPPED,
}

LONGEST_PAUSE_S: Final = 86_400.0
"""No receiver puts a delivery off for longer at a time."""
_GONE: Final = 410


class Delivery(msgspec.Struct, kw_only=True, eq=False):
    """An event on its way to one webhook; also its row in the journal, once ``stored``."""

    position: int
    sequence_id: int
    record_id: int
    event: str
    actor: int | None = None
    """Who made the change."""
    body: bytes | None
    """``None``: the catalog of its event has been removed."""
    attempts: int = 0
    status: Status = Status.WAITING
    stored: bool = False
    started_s: float = 0.0
    due_at: datetime | None = None
    response_status: int | None = None
    error: str | None = None
    duration_ms: int | None = None
    finished_at: datetime | None = None

    def move(self, step: Step) -> None:
        """To the next state of the table; ``KeyError`` for a step that cannot be."""
        self.status = TRANSITIONS[self.status, step]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt: an answer with its status, or an error."""

    status: int | None
    error: str | None = None
    retry_after: str | None = None
    duration_ms: int = 0
    hopeless: bool = False
    """No further attempt can change it."""


def judge(outcome: Outcome, attempts: int, pauses: Sequence[float]) -> Step:
    """What the outcome of attempt number ``attempts`` means, ``pauses`` being those before each further one."""
    if outcome.status is not None:
        if 200 <= outcome.status < 400:
            return Step.ARRIVED
        if outcome.status == _GONE:
            return Step.GONE
    return Step.EXHAUSTED if outcome.hopeless or attempts > len(pauses) else Step.REFUSED


def pause_s(outcome: Outcome, attempts: int, pauses: Sequence[float], jitter: float, now: datetime) -> float:
    """Seconds until the next attempt: never sooner than the receiver asked. ``jitter`` is a factor around 1."""
    return max(pauses[attempts - 1] * jitter, min(retry_after_s(outcome.retry_after, now), LONGEST_PAUSE_S))


def retry_after_s(header: str | None, now: datetime) -> float:
    """Seconds that a ``Retry-After`` header (RFC 9110, 10.2.3) asks for; 0 without one, or where it says nothing."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:18])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
