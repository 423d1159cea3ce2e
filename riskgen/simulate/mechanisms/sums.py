"""Sums, shares and spans of inserted events by entity."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints


def sums(rank: Ints, values: Flags | Floats | Ints, count: int) -> Floats:
    """Return the sum of ``values`` for each of ``count`` entities."""
    total = np.bincount(rank, values.astype(np.float64), minlength=count)
    return total.astype(np.float64)


def ratio(above: Floats, below: Floats) -> Floats:
    """Return ``above / below``; NaN where nothing is below."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)


def spans(rank: Ints, seconds: Floats, count: int) -> Floats:
    """Return the seconds from the first to the last event of each entity; NaN without events."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, rank, seconds)
    np.maximum.at(high, rank, seconds)
    some = high >= low
    return np.where(some, np.where(some, high, 0.0) - np.where(some, low, 0.0), np.nan)


def median_gaps(rank: Ints, seconds: Floats, count: int) -> Floats:
    """Return the median seconds between events of each entity; NaN below two events.

    ``rank`` and ``seconds`` are sorted by entity and time.
    """
    same = rank[1:] == rank[:-1]
    gap, owner = np.diff(seconds)[same], rank[1:][same]
    gap = gap[np.lexsort((gap, owner))]
    counts = np.bincount(owner, minlength=count)
    starts = np.cumsum(counts) - counts
    if len(gap) == 0:
        return np.full(count, np.nan)
    last = len(gap) - 1
    low = np.minimum(starts + np.maximum(counts - 1, 0) // 2, last)
    high = np.minimum(starts + counts // 2, last)
    return np.where(counts > 0, (gap[low] + gap[high]) / 2, np.nan)
