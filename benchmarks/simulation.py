"""Speed and memory of ``riskgen simulate``, and whether a killed one ends as it should.

    python benchmarks/simulation.py                     10,000 to 1,000,000, 1 and 2 workers
    python benchmarks/simulation.py --sizes 10000 100000 --kinds events --faults 5

Every line is a process of its own on a generator that is fitted first, on a toy bank and on
stock indices. Seconds are those of the whole command, its start included, CPU seconds those of
all its processes; memory is that of the largest one. A fault is a SIGKILL at a random moment: the
same command is then given again, and the hashes are held against those of a simulation that
nobody killed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measured import Cost, measured

from riskgen.data.market.sp500 import sp500_prices
from riskgen.data.toybank import simulate_bank

KINDS = {"events": "card_testing_burst", "paths": "gfc_2008"}
MOST_GROWTH_MIB = 200  # of the largest simulation over the smallest
RISKGEN = [sys.executable, "-c", "from riskgen.cli import main; main()"]
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def main(words: Sequence[str] | None = None) -> None:
    asked = _arguments(words)
    failed = []
    with tempfile.TemporaryDirectory() as place:
        for kind in asked.kinds:
            run = _fitted(kind, asked, Path(place))
            for stress in (None, KINDS[kind]):
                for workers in asked.workers:
                    failed += _lines(run, f"{kind}, {stress or 'base'}", stress, workers, asked)
            if asked.faults:
                failed += _faults(run, KINDS[kind], asked)
    if failed:
        sys.exit("\n".join(failed))


def _lines(
    run: Path, title: str, stress: str | None, workers: int, asked: argparse.Namespace
) -> list[str]:
    """Print one line a size; return what went wrong."""
    print(f"{title}, {asked.generator}, workers: {workers}")
    titles = f"{'scenarios':>12} {'seconds':>9} {'CPU s':>9} {'a second':>9} {'MiB':>6}"
    print(f"{titles}   beside the smallest")
    costs = []
    for n in asked.sizes:
        cost = measured(_command(run, n, stress, workers), run.parent / "log", ONE_THREAD)
        if cost.failed is not None and "Blocked" not in cost.failed:
            return [f"{title}: {cost.failed}"]
        costs.append(cost)
        print(_line(n, cost, asked.sizes[0], costs[0]), flush=True)
    grown = costs[-1].peak_mib - costs[0].peak_mib
    flat = grown <= MOST_GROWTH_MIB
    return [] if flat else [f"{title}, {workers} workers: memory grew by {grown:.0f} MiB"]


def _line(n: int, cost: Cost, n_first: int, first: Cost) -> str:
    dearer = cost.cpu_seconds / n / (first.cpu_seconds / n_first)
    grown = cost.peak_mib - first.peak_mib
    shown = f"{n:>12,} {cost.wall_seconds:>9.1f} {cost.cpu_seconds:>9.1f}"
    shown = f"{shown} {n / cost.wall_seconds:>9,.0f} {cost.peak_mib:>6.0f}"
    return f"{shown}   {dearer:.2f} × a scenario's CPU seconds, {grown:+.0f} MiB"


def _faults(run: Path, stress: str, asked: argparse.Namespace) -> list[str]:
    """Kill at random moments, go on, and compare; return what differs."""
    rng = np.random.default_rng(asked.seed)
    command = _command(run, asked.fault_size, stress, max(asked.workers))
    began = time.perf_counter()
    expected, whole = _digests(run, command), time.perf_counter() - began
    failed = []
    for fault in range(asked.faults):
        kills, parts = 0, []
        for moment in rng.uniform(0, whole, 3):
            parts.append(_killed(command, float(moment)))
            kills += parts[-1] >= 0
        same = _digests(run, command) == expected
        left = ", ".join(str(part) for part in parts if part >= 0)
        told = "the same bytes" if same else "OTHER BYTES"
        print(f"fault {fault}: killed {kills} times with {left or 'no'} parts made: {told}")
        failed += [] if same else [f"fault {fault}: other bytes after {parts}"]
    return failed


def _killed(command: list[str], moment: float) -> int:
    """Kill a simulation after so many seconds; return its parts, -1 if it was done by then."""
    environment = {**os.environ, **ONE_THREAD}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        run = Path(command[command.index("--run") + 1])
        return len(list(run.glob("simulations/.*.partial/part-*.json")))
    return -1


def _digests(run: Path, command: list[str]) -> dict[str, str]:
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr.decode()[-1000:])
    (folder,) = (run / "simulations").glob("[!.]*_*")
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def _command(run: Path, n: int, stress: str | None, workers: int) -> list[str]:
    words = ["simulate", "--run", str(run), "--scenarios", str(n), "--workers", str(workers), "-q"]
    return [*RISKGEN, *words, *(() if stress is None else ("--stress", stress))]


def _fitted(kind: str, asked: argparse.Namespace, place: Path) -> Path:
    """Fit the generator on the toy bank or on stock indices; return the run."""
    table, root = place / f"{kind}.parquet", place / kind
    bank = kind == "events"
    drawn = simulate_bank(1_500, 60, 3, events_per_customer=12.0) if bank else sp500_prices()
    drawn.write_parquet(table)
    words = ["fit", str(table), "--generator", asked.generator, "--runs", str(root), "-q"]
    if asked.generator.startswith("time"):
        words += ["--steps", "20"]  # how fast it draws does not depend on what it learned
    done = subprocess.run([*RISKGEN, *words], env={**os.environ, **ONE_THREAD}, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr.decode()[-1000:])
    (run,) = root.glob("0001-*")
    return run


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    parser.add_argument("--generator", default="bootstrap", help="one that learns both")
    parser.add_argument("--faults", type=int, default=3, help="times three kills, of each kind")
    parser.add_argument("--fault-size", type=int, default=100_000, help="scenarios of each fault")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
