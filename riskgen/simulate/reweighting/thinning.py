"""Fewer paths that count more evenly: as many as are wanted, out of a larger base.

Systematic sampling with chances in proportion to the weights (Madow 1949; Tillé 2006,
ch. 7.1). Whoever is kept counts by the inverse of its chance, so means stay what they
are on average and nobody is kept twice.
"""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats, Ints


def thinned(weights: Floats, n: int, uniform: float) -> tuple[Ints, Floats]:
    """Return which ``n`` paths are kept, increasing, and what they weigh.

    Parameters
    ----------
    weights : ndarray of shape (m,)
        Of a base of m >= n paths.
    n : int
        Paths that are kept.
    uniform : float
        One number in [0, 1): where the sampling begins.

    Returns
    -------
    ndarray of shape (n,), int64
    ndarray of shape (n,)
        1 on average where ``weights`` are.
    """
    if len(weights) == n:
        return np.arange(n), weights
    chances = _chances(weights, n)
    # Whoever holds one of the numbers uniform, uniform + 1, … of the summed chances is kept.
    bounds = np.floor(np.cumsum(chances) - uniform)
    bounds[-1] = n - 1.0
    kept = np.flatnonzero(np.diff(bounds, prepend=-1.0) > 0)
    counted = weights[kept] / np.where(chances[kept] > 0, chances[kept], 1.0)
    return kept, np.asarray(counted * n / len(weights))


def _chances(weights: Floats, n: int) -> Floats:
    """Return the chance of each path to be kept, summing to ``n`` and 1 at most."""
    chances = np.zeros(len(weights))
    some = weights > 0
    if some.sum() <= n:
        # All that count, and some that do not, in their order.
        chances[some] = 1.0
        chances[np.flatnonzero(~some)[: n - int(some.sum())]] = 1.0
        return chances
    sure = np.zeros(len(weights), dtype=bool)
    while True:
        left = np.where(sure, 0.0, weights)
        chances = np.where(sure, 1.0, left * ((n - sure.sum()) / left.sum()))
        more = (chances >= 1.0) & ~sure
        if not more.any():
            return chances
        sure |= more
