"""Random draws for many customers at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def cumulative(weights: Floats) -> Floats:
    """Return row-wise cumulative shares of non-negative weights, shape (n_rows, n_levels)."""
    sums = np.cumsum(weights, axis=1)
    shares: Floats = sums / sums[:, -1:]
    return shares


def pick(shares: Floats, rows: Ints, rng: np.random.Generator) -> Ints:
    """Draw one level for each entry of ``rows`` from that row of :func:`cumulative`.

    One binary search over all rows laid end to end, row r at r to r + 1.
    """
    n_rows, n_levels = shares.shape
    laid = (shares + np.arange(n_rows)[:, None]).ravel()
    found = np.searchsorted(laid, rows + rng.random(len(rows)), side="right")
    levels: Ints = np.minimum(found - rows * n_levels, n_levels - 1).astype(np.int64)
    return levels


def around(median: Floats | float, spread: float, n: int, rng: np.random.Generator) -> Floats:
    """Draw ``n`` log-normal numbers around ``median``; ``spread`` is of the logarithm."""
    drawn: Floats = median * np.exp(spread * rng.standard_normal(n))
    return drawn


def cents(amount: Floats) -> Ints:
    """Return amounts in cents, at least one."""
    whole: Ints = np.maximum(np.round(amount * 100), 1).astype(np.int64)
    return whole


def typed(amount: Floats, rng: np.random.Generator) -> Ints:
    """Return amounts as people type them: mostly whole tens or fives, some exact."""
    grain = np.where(amount > 500, 50.0, np.where(amount > 60, 10.0, 5.0))
    round_one = np.maximum(np.round(amount / grain), 1) * grain
    return cents(np.where(rng.random(len(amount)) < 0.75, round_one, amount))
