"""What a row is, and how two sides of it are measured in turns. Called by the files of ``rows/``."""

from collections.abc import Awaitable, Callable
from statistics import median

import msgspec

from bench import load
from bench.load import Load, Requests
from bench.stage import Stage


class WentWrong(Exception):
    """A wrong answer or a missing record: the figures mean nothing."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How long to look."""

    rounds: int
    seconds: int
    warm_up_s: int
    records: int = 1_000
    """Records in a catalog that is read."""
    sizes: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    """Records in catalogs that are compared with each other, the smallest first."""


SHORT = Pace(rounds=1, seconds=1, warm_up_s=1, records=200, sizes=(200, 2_000))
THOROUGH = Pace(rounds=3, seconds=5, warm_up_s=3)


class Measured(msgspec.Struct, frozen=True):
    """A load per round on either side."""

    baseline: list[Load]
    obmen: list[Load]

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return median(side.rate for side in self.obmen) / median(side.rate for side in self.baseline)


class Growth(msgspec.Struct, frozen=True):
    """What the same work takes with so many records: p50 in milliseconds by work, one for each size."""

    sizes: list[int]
    p50_ms: dict[str, list[float]]

    @property
    def ratio(self) -> float:
        """Of the work that grows most: the largest to the smallest."""
        return max(figures[-1] / figures[0] for figures in self.p50_ms.values())


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    name: str
    work: str
    reach: float
    """The ratio to reach; of `Growth`, the ratio not to exceed."""
    measure: Callable[[Stage, Pace], Awaitable[Measured | Growth]]


async def compare(
    stage: Stage, pace: Pace, baseline: Requests, obmen: Requests, writes_to: tuple[str, ...] = ()
) -> Measured:
    """Both sides in turns, so that a machine that changes its speed changes it for both.

    Every answer of Obmen must have left a record in each of the tables ``writes_to``.
    """
    for requests in (baseline, obmen):
        await load.run(requests, pace.warm_up_s)
    baselines, obmens = [], []
    for _ in range(pace.rounds):
        await stage.settled()
        baselines.append(checked(await load.run(baseline, pace.seconds)))
        before = [await stage.count(table) for table in writes_to]
        found = checked(await load.run(obmen, pace.seconds))
        await stage.settled()
        for table, records in zip(writes_to, before, strict=True):
            written = await stage.count(table) - records
            if not found.requests <= written <= found.requests + load.CONNECTIONS:
                raise WentWrong(f"{found.requests} answers and {written} records in {table}")
        obmens.append(found)
    return Measured(baselines, obmens)


def checked(found: Load) -> Load:
    """The load, or `WentWrong` where an answer was none."""
    if found.errors or not found.requests:
        raise WentWrong(f"{found.errors} of {found.requests} answers were errors")
    return found
