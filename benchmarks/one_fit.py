"""One fit of one of riskgen's generators in a process of its own; started by generators.py.

    python benchmarks/one_fit.py FOLDER GENERATOR CPU_SECONDS SEED N

Reads FOLDER/train.parquet (events) or FOLDER/series.parquet (windows), writes what
was drawn beside it and FOLDER/fit.json: CPU seconds of fit and of sampling.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

# Budgets count CPU seconds of this process: a busy machine then changes nothing.
time.monotonic = time.process_time

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
import torch  # noqa: E402
from datasets import WINDOW, read_part  # noqa: E402

from riskgen.data.encoding import EventEncoder  # noqa: E402
from riskgen.data.events import Events  # noqa: E402
from riskgen.data.levels.encoding import LevelEncoder  # noqa: E402
from riskgen.data.panel import Field, Layout, SequencePanel  # noqa: E402
from riskgen.evaluate.intervals import auc_interval  # noqa: E402
from riskgen.evaluate.privacy.white_box import likelihood_scores  # noqa: E402
from riskgen.models.base import sample  # noqa: E402
from riskgen.models.registry import create, generator_type  # noqa: E402

# Encoding, judging on what is set aside and so on come on top of training: a share
# of the budget is kept back for them. What was used in the end is reported.
FOR_TRAINING = 0.92


def options(key: str, seconds: float) -> dict[str, Any]:
    """Return the options that make ``key`` use ``seconds``; none where it takes no time."""
    config = generator_type(key)().config
    names = {item.name for item in dataclasses.fields(config)}
    found: dict[str, Any] = {}
    if key == "ensemble":
        # Its members share the limit, each of them trained that much shorter.
        return {"options": {"audit": False, "max_seconds": FOR_TRAINING * seconds}}
    if "max_seconds" in names:
        found["max_seconds"] = FOR_TRAINING * seconds
    if "audit" in names:
        found["audit"] = False  # judged here, by others, on held-out entities
    if "steps" in names and "max_seconds" in names:
        found["steps"] = 10**6  # seconds end it, not steps
    return found


def main() -> None:
    folder, key, seconds, seed, n = Path(sys.argv[1]), *sys.argv[2:6]
    torch.set_num_threads(1)
    began = time.process_time()
    events = (folder / "train.parquet").exists()
    encoder, panel = _events(folder) if events else _windows(folder, key)
    generator = create(key, **options(key, float(seconds))).fit(panel, seed=int(seed))
    fitted = time.process_time()
    length = None if events else encoder.length
    drawn = sample(generator, int(n), seed=int(seed), length=length)
    made = encoder.decode(drawn, first=0) if events else encoder.decode(drawn)
    sampled = time.process_time()
    if events:
        made.frame.write_parquet(folder / "synthetic.parquet")
    else:
        np.save(folder / "synthetic.npy", np.asarray(made))
    used = {"fit_cpu_s": fitted - began, "sample_cpu_s": sampled - fitted, "n": int(n)}
    used["steps"] = getattr(generator, "report", {}).get("steps")
    if events:
        used["white_box"] = white_box(generator, encoder, folder)
    (folder / "fit.json").write_text(json.dumps(used))


@dataclasses.dataclass(frozen=True)
class Weights:
    """What someone who holds the weights can ask: how likely an entity is."""

    generator: Any
    encoder: Any

    def log_likelihood(self, events: Events) -> tuple[np.ndarray, np.ndarray] | None:
        """Return nats of contexts and of events; None where a generator says none."""
        if not hasattr(self.generator, "log_likelihood"):
            return None
        return self.generator.log_likelihood(self.encoder.encode(events))


def white_box(generator: Any, encoder: Any, folder: Path) -> float | None:
    """Return the area under the curve of the strongest likelihood attack on membership."""
    sides = (read_part(folder), read_part(folder, "held_out"))
    found = likelihood_scores(Weights(generator, encoder), *sides, seed=0)
    if found is None:
        return None
    areas = [auc_interval(scores.members, scores.others).value for scores in found.values()]
    return round(max(areas), 4)


def _events(folder: Path) -> tuple[Any, Any]:
    train = read_part(folder)
    encoder = EventEncoder.fit(train)
    return encoder, encoder.encode(train)


def _windows(folder: Path, key: str) -> tuple[Any, Any]:
    frame = pl.read_parquet(folder / "series.parquet")
    table = frame.to_numpy().astype(np.float64)
    if "levels" not in generator_type(key).learns:
        path = WholePath(table.mean(axis=0), np.maximum(table.std(axis=0), 1e-12))
        return path, path.encode(table, frame.columns)
    encoder = Levels(LevelEncoder.fit(table, [(0, len(table))], frame.columns, WINDOW))
    return encoder, encoder.levels.encode(table, [(0, len(table))])


@dataclasses.dataclass(frozen=True)
class Levels:
    """Windows of levels, for generators that are fed levels back."""

    levels: LevelEncoder
    length: int | None = WINDOW - 1

    def decode(self, panel: SequencePanel) -> np.ndarray:
        """Return windows of levels, in units."""
        return self.levels.decode(panel)


@dataclasses.dataclass(frozen=True)
class WholePath:
    """One path of standardised levels, for generators that know paths only."""

    mean: np.ndarray
    spread: np.ndarray
    length: int | None = WINDOW

    def encode(self, table: np.ndarray, names: list[str]) -> SequencePanel:
        """Return the table as one long path."""
        layout = Layout(tuple(Field(name, 0) for name in names), ())
        values = (table - self.mean) / self.spread
        return SequencePanel(layout, values, np.zeros((1, 0)), np.array([0, len(table)]))

    def decode(self, panel: SequencePanel) -> np.ndarray:
        """Return windows of levels, in units."""
        values = panel.values * self.spread + self.mean
        return values.reshape(panel.n_sequences, WINDOW, -1)


if __name__ == "__main__":
    main()
