"""Where the seconds of a timegan fit and of a sample go: a Markdown page on standard output.

    OMP_NUM_THREADS=1 python benchmarks/profiling.py
    OMP_NUM_THREADS=1 python benchmarks/profiling.py --customers 400 --steps 40

One thread. The peak is that of a large single-precision product on this core, timed
here and now; work is counted, not estimated: products by torch's own counter, the
LSTM (one fused call that the counter does not know) from its shapes, three times
forward for forward and backward.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from datasets import CUSTOMERS, TOYBANK, event_data
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from riskgen.data.encoding import EventEncoder
from riskgen.models.base import sample
from riskgen.models.registry import create

SIDE, TRIES = 1_536, 8  # of the product that the core's peak is read from
SHOWN = 12
FORWARD_AND_BACKWARD = 3  # a backward pass has two products for each forward one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--steps", type=int, default=100)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        data = event_data(TOYBANK, None, Path(place), asked.customers)
    panel = EventEncoder.fit(data.train).encode(data.train)
    print(f"{panel.n_sequences:,} customers, {len(panel.values):,} events, {asked.steps} steps.\n")

    def fit() -> Any:
        options = {"steps": asked.steps, "context_steps": asked.steps // 2, "audit": False}
        return create("timegan", **options).fit(panel, seed=0)

    def draw() -> Any:
        return sample(generator, 2 * generator.chunk, seed=0)

    peak = gemm_peak()
    print(f"Peak of this core, {SIDE}³ single precision: {peak / 1e9:.0f} GFLOP/s.\n")
    generator = fit()  # also warms up
    events = len(draw().values)
    for name, job in (("fit", fit), ("sample", draw)):
        seconds, work = cpu_seconds(job), counted(job)
        print(f"## {name}: {seconds:.1f} CPU s, {work / 1e9:.0f} GFLOP", end=", ")
        print(f"{work / seconds / 1e9:.1f} GFLOP/s, {work / seconds / peak:.0%} of the peak")
        if name == "sample":
            n = 2 * generator.chunk
            print(f"\n{n / seconds:,.0f} customers and {events / seconds:,.0f} events a CPU s.")
        print(f"\n{operations(job)}\n\n{functions(job)}\n")


def gemm_peak() -> float:
    """Return the floating-point operations a CPU second of a large product, best of a few."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    return 2.0 * SIDE**3 / min(cpu_seconds(lambda: a @ b) for _ in range(TRIES))


def cpu_seconds(job: Callable[[], Any]) -> float:
    began = time.process_time()
    job()
    return time.process_time() - began


def counted(job: Callable[[], Any]) -> float:
    """Return the operations of all products of a job, recurrences included."""
    with _recurrences() as recurrent, FlopCounterMode(display=False) as counter:
        job()
    return float(counter.get_total_flops() + sum(recurrent))


@contextmanager
def _recurrences() -> Iterator[list[float]]:
    """Note the operations of every pass of an LSTM, backward included where one follows."""
    done: list[float] = []
    plain = torch.nn.LSTM.forward

    def forward(self: torch.nn.LSTM, inputs: torch.Tensor, *rest: Any) -> Any:
        rows = inputs.shape[0] * inputs.shape[1]
        times = FORWARD_AND_BACKWARD if torch.is_grad_enabled() else 1
        done.append(8.0 * times * rows * self.hidden_size * (inputs.shape[2] + self.hidden_size))
        return plain(self, inputs, *rest)

    torch.nn.LSTM.forward = forward  # type: ignore[method-assign]
    try:
        yield done
    finally:
        torch.nn.LSTM.forward = plain  # type: ignore[method-assign]


def operations(job: Callable[[], Any]) -> str:
    """Return the operations of torch that take most, children not included."""
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        job()
    rows = watched.key_averages()
    total = sum(row.self_cpu_time_total for row in rows)
    rows = sorted(rows, key=lambda row: -row.self_cpu_time_total)[:SHOWN]
    lines = ["| operation | calls | share of torch's time |", "|---|---|---|"]
    lines += [
        f"| {row.key} | {row.count:,} | {row.self_cpu_time_total / total:.1%} |" for row in rows
    ]
    return "\n".join(lines)


def functions(job: Callable[[], Any]) -> str:
    """Return riskgen's own functions that take most, what they call included."""
    watched = cProfile.Profile(time.process_time)
    watched.runcall(job)
    stats = pstats.Stats(watched).stats  # type: ignore[attr-defined]
    total = max(entry[3] for entry in stats.values())
    own = [
        (entry[3], entry[0], f"{Path(where[0]).stem}.{where[2]}")
        for where, entry in stats.items()
        if f"{Path('riskgen/')}" in where[0]
    ]
    lines = ["| function | calls | share, with what it calls |", "|---|---|---|"]
    lines += [
        f"| {name} | {calls:,} | {spent / total:.1%} |"
        for spent, calls, name in sorted(own, reverse=True)[: 2 * SHOWN]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
