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
from bench.row import Measured, Row

RESULTS = Path(__file__).with_name("results")


def show(rows: Sequence[Row], measured: Mapping[str, Measured]) -> None:
    """Prints it."""
    table = Table(caption="medians of the rounds; R7: lag from log to receiver at half that rate")
    for name in ("row", "work"):
        table.add_column(name)
    for name in ("floor/s", "obmen/s", "ratio", "reach", "floor p50 / p99 ms", "obmen p50 / p99 ms"):
        table.add_column(name, justify="right")
    for row in rows:
        found = measured.get(row.name)
        if found is None:
            table.add_row(row.name, row.work, *["failed"] * 3, f"{row.reach:.2f}")
            continue
        colour = "green" if found.ratio >= row.reach else "yellow"
        table.add_row(
            row.name,
            row.work,
            *(f"{median(side.rate for side in sides):,.0f}" for sides in (found.floor, found.obmen)),
            f"[{colour}]{found.ratio:.2f}[/]",
            f"{row.reach:.2f}",
            *(_latencies(sides) for sides in (found.floor, found.obmen)),
        )
    Console(width=None if Console().is_terminal else 140).print(table)


def _latencies(sides: Sequence[Load]) -> str:
    return " / ".join(f"{median(getattr(side, name) for side in sides):.1f}" for name in ("p50_ms", "p99_ms"))


def write(rows: Sequence[Row], measured: Mapping[str, Measured], machine: Mapping[str, Any]) -> None:
    """Keeps every round."""
    at = datetime.now(UTC)
    found = [
        {
            "row": row.name,
            "work": row.work,
            "reach": row.reach,
            "ratio": round(measured[row.name].ratio, 3),
            "floor": measured[row.name].floor,
            "obmen": measured[row.name].obmen,
        }
        for row in rows
        if row.name in measured
    ]
    RESULTS.mkdir(exist_ok=True)
    text = msgspec.json.encode({"at": at, "machine": machine, "rows": found})
    (RESULTS / f"{at:%Y-%m-%dT%H-%M-%S}.json").write_bytes(msgspec.json.format(text))
