"""Sums, shares and spans of inserted events by entity."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints


def counts(rank: Ints, count: int) -> Floats:
    """Return how often each of ``count`` entities occurs in ``rank``."""
    return np.bincount(rank, minlength=count).astype(np.float64)


def sums(rank: Ints, values: Flags | Floats | Ints, count: int) -> Floats:
    """Return the sum of ``values`` for each of ``count`` entities."""
    total = np.bincount(rank, values.astype(np.float64), minlength=count)
    return total.astype(np.float64)


def ratio(above: Floats, below: Floats) -> Floats:
    """Return ``above / below``; NaN where nothing is below."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)


def spans(rank: Ints, seconds: Floats, count: int) -> Floats:
    """Return the seconds from the first to the last event of each entity; NaN without events."""
    low, high = _ends(rank, seconds, count)
    return high - low


def middles(rank: Ints, seconds: Floats, count: int) -> Floats:
    """Return the time half-way from the first to the last event of each entity; NaN without."""
    low, high = _ends(rank, seconds, count)
    return (low + high) / 2


def _ends(rank: Ints, seconds: Floats, count: int) -> tuple[Floats, Floats]:
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, rank, seconds)
    np.maximum.at(high, rank, seconds)
    some = high >= low
    return np.where(some, low, np.nan), np.where(some, high, np.nan)


def distinct(rank: Ints, values: Ints, count: int) -> Floats:
    """Return how many different ``values`` each entity has."""
    pairs = np.unique(np.stack([rank, values], axis=1), axis=0)
    return counts(pairs[:, 0], count)


def medians(rank: Ints, values: Floats, count: int) -> Floats:
    """Return the median of ``values`` for each entity; NaN without any."""
    if len(values) == 0:
        return np.full(count, np.nan)
    ordered = values[np.lexsort((values, rank))]
    lengths = np.bincount(rank, minlength=count)
    starts, last = np.cumsum(lengths) - lengths, len(values) - 1
    low = np.minimum(starts + np.maximum(lengths - 1, 0) // 2, last)
    high = np.minimum(starts + lengths // 2, last)
    return np.where(lengths > 0, (ordered[low] + ordered[high]) / 2, np.nan)


def median_gaps(rank: Ints, seconds: Floats, count: int) -> Floats:
    """Return the median seconds between events of each entity; NaN below two events.

    ``rank`` and ``seconds`` are sorted by entity and time.
    """
    same = rank[1:] == rank[:-1]
    return medians(rank[1:][same], np.diff(seconds)[same], count)
