"""A split whose training part has few frauds, and a pool of many more that nobody learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from small_bank import DAYS, START, small_bank

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.split import Split

ALWAYS = (START - 1.0, START + 2 * DAYS * SECONDS_PER_DAY)


def pick(events: Events, rows: np.ndarray) -> Events:
    return events.take(np.sort(rows))


def split_and_pool(
    known: int = 4, strength: float = 0.6, customers: int = 2_600, tested: int = 40
) -> tuple[Split, Events]:
    """Return a split with ``known`` frauds to learn from and ``tested`` ones, and the pool."""
    events, first = small_bank(customers, seed=3, fraud_share=0.05, strength=strength), 20 + tested
    fraud = events.entity_label()
    order = np.random.default_rng(1).permutation(events.n_entities)
    bad, good = order[fraud[order]], order[~fraud[order]]
    parts = {
        "generator": np.concatenate([good[:500], bad[:4], bad[first : first + known - 4]]),
        "control": np.concatenate([good[500:700], bad[4:6]]),
        "reference": good[700:750],
        "validation": np.concatenate([good[750:1000], bad[6:20]]),
        "test": np.concatenate([good[1000:1800], bad[20:first]]),
    }
    pool = pick(events, np.concatenate([good[1800:2100], bad[first + known - 4 :]]))
    split = Split(
        **{name: pick(events, rows) for name, rows in parts.items()},
        validation_window=ALWAYS,
        test_window=ALWAYS,
        time_disjoint=False,
        reason="for a test",
    )
    return split, pool


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """Return a split with four known frauds, and the pool, by name."""
    split, pool = split_and_pool()
    return {"split": split, "pool": pool}


def relabelled(events: Events, labels: np.ndarray, level: str | None = None) -> Events:
    """Return the same events with other labels, and the label at another level if told."""
    schema = events.schema
    if level is not None:
        schema = schema.model_copy(update={"label_level": level})
    column = pl.Series(schema.label, labels.astype(np.int8))
    return Events(schema, events.frame.with_columns(column), events.offsets)
