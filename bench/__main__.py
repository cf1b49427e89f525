"""``python -m bench [ROW …]``."""

import os
import sys

import uvloop

from bench import report, rows
from bench.row import SHORT, THOROUGH, Pace, Row, WentWrong
from bench.stage import Stage
from obmen.discovery import by_name, things


async def run(chosen: list[Row], pace: Pace) -> list[str]:
    """Measures the rows one after the other and reports; what went wrong."""
    measured, problems = {}, []
    async with Stage() as stage:
        for row in chosen:
            print(f"{row.name}  {row.work} …", file=sys.stderr, flush=True)
            try:
                measured[row.name] = await row.measure(stage, pace)
            except WentWrong as problem:
                problems.append(f"{row.name}: {problem}")
        report.show(chosen, measured)
        report.write(chosen, measured, await stage.about())
    return problems


def main() -> None:
    """Ends with 1 where an answer was wrong or a record is missing."""
    known = by_name(things(rows, "ROW", Row))
    names = [name.upper() for name in sys.argv[1:]] or list(known)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no such row: {', '.join(unknown)}; there are {', '.join(known)}")
    pace = SHORT if os.environ.get("BENCH_SHORT", "0") not in ("", "0") else THOROUGH
    if problems := uvloop.run(run([known[name] for name in names], pace)):
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
