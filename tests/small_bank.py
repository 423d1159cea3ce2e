"""A bank small enough for a test and rich enough to fail one: customers with habits."""

from __future__ import annotations

import numpy as np
import polars as pl
from conftest import tiny_schema

from riskgen.data.events import SECONDS_PER_DAY, Events, ranges

START = 1_735_689_600.0  # 1 January 2025
DAYS = 90


def small_bank(n: int, seed: int = 0, fraud_share: float = 0.1, strength: float = 1.5) -> Events:
    """Return customers whose number, rhythm, size and kind of payments are their own.

    A fraud is a burst of four payments a quarter of an hour apart, ``strength``
    log units larger than usual, half of them abroad. A third of the honest have
    a burst too: of their usual size at home, or one of the two but not both.
    """
    rng = np.random.default_rng(seed)
    lengths = np.clip(np.exp(rng.normal(3.0, 0.6, n)), 6, 90).astype(np.int64)
    owner, place = np.repeat(np.arange(n), lengths), ranges(lengths)
    events = len(owner)
    burst, hit = _bursts(lengths, owner, place, rng)
    fraud = burst & hit(fraud_share)[owner]
    burst &= fraud | (rng.random(n) < 1 / 3)[owner]
    kind = rng.integers(3, size=n)[owner]
    larger, travels = fraud | (burst & (kind == 1)), fraud | (burst & (kind == 2))
    rhythm = rng.uniform(0.5, 2.0, n)
    gap = rng.gamma(1 / rhythm[owner] ** 2, 1.0, events) + 0.01
    gap = np.where(burst, 0.0, gap)
    elapsed = _running(gap, owner)
    total = np.maximum.reduceat(elapsed, np.cumsum(lengths) - lengths)
    seconds = elapsed / total[owner] * DAYS * SECONDS_PER_DAY * rng.uniform(0.7, 1.0, n)[owner]
    seconds += _running(np.where(burst, 900.0, 1.0), owner)
    level = rng.normal(3.0, 0.8, n)
    size = level[owner] + rng.normal(0, 0.5, events) + strength * larger
    favourite = rng.integers(5, size=n)
    category = np.where(rng.random(events) < 0.6, favourite[owner], rng.integers(5, size=events))
    abroad = rng.random(events) < np.where(travels, 0.5, 0.02)
    table = pl.DataFrame(
        {
            "customer": [f"c{i:05d}" for i in owner],
            "when": ((START + seconds) * 1e6).astype(np.int64),
            "amount": np.round(np.exp(size), 2),
            "category": np.array(list("abcde"))[category],
            "country": np.where(abroad, "XX", "DE"),
            "fraud": fraud.astype(np.int8),
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us")))
    return Events.build(table, tiny_schema())


def _bursts(lengths, owner, place, rng):
    first = (rng.random(len(lengths)) * (lengths - 4)).astype(np.int64) + 1
    after = place - first[owner]
    return (after >= 0) & (after < 4), lambda share: rng.random(len(lengths)) < share


def _running(values, owner):
    total = np.cumsum(values)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    base = np.repeat(total[starts] - values[starts], np.diff(np.append(starts, len(owner))))
    return total - base
