"""What timegan learns of a table of levels in so many CPU seconds.

    python benchmarks/levels.py stock_data.parquet --seconds 60 --drop t
    python benchmarks/levels.py energy_data.parquet --seconds 600 --drop date --seeds 3

Prints the discriminative score of the TimeGAN literature, its floor (real
against real), and the area under the curve of a larger network on time blocks
that it has not seen. Seconds are CPU seconds of one thread, for the fit alone;
the number of steps is set from the time of a few, so that they are about met.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from datasets import windows_of

from riskgen.data.levels.encoding import WINDOW, LevelEncoder
from riskgen.data.panel import Floats, SequencePanel
from riskgen.evaluate.market.window_scores import blocked_aucs, published_floors, published_scores
from riskgen.models.base import StepReport, sample
from riskgen.models.timegan.timegan import TimeGAN

PROBE = 16
"""Steps whose time tells how many fit into the budget; the first half warm up."""


@dataclass(frozen=True)
class Fit:
    """One fitted generator's windows and what they cost."""

    made: Floats
    steps: int
    fit_seconds: float
    sample_seconds: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit with each seed and print one line a seed, then means."""
    asked = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    frame = pl.read_parquet(asked.table).drop(asked.drop)
    table = frame.cast(pl.Float64).to_numpy().copy()
    segments = [(0, len(table))]
    encoder = LevelEncoder.fit(table, segments, frame.columns, WINDOW)
    panel = encoder.encode(table, segments)
    real, judges = windows_of(table), asked.judges
    floor = published_floors(real, seed=0, repeats=judges)
    print(f"real against real {np.mean(floor):.3f} (sd {np.std(floor):.3f})", flush=True)
    scores, areas = [], []
    for seed in range(asked.seeds):
        found = fit(encoder, panel, asked.seconds, seed, len(table) - WINDOW + 1)
        score = published_scores(real, found.made, seed=0, repeats=judges)
        area = blocked_aucs(real, found.made, seed=0, repeats=judges)
        scores += score
        areas += area
        print(
            f"seed {seed}: score {np.mean(score):.3f}, blocked AUC {np.mean(area):.3f}, "
            f"{found.steps} steps in {found.fit_seconds:.0f} CPU s, {len(found.made)} windows in "
            f"{found.sample_seconds:.0f} CPU s",
            flush=True,
        )
    print(
        f"mean: score {np.mean(scores):.3f} (sd {np.std(scores):.3f}), blocked AUC "
        f"{np.mean(areas):.3f} (sd {np.std(areas):.3f})"
    )


def fit(encoder: LevelEncoder, panel: SequencePanel, seconds: float, seed: int, n: int) -> Fit:
    """Fit for about ``seconds`` CPU seconds and draw ``n`` windows."""
    setup, step = _pace(panel)
    steps = max(2 * PROBE, int((seconds - setup) / step))
    began = time.process_time()
    generator = TimeGAN(steps=steps, audit=False).fit(panel, seed=seed)
    fitted = time.process_time()
    drawn = sample(generator, n, seed=seed, length=encoder.window - 1)
    made = encoder.decode(drawn)
    return Fit(made, steps, fitted - began, time.process_time() - fitted)


def _pace(panel: SequencePanel) -> tuple[float, float]:
    """Return CPU seconds before the first event step, and of a step with its share of looks."""
    began, marks = time.process_time(), list[float]()

    def note(report: StepReport) -> None:
        if report.phase == "events":
            marks.append(time.process_time())

    TimeGAN(steps=PROBE, audit=False).fit(panel, seed=0, on_step=note)
    half = marks[PROBE // 2 :]
    return marks[0] - began, (half[-1] - half[0]) / (len(half) - 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", help="Parquet file, one row a step")
    parser.add_argument("--drop", nargs="*", default=[], help="columns that are no levels")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds of a fit")
    parser.add_argument("--seeds", type=int, default=1, help="training seeds")
    parser.add_argument("--judges", type=int, default=3, help="seeds of each judge")
    return parser


if __name__ == "__main__":
    main()
