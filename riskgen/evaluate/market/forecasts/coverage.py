"""Tests of how many days lie beyond the value at risk, and whether they come together.

All take days of zeros and ones, many series at once. Knows no forecasts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import xlogy

Floats = NDArray[np.float64]
Hits = NDArray[np.bool_]

YEAR = 250  # days that the traffic light looks back (Basel MAR99)
YELLOW, RED = 5, 10  # days beyond VaR at 99 % in 250 from which a zone begins (Basel MAR99)


@dataclass(frozen=True, eq=False)
class Ratio:
    """Likelihood ratios and their p-values, one for each series.

    Attributes
    ----------
    statistic, p_value : ndarray of shape (...)
        Asymptotically chi-squared under the null hypothesis.
    """

    statistic: Floats
    p_value: Floats

    @classmethod
    def of(cls, statistic: Floats, degrees: int) -> Ratio:
        """Return the ratio with the p-value of a chi-squared law."""
        kept = np.maximum(statistic, 0.0)
        return cls(kept, np.asarray(stats.chi2.sf(kept, degrees)))


def kupiec(beyond: NDArray[np.int64], days: int, share: float) -> Ratio:
    """Test whether as many days lie beyond as were stated (Kupiec 1995, proportion of failures).

    ``-2 ln [(1-p)^(T-x) p^x / ((1-x/T)^(T-x) (x/T)^x)]``, chi-squared with one degree.

    Parameters
    ----------
    beyond : ndarray of shape (...)
        Days beyond the value at risk.
    days : int
        All days, T.
    share : float
        Stated share, p.
    """
    within, found = days - beyond, beyond / days
    null = xlogy(within, 1.0 - share) + xlogy(beyond, share)
    free = xlogy(within, 1.0 - found) + xlogy(beyond, found)
    return Ratio.of(-2.0 * (null - free), 1)


def independence(hits: Hits) -> Ratio:
    """Test whether a day beyond changes the chance of the next (Christoffersen 1998).

    First-order Markov chain against independent days, chi-squared with one degree.

    Parameters
    ----------
    hits : ndarray of shape (..., n_days)
    """
    n00, n01, n10, n11 = transitions(hits)
    together = (n01 + n11) / np.maximum(n00 + n01 + n10 + n11, 1.0)
    calm, after = n01 / np.maximum(n00 + n01, 1.0), n11 / np.maximum(n10 + n11, 1.0)
    null = xlogy(n00 + n10, 1.0 - together) + xlogy(n01 + n11, together)
    free = xlogy(n00, 1.0 - calm) + xlogy(n01, calm) + xlogy(n10, 1.0 - after) + xlogy(n11, after)
    return Ratio.of(-2.0 * (null - free), 1)


def conditional_coverage(hits: Hits, share: float) -> Ratio:
    """Test both at once (Christoffersen 1998): the sum, chi-squared with two degrees."""
    uncovered = kupiec(hits.sum(axis=-1), hits.shape[-1], share)
    return Ratio.of(uncovered.statistic + independence(hits).statistic, 2)


def transitions(hits: Hits) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how often 00, 01, 10 and 11 follow each other, each of shape (...)."""
    before, after = hits[..., :-1], hits[..., 1:]
    n11 = (before & after).sum(axis=-1).astype(float)
    n01 = after.sum(axis=-1) - n11
    n10 = before.sum(axis=-1) - n11
    return before.shape[-1] - n01 - n10 - n11, n01, n10, n11


def zone(beyond: int) -> str:
    """Return the zone of Basel's traffic light for days beyond VaR at 99 % among 250 (MAR99)."""
    if beyond >= RED:
        return "red"
    return "yellow" if beyond >= YELLOW else "green"


def years(hits: Hits) -> list[int]:
    """Return days beyond in each whole stretch of 250 days, the latest first."""
    whole = len(hits) // YEAR
    latest = hits[len(hits) - whole * YEAR :]
    return [int(part.sum()) for part in latest.reshape(whole, YEAR)[::-1]]


def holm(p_values: Floats) -> Floats:
    """Return p-values adjusted for their number (Holm 1979), shape (n,)."""
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
