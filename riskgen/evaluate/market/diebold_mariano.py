"""Whether two forecasts of the same days differ in mean score.

Knows scores, not what they score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from riskgen.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DieboldMariano:
    """Whether two forecasts differ in mean score (Diebold and Mariano 1995).

    Attributes
    ----------
    difference : float
        Mean of first less second; below 0 the first is better.
    error : float
        Its standard error, by Newey and West (1987).
    statistic : float
        Standard normal where the two are equally good; 0 where they are the same.
    p_value : float
        Two-sided.
    lags : int
        Days of memory that the error allows for.
    n : int
        Days.
    """

    difference: float
    error: float
    statistic: float
    p_value: float
    lags: int
    n: int


def diebold_mariano(
    first: Sequence[Floats], second: Sequence[Floats], lags: int | None = None
) -> DieboldMariano:
    """Compare two series of scores of the same days.

    Parameters
    ----------
    first, second : sequences of ndarray of shape (n_days,)
        Scores of each unbroken stretch of days; no day is related to another stretch's.
    lags : int or None
        Days of memory; None takes ``4 (n / 100)^(2/9)`` (Newey and West 1994).

    Raises
    ------
    DataError
        When there are fewer than two days, or the stretches differ.
    """
    if [len(a) for a in first] != [len(b) for b in second] or sum(map(len, first)) < 2:
        raise DataError(
            f"Scores of the same two days or more are needed. Found {sum(map(len, first))} and "
            f"{sum(map(len, second))} days. Score both forecasts on the same returns."
        )
    parts = [a - b for a, b in zip(first, second, strict=True)]
    n = sum(len(part) for part in parts)
    kept = int(4 * (n / 100) ** (2 / 9)) if lags is None else lags
    mean = float(np.concatenate(parts).mean())
    error = float(np.sqrt(_long_run_variance([part - mean for part in parts], kept, n) / n))
    statistic = mean / error if error > 0 else 0.0
    p_value = float(2 * stats.norm.sf(abs(statistic)))
    return DieboldMariano(mean, error, statistic, p_value, kept, n)


def _long_run_variance(parts: Sequence[Floats], lags: int, n: int) -> float:
    # Bartlett's weights keep it above 0; products stay inside a stretch.
    total = sum(float(part @ part) for part in parts)
    for lag in range(1, lags + 1):
        products = sum(float(part[lag:] @ part[:-lag]) for part in parts if len(part) > lag)
        total += 2.0 * (1.0 - lag / (lags + 1)) * products
    return max(total, 0.0) / n
