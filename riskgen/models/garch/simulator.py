"""Draws paths: volatility, what drives it, and where it may begin.

Vectorised over paths and assets; knows neither panels nor how things were found.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats
from riskgen.models.garch.shocks import FilteredShocks, Shocks, shocks_from
from riskgen.models.garch.volatility import Volatility
from riskgen.models.tilting import Picks

CEILING = 4.0
"""Most that a simulated variance may be, in multiples of the asset's largest filtered
one: twice the worst volatility of history [J]. Fitted fourth moments are often
infinite, and one path could otherwise outgrow all others."""


@dataclass(frozen=True, eq=False)
class Simulator:
    """A fitted GARCH, ready to draw.

    Attributes
    ----------
    volatility : Volatility
    shocks : Shocks
    variances : ndarray of shape (n_days, n_assets)
        Filtered variances of history. A path begins in one of these days, all
        assets together: calm years and crises as often as they were.
    start : ndarray of shape (n_days, n_assets) or None
        The days to begin in, where a caller chose them; never stored.
    chances : ndarray of shape (n_days,) or None
        Of each day's residuals, where a caller tilted them; never stored.
    """

    volatility: Volatility
    shocks: Shocks
    variances: Floats = field(repr=False)
    start: Floats | None = field(default=None, repr=False)
    chances: Floats | None = field(default=None, repr=False)

    def after(self, values: Floats) -> Self:
        """Return the same; paths go on from ``values`` of shape (n_days, n_assets)."""
        return replace(self, start=self.starts_after(values[None]))

    def starts_after(self, pasts: Floats) -> Floats:
        """Return the variances after each of (n_pasts, n_days, n_assets), (n_pasts, n_assets)."""
        return np.minimum(self.volatility.following(pasts), self._ceiling)

    def within(self, quantile: float) -> Self:
        """Return the same; paths begin on history's days above a quantile of volatility."""
        level = np.log(self.variances).mean(axis=1)
        return replace(self, start=self.variances[level >= np.quantile(level, quantile)])

    def draw(self, n: int, steps: int, rng: np.random.Generator) -> Floats:
        """Return values of shape (n, steps, n_assets)."""
        variance = self._begin(n, rng)
        return self._driven(variance, self.shocks.draw(n, steps, rng))

    def draw_told(self, n: int, steps: int, rng: np.random.Generator) -> tuple[Floats, Picks]:
        """Return values as :meth:`draw`, and the day whose residuals each is driven by."""
        assert isinstance(self.shocks, FilteredShocks)
        variance = self._begin(n, rng)
        picks = self.shocks.pick(n, steps, rng, self.chances)
        return self._driven(variance, self.shocks.residuals[picks]), picks

    def days(self) -> Floats:
        """Return what each day's residuals bring in a usual market, (n_days, n_assets)."""
        assert isinstance(self.shocks, FilteredShocks)
        usual = np.sqrt(self.variances.mean(axis=0))
        return np.asarray(self.volatility.mean + usual * self.shocks.residuals)

    def _begin(self, n: int, rng: np.random.Generator) -> Floats:
        start = self.variances if self.start is None else self.start
        return start[rng.integers(len(start), size=n)]

    def _driven(self, variance: Floats, values: Floats) -> Floats:
        """Turn shocks into values, in place."""
        ceiling = self._ceiling
        for step in range(values.shape[1]):
            surprise = np.sqrt(variance) * values[:, step]
            values[:, step] = surprise + self.volatility.mean
            variance = np.minimum(self.volatility.next(variance, surprise), ceiling)
        return values

    @property
    def _ceiling(self) -> Floats:
        return np.asarray(CEILING * self.variances.max(axis=0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays that :meth:`from_arrays` takes back."""
        own = {"variances": self.variances}
        return own | self.volatility.arrays() | self.shocks.arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the simulator whose arrays these are."""
        volatility = Volatility.from_arrays(arrays)
        return cls(volatility, shocks_from(arrays), arrays["variances"])
