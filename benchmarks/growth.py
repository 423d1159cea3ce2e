"""How the cost of timegan grows with the work: customers, length of histories, columns.

    python benchmarks/growth.py
    python benchmarks/growth.py --sizes 1 2 4 --customers 500 --passes 1

One thread, CPU seconds, on the toy bank. A fit makes the same number of passes over
each panel; a sample draws as many customers as were learned. An exponent is the slope of
a straight line through the logarithms of seconds and of work: 1 is linear.
Columns are added as random categories: the worst case, since nothing in them repeats.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from riskgen.data.cleaning import clean
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.toybank import simulate_bank
from riskgen.models.base import sample
from riskgen.models.registry import create
from riskgen.stages.material import TableRequest, propose_schema

AXES = ("customers", "length", "columns")
DAYS, EACH = 90, 20.0  # of the smallest histories
BATCH, WINDOW = 32, 128
JOBS = ("encode", "fit", "sample", "decode")


def main(words: Sequence[str] | None = None) -> None:
    asked = _arguments(words)
    torch.set_num_threads(1)
    _costs(100, 1, 0, asked.passes)  # warms caches up
    for axis in asked.axes:
        works, rows = [], []
        for size in asked.sizes:
            times = {name: size if name == axis else 1 for name in AXES}
            customers, extra = asked.customers * times["customers"], times["columns"] - 1
            work, seconds = _costs(customers, times["length"], extra, asked.passes)
            works.append(work["fields"] if axis == "columns" else work["events"])
            rows.append(seconds)
            shown = ", ".join(f"{name} {seconds[name]:.1f}" for name in JOBS)
            print(f"{axis} × {size}: {work['events']:,} events, {work['fields']} fields: {shown}")
        found = {name: exponent(works, [row[name] for row in rows]) for name in JOBS}
        shown = ", ".join(f"{name} {found[name]:.2f}" for name in JOBS)
        print(f"exponent of {axis}: {shown}\n", flush=True)


def exponent(work: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope of log seconds over log work."""
    slope, _ = np.polyfit(np.log(work), np.log(np.maximum(seconds, 1e-6)), 1)
    return float(slope)


def _costs(
    customers: int, length: int, extra: int, passes: int
) -> tuple[dict[str, int], dict[str, float]]:
    """Return work and CPU seconds of one size."""
    events = _bank(customers, length, extra)
    encoder, encoding = _timed(lambda: EventEncoder.fit(events))
    panel, more = _timed(lambda: encoder.encode(events))
    windows = int((-(-panel.lengths // WINDOW)).sum())
    steps = max(2, passes * windows // BATCH)
    options = {"steps": steps, "context_steps": 20, "batch": BATCH, "window": WINDOW}
    model = create("timegan", **options, patience=10**6, audit=False, refine=False)
    model, fitting = _timed(lambda: model.fit(panel, seed=0))
    drawn, sampling = _timed(lambda: sample(model, panel.n_sequences, seed=0))
    _, decoding = _timed(lambda: encoder.decode(drawn))
    work = {"events": len(panel.values), "fields": len(panel.layout.fields)}
    seconds = (encoding + more, fitting, sampling, decoding)
    return work, dict(zip(JOBS, seconds, strict=True))


def _bank(customers: int, length: int, extra: int) -> Events:
    table = simulate_bank(customers, DAYS * length, 0, events_per_customer=EACH * length)
    rng = np.random.default_rng(0)
    names = [f"extra_{k}" for k in range(extra)]
    table = table.with_columns(
        pl.Series(name, np.array(list("abcdef"))[rng.integers(6, size=len(table))])
        for name in names
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "bank.parquet"
        table.write_parquet(path)
        request = TableRequest(path)
        drawn, _ = request.draw(request.open())
        events, _, _ = clean(drawn.table, propose_schema(drawn, request))
    return events


def _timed(job: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    result = job()
    return result, time.process_time() - began


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axes", nargs="+", choices=AXES, default=AXES)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--customers", type=int, default=500, help="of the smallest bank")
    parser.add_argument("--passes", type=int, default=2, help="over the panel, in a fit")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
