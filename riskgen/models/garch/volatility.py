"""How a day's surprise moves the next day's variance, for many assets at once.

Numpy only; the same recursion filters history and drives simulation. Knows
neither how the coefficients were found nor what is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats

BACKCAST_DAYS, BACKCAST_DECAY = 75, 0.94
"""Days, and weight of the day before, for the variance before a segment: RiskMetrics
(1996), as the package ``arch`` has it."""

_HALF = np.array(0.5)  # a loss or a gain


@dataclass(frozen=True, eq=False)
class Volatility:
    """One GJR-GARCH(1,1) for each asset; ``gamma`` of 0 is GARCH(1,1).

    ``h' = omega + (alpha + gamma · [e < 0]) · e² + beta · h`` with ``e`` the value
    less its mean (Bollerslev 1986; Glosten, Jagannathan and Runkle 1993).

    Attributes
    ----------
    mean, omega, alpha, gamma, beta : ndarray of shape (n_assets,)
        In the units of the panel (``omega`` in their square).
    """

    mean: Floats = field(repr=False)
    omega: Floats = field(repr=False)
    alpha: Floats = field(repr=False)
    gamma: Floats = field(repr=False)
    beta: Floats = field(repr=False)

    def next(self, variance: Floats, surprise: Floats) -> Floats:
        """Return the variances after surprises, both of shape (n, n_assets)."""
        news = self.alpha + self.gamma * (surprise < 0.0)
        return np.asarray(self.omega + news * surprise * surprise + self.beta * variance)

    def persistence(self, fallen: Floats) -> Floats:
        """Return what is left on average of an excess of variance a day later, (n_assets,).

        Parameters
        ----------
        fallen : ndarray of shape (n_assets,)
            Mean square of the negative shocks of unit variance that drive the
            paths; 0.5 where they are symmetric. Variance stays finite below 1.
        """
        return self.alpha + self.gamma * fallen + self.beta

    def targeted(self, mean: Floats, variance: Floats, fallen: Floats) -> Self:
        """Return the same weights around ``mean``, with ``variance`` in the long run."""
        omega = variance * (1.0 - self.persistence(fallen))
        return replace(self, mean=mean, omega=omega)

    def without(self, assets: NDArray[np.bool_]) -> Self:
        """Return the same with no reaction and no memory in the named assets."""
        kept = ~assets
        return replace(
            self, alpha=kept * self.alpha, gamma=kept * self.gamma, beta=kept * self.beta
        )

    def filtered(self, values: Floats, offsets: NDArray[np.int64]) -> Floats:
        """Return the variance of each day given the days before in its segment.

        Every segment starts anew from a weighted mean of its own first squares.

        Parameters
        ----------
        values : ndarray of shape (n_days, n_assets)
        offsets : ndarray of shape (n_segments + 1,)
        """
        surprise = values - self.mean
        variances = np.empty_like(surprise)
        for first, last in pairwise(offsets):
            if last > first:
                # As arch has it: the day before had this variance and this square.
                before = backcast(surprise[first:last])
                variance = self.omega + self.persistence(_HALF) * before
                for day in range(first, last):
                    variances[day] = variance
                    variance = self.next(variance, surprise[day])
        return variances

    def following(self, pasts: Floats) -> Floats:
        """Return the variance after each past, filtered as :meth:`filtered` does.

        Parameters
        ----------
        pasts : ndarray of shape (n_pasts, n_days, n_assets), at least one day

        Returns
        -------
        ndarray of shape (n_pasts, n_assets)
        """
        surprise = pasts - self.mean
        before = np.stack([backcast(past) for past in surprise])
        variance = self.omega + self.persistence(_HALF) * before
        for day in range(pasts.shape[1]):
            variance = self.next(variance, surprise[:, day])
        return variance

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the coefficients as named arrays."""
        names = ("mean", "omega", "alpha", "gamma", "beta")
        return {f"volatility/{name}": getattr(self, name) for name in names}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the coefficients that :meth:`arrays` wrote."""
        names = ("mean", "omega", "alpha", "gamma", "beta")
        return cls(*(arrays[f"volatility/{name}"] for name in names))


def backcast(surprise: Floats) -> Floats:
    """Return the variance before a segment's first day, shape (n_assets,).

    Parameters
    ----------
    surprise : ndarray of shape (n_days, n_assets), at least one day
    """
    first = surprise[:BACKCAST_DAYS]
    weights = BACKCAST_DECAY ** np.arange(len(first))
    return np.asarray((weights / weights.sum()) @ (first * first))
