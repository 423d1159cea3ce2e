"""What a fitted thing may remember: nothing that fewer than 11 entities share.

Used by every codec of :mod:`riskgen.data`; knows neither columns nor panels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMALLEST_GROUP = 11  # cell-size convention of CMS and EMA for published tables
DIGITS = 3  # significant digits that a stored quantile keeps [J]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def holders(codes: Ints, owners: Ints, n_codes: int) -> Ints:
    """Return how many entities hold each code, shape (n_codes,); negative codes are skipped."""
    kept = codes >= 0
    n_owners = int(owners.max()) + 1 if len(owners) else 1
    pairs = np.unique(codes[kept] * n_owners + owners[kept])
    return np.bincount(pairs // n_owners, minlength=n_codes).astype(np.int64)


def guarded_range(values: Floats, owners: Ints) -> tuple[float, float]:
    """Return bounds with at least 11 entities at or beyond each of them.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Whole numbers, no NaN.
    owners : ndarray of shape (n,), int64
        Entity of each value, not falling.

    Returns
    -------
    (float, float)
        Rounded inwards to three significant digits. With fewer than 11
        entities, or where the bounds cross, both are a rounded median.
    """
    if len(values) == 0:
        return 0.0, 0.0
    reached = shared_range(values, owners)
    if reached is None:
        return _rounded_median(values)
    low, high = round_up(reached[0]), -round_up(-reached[1])
    return (low, high) if low <= high else _rounded_median(values)


def shared_range(values: Floats, owners: Ints) -> tuple[float, float] | None:
    """Return the bounds of :func:`guarded_range` before rounding; None below 11 entities."""
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    if len(starts) < SMALLEST_GROUP:
        return None
    lowest = np.sort(np.minimum.reduceat(values, starts))[SMALLEST_GROUP - 1]
    highest = np.sort(np.maximum.reduceat(values, starts))[-SMALLEST_GROUP]
    return float(lowest), float(highest)


def shared_span(seconds: Floats, owners: Ints) -> tuple[float, float]:
    """Return two moments at or beyond which at least 11 entities have an event.

    The first and the last event of all belong to one customer each. With fewer
    than 11 entities the year of the median stands in. Parameters as of
    :func:`guarded_range`, in seconds since 1970.
    """
    reached = shared_range(seconds, owners)
    if reached is not None:
        return min(reached), max(reached)
    year = np.array([np.median(seconds)]).astype("M8[s]").astype("M8[Y]")
    first, after = ((year + n).astype("M8[s]").astype(np.float64)[0] for n in (0, 1))
    return float(first), float(after) - 1.0


def _rounded_median(values: Floats) -> tuple[float, float]:
    middle = float(round_significant(np.array([np.median(values)]))[0])
    return middle, middle


def round_significant(values: Floats, digits: int = DIGITS) -> Floats:
    """Round whole numbers to ``digits`` significant digits; small ones stay."""
    unit = _unit(values, digits)
    return np.round(values / unit) * unit


def round_up(value: float, digits: int = DIGITS) -> float:
    """Round one whole number up (towards plus infinity) to ``digits`` significant digits."""
    unit = float(_unit(np.array([value]), digits)[0])
    return float(np.ceil(value / unit) * unit)


def _unit(values: Floats, digits: int) -> Floats:
    size = np.floor(np.log10(np.maximum(np.abs(values), 1.0)))
    return np.asarray(np.power(10.0, np.maximum(size - digits + 1, 0.0)))
