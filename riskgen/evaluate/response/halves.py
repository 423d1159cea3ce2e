"""Customers in two halves: on one a response is chosen, on the other it is reported.

What is best of hundreds looks better than it is (the winner's curse); on customers that
had no part in the choice it does not. Knows customers and sums, not responses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import percentile_interval, resampling_weights
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DRAWS = 400  # resampled sets of customers: the 2.5 % quantile rests on ten of them [J]


@dataclass(frozen=True, eq=False)
class Half:
    """Half of the customers, and how often each of them is drawn for intervals.

    Attributes
    ----------
    members : ndarray of shape (n_customers,), bool
    weights : ndarray of shape (n_draws, n_customers)
        0 outside; the same draws for everything that is measured, so that two
        responses are compared on the same customers.
    """

    members: Flags = field(repr=False)
    weights: Floats = field(repr=False)

    def take(self, customers: Ints) -> Half:
        """Return the same half of some of the customers."""
        return Half(self.members[customers], self.weights[:, customers])

    def share(self, parts: Floats, whole: Floats) -> tuple[float, Floats]:
        """Return the sum of ``parts`` by that of ``whole``, and the same of each draw.

        Parameters
        ----------
        parts, whole : ndarray of shape (n_customers,)
            NaN is returned where nothing is there to divide by.
        """
        counted = self.members.astype(np.float64)
        value = _ratio(counted @ parts, counted @ whole)
        return float(value), _ratio(self.weights @ parts, self.weights @ whole)

    def shares(self, parts: Floats, whole: Floats) -> Floats:
        """Return the ratio for each row of ``parts``, shape (n_policies,); no draws."""
        counted = self.members.astype(np.float64)
        return np.asarray(_ratio(parts @ counted, whole @ counted))

    def estimate(self, parts: Floats, whole: Floats, scale: float = 1.0) -> Estimate:
        """Return a ratio with its interval over customers; n are those who count in it."""
        value, drawn = self.share(parts, whole)
        n = int(((whole > 0) & self.members).sum())
        return percentile_interval(value * scale, drawn * scale, n=n)

    def median(self, values: Floats) -> Estimate:
        """Return the median with its interval; inf stands for "never" and may come out."""
        inside = np.flatnonzero(self.members)
        if len(inside) == 0:
            return Estimate(float("nan"), n=0)
        order = inside[np.argsort(values[inside], kind="stable")]
        ordered, weights = values[order], self.weights[:, order]
        value = _middle(ordered, np.ones((1, len(order))))[0]
        drawn = np.sort(_middle(ordered, weights))
        # Quantiles by rank: an interpolation would make inf of what is not.
        lower, upper = (drawn[round(q * (len(drawn) - 1))] for q in (0.025, 0.975))
        return Estimate(float(value), float(lower), float(upper), n=len(inside))


def halves(n_customers: int, seed: int) -> tuple[Half, Half]:
    """Return the half to choose on and the half to report on.

    Parameters
    ----------
    n_customers : int
        At least 4.
    seed : int
        Same seed, same halves.
    """
    order = stream(seed, "response", "halves").permutation(n_customers)
    middle = n_customers // 2
    parts = {"choose": order[:middle], "report": order[middle:]}
    first, second = (_half(n_customers, name, who, seed) for name, who in parts.items())
    return first, second


def _half(n_customers: int, name: str, who: Ints, seed: int) -> Half:
    members = np.zeros(n_customers, dtype=bool)
    members[who] = True
    weights = np.zeros((DRAWS, n_customers))
    rng = stream(seed, "response", "draws", name)
    weights[:, np.sort(who)] = resampling_weights(len(who), DRAWS, rng)
    return Half(members, weights)


def _ratio(parts: Floats, whole: Floats) -> Floats:
    known = np.asarray(whole) > 0
    return np.where(known, parts / np.where(known, whole, 1.0), np.nan)


def _middle(ordered: Floats, weights: Floats) -> Floats:
    """Return the lower weighted median of increasing values for each row of weights."""
    below = np.cumsum(weights, axis=1)
    place = (below < 0.5 * below[:, -1:] - 1e-9).sum(axis=1)
    return np.asarray(ordered[np.minimum(place, len(ordered) - 1)])
