"""How time and memory of ingestion grow from 0.5 to 5 to 50 million events.

    python benchmarks/ingestion.py                           all three sizes, fit of 5 minutes
    python benchmarks/ingestion.py --events 100000 1000000 --max-time 10s

Every line is a process of its own on toy events that are written first and
removed at the end. Peak memory is that of the whole process. The floor is what
polars alone takes for rows and time span of each customer, over the same files.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from event_set import write_event_set

SIZES = (500_000, 5_000_000, 50_000_000)
MOST_GIB = 3.0

_FLOOR = """
import sys, polars as pl
rows = pl.scan_parquet(sys.argv[1])
found = rows.group_by("customer_id").agg(
    pl.len(), pl.col("timestamp").min(), pl.col("timestamp").max().alias("last")
).collect(engine="streaming")
print(found.height)
"""
_PREPARE = """
import sys
from riskgen.stages.material import TableRequest, prepare
prepare(TableRequest(sys.argv[1]))
"""


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    wall_seconds: float
    cpu_seconds: float
    peak_gib: float


def measured(command: Sequence[str], log: Path) -> Cost:
    """Run a command to its end and return what it took; SystemExit when it fails."""
    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    # Tells Popen, which did not see the child end.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    wall = time.perf_counter() - began
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20)


def commands(table: Path, runs: Path, max_time: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what is measured, by name."""
    riskgen = [str(Path(sys.executable).with_name("riskgen"))]
    yield "polars floor", [sys.executable, "-c", _FLOOR, f"{table}/**/*.parquet"]
    yield "ingestion", [sys.executable, "-c", _PREPARE, str(table)]
    yield "inspect", [*riskgen, "inspect", str(table)]
    yield (
        f"fit {max_time}",
        [*riskgen, "fit", str(table), "--max-time", max_time, "--runs", str(runs)],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--max-time", default="5m", help="of each fit")
    parser.add_argument("--folder", type=Path, help="where there is room for 1 GB")
    asked = parser.parse_args()
    print(f"{'events':>11}  {'what':<13}{'wall s':>8}{'CPU s':>8}{'peak GiB':>10}{'CPU a row':>11}")
    first: dict[str, float] = {}
    highest = 0.0
    for n_events in sorted(asked.events):
        with tempfile.TemporaryDirectory(dir=asked.folder) as place:
            folder = Path(place)
            write_event_set(folder / "events", n_events)
            for name, command in commands(folder / "events", folder / "runs", asked.max_time):
                cost = measured(command, folder / "log.txt")
                a_row = cost.cpu_seconds / n_events
                ratio = a_row / first.setdefault(name, a_row)
                print(
                    f"{n_events:>11,}  {name:<13}{cost.wall_seconds:>8.1f}{cost.cpu_seconds:>8.1f}"
                    f"{cost.peak_gib:>10.2f}{ratio:>10.2f}x",
                    flush=True,
                )
                highest = max(highest, cost.peak_gib)
    print(f"highest peak {highest:.2f} GiB, goal {MOST_GIB:.0f}: {_word(highest)}")
    if highest >= MOST_GIB:
        raise SystemExit(1)


def _word(highest: float) -> str:
    return "kept" if highest < MOST_GIB else "BROKEN"


if __name__ == "__main__":
    main()
