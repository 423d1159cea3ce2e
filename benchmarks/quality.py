"""How good what was drawn is: the same judges for every generator, three metric seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from datasets import EventData, windows_of

from riskgen.data.events import Events
from riskgen.evaluate.features import common_levels
from riskgen.evaluate.fidelity.sequence_two_sample import MOST_LEVELS, told_apart_in_order
from riskgen.evaluate.fidelity.two_sample import told_apart
from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.market.window_scores import (
    BLOCKED_STEPS,
    STEPS,
    blocked_aucs,
    published_floors,
    published_scores,
)
from riskgen.evaluate.privacy.material import prepare
from riskgen.evaluate.privacy.membership import attacks

METRIC_SEEDS = 3


def event_quality(made: Events, data: EventData, repeats: int = METRIC_SEEDS) -> dict[str, Any]:
    """Return both two-sample tests against held-out entities, and the label's rate."""
    levels = common_levels(data.train)
    aggregates = [
        told_apart(made, data.held_out, levels, seed=seed).auc.value for seed in range(repeats)
    ]
    more = common_levels(data.train, most=MOST_LEVELS)
    order = told_apart_in_order(made, data.held_out, more, seed=0, repeats=repeats)
    return {
        "c2st_aggregates": [round(value, 4) for value in aggregates],
        "c2st_sequences": [round(found.auc.value, 4) for found in order],
        "nearest": round(nearest_attack(made, data), 4),
        "label_rate": rate(made),
        "label_rate_real": rate(data.held_out),
    }


def nearest_attack(made: Events, data: EventData) -> float:
    """Return the AUC with which distance to samples tells learned entities from others."""
    found = attacks(prepare(data.train, data.held_out, made, seed=0))["nearest"]
    return auc_interval(found.members, found.others).value


def window_quality(
    made: np.ndarray, table: np.ndarray, repeats: int = METRIC_SEEDS, steps: int = STEPS
) -> dict[str, Any]:
    """Return the published discriminative score and the AUC on unseen time blocks."""
    real = windows_of(table)
    few = min(steps, BLOCKED_STEPS)
    return {
        "discriminative": published_scores(real, made, seed=0, repeats=repeats, steps=steps),
        "blocked_auc": blocked_aucs(real, made, seed=0, repeats=repeats, steps=few),
    }


def window_floor(
    table: np.ndarray, repeats: int = METRIC_SEEDS, steps: int = STEPS
) -> dict[str, Any]:
    """Return the published score of real windows; blocks of one path have no second path."""
    real = windows_of(table)
    return {"discriminative": published_floors(real, seed=0, repeats=repeats, steps=steps)}


def rate(events: Events) -> float | None:
    """Return the share of labelled entities; None without a label."""
    if events.schema.label is None:
        return None
    return round(float(events.entity_label().mean()), 5)


def read_made(folder: Path, data: EventData) -> Events:
    """Return what a generator wrote, as events of the real table's schema and types."""
    frame = pl.read_parquet(folder / "synthetic.parquet")
    wanted = data.train.frame.schema
    entity = data.schema.entity
    found = frame.schema
    casts = [_cast(name, found[name], kind) for name, kind in wanted.items() if name != entity]
    return Events.build(frame.with_columns(casts), data.schema)


def _cast(name: str, found: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """Return a column as the real table's type; some peers write times as text."""
    column = pl.col(name)
    if found == pl.String and wanted == pl.Date:
        return column.str.slice(0, 10).str.to_date()
    if found == pl.String and isinstance(wanted, pl.Datetime):
        return column.str.to_datetime().cast(wanted)
    return column.cast(wanted)
