"""What drives a path: residual vectors of real days, or a correlated t in their place.

Both have mean 0 and unit variance in every asset. Knows no volatility.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats
from riskgen.models.tilting import Picks, picked

FEWEST_DEGREES = 2.1
"""Degrees of freedom below which a t has hardly a variance; arch stops at 2.05 [J]."""


class Shocks(Protocol):
    """Draws the standardised surprise of every asset on every day of every path."""

    def draw(self, n: int, steps: int, rng: np.random.Generator) -> Floats:
        """Return shocks of shape (n, steps, n_assets)."""

    def fallen(self) -> Floats:
        """Return the mean square of negative shocks, zeros for the others, (n_assets,)."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :func:`shocks_from` takes back."""


@dataclass(frozen=True, eq=False)
class FilteredShocks:
    """Filtered historical simulation (Barone-Adesi, Giannopoulos and Vosper 1999).

    A day's vector is drawn whole, so tails and the dependence of assets stay as
    they were.

    Attributes
    ----------
    residuals : ndarray of shape (n_days, n_assets)
        Market data: real days, divided by their volatility.
    """

    residuals: Floats = field(repr=False)

    def draw(self, n: int, steps: int, rng: np.random.Generator) -> Floats:
        """Return shocks of shape (n, steps, n_assets)."""
        return np.asarray(self.residuals[self.pick(n, steps, rng)])

    def pick(
        self, n: int, steps: int, rng: np.random.Generator, chances: Floats | None = None
    ) -> Picks:
        """Return the day that each shock is of, (n, steps); all equally likely without chances."""
        if chances is None:
            return rng.integers(len(self.residuals), size=(n, steps))
        return picked(chances, n, steps, rng)

    def fallen(self) -> Floats:
        """Return the mean square of negative shocks, shape (n_assets,)."""
        return np.asarray((np.minimum(self.residuals, 0.0) ** 2).mean(axis=0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays."""
        return {"shocks/residuals": self.residuals}


@dataclass(frozen=True, eq=False)
class StudentShocks:
    """A multivariate t of unit variances: one day's size is common to all assets.

    Attributes
    ----------
    factor : ndarray of shape (n_assets, n_assets)
        Lower Cholesky factor of the correlations.
    degrees : float
        Degrees of freedom, above 2.
    """

    factor: Floats = field(repr=False)
    degrees: float

    @classmethod
    def fit(cls, residuals: Floats, degrees: Floats) -> Self:
        """Learn from residuals (n_days, n_assets) and each asset's degrees (n_assets,).

        Correlations are shrunk (Ledoit and Wolf 2004), so that they are of full
        rank with fewer days than assets; the median asset gives the degrees.
        """
        from sklearn.covariance import ledoit_wolf

        covariance = ledoit_wolf(residuals, assume_centered=True)[0]
        scale = np.sqrt(np.diag(covariance))
        chosen = max(float(np.median(degrees)), FEWEST_DEGREES)
        return cls(np.linalg.cholesky(covariance / np.outer(scale, scale)), chosen)

    def draw(self, n: int, steps: int, rng: np.random.Generator) -> Floats:
        """Return shocks of shape (n, steps, n_assets)."""
        normal = rng.standard_normal((n, steps, len(self.factor))) @ self.factor.T
        size = rng.chisquare(self.degrees, (n, steps, 1)) / (self.degrees - 2.0)
        return np.asarray(normal / np.sqrt(size))

    def fallen(self) -> Floats:
        """Return the mean square of negative shocks: half, by symmetry."""
        return np.full(len(self.factor), 0.5)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays."""
        return {"shocks/factor": self.factor, "shocks/degrees": np.array([self.degrees])}


def shocks_from(arrays: dict[str, NDArray[Any]]) -> Shocks:
    """Return the shocks whose arrays these are."""
    if "shocks/residuals" in arrays:
        return FilteredShocks(arrays["shocks/residuals"])
    return StudentShocks(arrays["shocks/factor"], float(arrays["shocks/degrees"][0]))
