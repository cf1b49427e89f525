"""The table: on the terminal, and as JSON in ``bench/results/``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.load import Load
from bench.row import Growth, Measured, Row

RESULTS = Path(__file__).with_name("results")


def show(rows: Sequence[Row], measured: Mapping[str, Measured | Growth]) -> None:
    """Prints it: the rows that are compared with the baseline, then a table for each that grows."""
    table = Table(caption="medians of the rounds; R7: lag from log to receiver at half that rate")
    for name in ("row", "work"):
        table.add_column(name)
    for name in ("baseline/s", "obmen/s", "ratio", "reach", "baseline p50 / p99 ms", "obmen p50 / p99 ms"):
        table.add_column(name, justify="right")
    grown = []
    for row in rows:
        found = measured.get(row.name)
        if found is None:
            table.add_row(row.name, row.work, *["failed"] * 3, f"{row.reach:.2f}")
        elif isinstance(found, Growth):
            grown.append(_growth(row, found))
        else:
            colour = "green" if found.ratio >= row.reach else "yellow"
            table.add_row(
                row.name,
                row.work,
                *(f"{median(side.rate for side in sides):,.0f}" for sides in (found.baseline, found.obmen)),
                f"[{colour}]{found.ratio:.2f}[/]",
                f"{row.reach:.2f}",
                *(_latencies(sides) for sides in (found.baseline, found.obmen)),
            )
    console = Console(width=None if Console().is_terminal else 140)
    for one in ([table] if table.row_count else []) + grown:
        console.print(one)


def _growth(row: Row, found: Growth) -> Table:
    """A line for each work: p50 at each size, then how many times that of the smallest."""
    table = Table(title=f"{row.name}  {row.work}", caption=f"p50 in ms by records; reach: within {row.reach:g} times")
    table.add_column("work")
    smallest, *larger = found.sizes
    for name in (*(f"{size:,}" for size in found.sizes), *(f"{size:,} / {smallest:,}" for size in larger)):
        table.add_column(name, justify="right")
    for work, (first, *others) in found.p50_ms.items():
        ratios = [other / first for other in others]
        colours = ["green" if ratio <= row.reach else "yellow" for ratio in ratios]
        table.add_row(
            work,
            *(f"{figure:,.1f}" for figure in (first, *others)),
            *(f"[{colour}]{ratio:.1f}[/]" for colour, ratio in zip(colours, ratios, strict=True)),
        )
    return table


def _latencies(sides: Sequence[Load]) -> str:
    return " / ".join(f"{median(getattr(side, name) for side in sides):.1f}" for name in ("p50_ms", "p99_ms"))


def write(rows: Sequence[Row], measured: Mapping[str, Measured | Growth], machine: Mapping[str, Any]) -> None:
    """Keeps every round, and every p50."""
    at = datetime.now(UTC)
    found = [
        {
            "row": row.name,
            "work": row.work,
            "reach": row.reach,
            "ratio": round(measured[row.name].ratio, 3),
            **msgspec.structs.asdict(measured[row.name]),
        }
        for row in rows
        if row.name in measured
    ]
    RESULTS.mkdir(exist_ok=True)
    text = msgspec.json.encode({"at": at, "machine": machine, "rows": found})
    (RESULTS / f"{at:%Y-%m-%dT%H-%M-%S}.json").write_bytes(msgspec.json.format(text))
