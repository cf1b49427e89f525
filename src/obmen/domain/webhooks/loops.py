"""Loops through receivers: a receiver that writes the record it was told of is told of that, writes it again, and so on.

Nothing in a change says what caused it, so the cause is tried out. A record of which many notifications are sent in a short time
is suspected: its next notification is held back for a while. A record that is changed all the same is changed by others, an
import or a counter, and is left in peace. One that stays quiet until it is notified, and then changes again at once, three times in
a row and each time for twice as long, changes because of its notifications: what changes by itself has no reason to wait for
them. Pure: a moment is the clock of the database, which dates the events. Driven by
``workers/webhook_stream``.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

_TRIALS: Final = 3
_RECORDS: Final = 10_000
"""So many are remembered; those that were notified longest ago are forgotten first."""
_GRACE: Final = 0.5
"""Changes in such a part of a trial count for nothing: a receiver may still be writing what it was notified of before."""
_INTERVALS: Final = 5
"""Length of the first trial, in mean intervals between notifications of the record: others change a busy record within it."""
_AT_ONCE: Final = 0.5
"""A change within such a part of the first trial answers the notification; one that comes later does not."""
_SHORTEST: Final = timedelta(seconds=4)


class Verdict(StrEnum):
    """What becomes of a notification that is to be sent."""

    SEND = "send"
    HOLD = "hold"
    STOP = "stop"


class Record(msgspec.Struct, kw_only=True):
    """What is known of one record."""

    since: datetime
    until: datetime
    """Then it is forgotten."""
    count: int = 0
    """Notifications since then."""
    trials: int = 0
    """How often it stayed quiet until it was notified."""
    first_trial: timedelta = _SHORTEST
    quiet_from: datetime | None = None
    """Changes of others count from here on in the last trial; ``None``: there was none."""
    notified_at: datetime | None = None
    """The end of the last trial."""
    is_quiet: bool = True
    """In the last trial."""
    is_answered: bool = False
    """It has changed since the end of the last trial."""
    is_late: bool = False
    """It has changed, but not at once."""
    trusted_until: datetime | None = None

    @property
    def trial(self) -> timedelta:
        """How long the next notification is held back."""
        return self.first_trial * (1 << self.trials)


class LoopGuard:
    """Judges the notifications of one webhook: more than ``most`` of a record within ``window_s`` are tried; 0: none ever."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window = timedelta(seconds=window_s)
        self._records: dict[int, Record] = {}

    def changed(self, record: int, at: datetime) -> None:
        """A change of ``at`` was read from the log."""
        found = self._records.get(record)
        if found is None or found.quiet_from is None or at <= found.quiet_from:
            return
        if found.notified_at is None or at <= found.notified_at:
            found.is_quiet = False
        elif at <= found.notified_at + found.first_trial * _AT_ONCE:
            found.is_answered = True
        else:
            found.is_late = True

    def judge(self, record: int, now: datetime) -> tuple[Verdict, Record]:
        """What becomes of the next notification of ``record``; one that is held back is judged again after ``trial``."""
        found = self._touched(record, now)
        if self._most == 0:
            return Verdict.SEND, found
        if found.quiet_from is not None and found.notified_at is None:
            return self._after_trial(record, found, now), found
        if found.trusted_until is not None and now < found.trusted_until:
            return Verdict.SEND, found
        if found.trials and not found.is_quiet:  # the log is read late
            self._trust(record, now)
            return Verdict.SEND, found
        if found.trials and found.is_late and not found.is_answered:
            found = self._records[record] = Record(since=now, until=now + self._window)
        found.count += 1
        if found.is_answered if found.trials else found.count > self._most:
            if not found.trials:
                found.first_trial = max(_SHORTEST, _INTERVALS * (now - found.since) / found.count)
            found.quiet_from, found.notified_at = now + found.trial * _GRACE, None
            found.until = now + found.trial + self._window
            found.is_quiet, found.is_answered, found.is_late = True, False, False
            return Verdict.HOLD, found
        return Verdict.SEND, found

    def forget(self, record: int) -> None:
        """Judges it from the beginning."""
        self._records.pop(record, None)

    def _after_trial(self, record: int, found: Record, now: datetime) -> Verdict:
        found.notified_at = now
        if not found.is_quiet:
            self._trust(record, now)
            return Verdict.SEND
        found.trials += 1
        return Verdict.STOP if found.trials == _TRIALS else Verdict.SEND

    def _trust(self, record: int, now: datetime) -> None:
        until = now + self._window
        self._records[record] = Record(since=now, until=until, trusted_until=until)

    def _touched(self, record: int, now: datetime) -> Record:
        found = self._records.pop(record, None)
        if found is None or now > found.until:
            found = Record(since=now, until=now + self._window)
        self._records[record] = found
        if len(self._records) > _RECORDS:
            self._records.pop(next(iter(self._records)))
        return found
