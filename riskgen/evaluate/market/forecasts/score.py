"""Whose one-day value at risk and expected shortfall fit the days that came better.

FZ0 (Patton, Ziegel and Chen 2019) of each day, compared by Diebold and Mariano's
test; tests of coverage alone cannot rank two forecasts that both pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.diebold_mariano import DieboldMariano, diebold_mariano
from riskgen.evaluate.market.elicitability import fz0
from riskgen.evaluate.market.forecasts.forecast import LEVELS, Forecast, stated

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """Mean scores of all forecasts, and each against each.

    Attributes
    ----------
    daily : dict of str to ndarray of shape (n_levels, n_days)
        FZ0 by forecast, mean over portfolios; lower is better.
    lags : int
        Days of memory that the comparisons allow for.
    """

    daily: dict[str, Floats]
    lags: int

    @classmethod
    def of(cls, forecasts: Mapping[str, Forecast], gains: Floats, lags: int) -> Scored:
        """Score forecasts of ``gains`` (n_days, n_portfolios).

        Raises
        ------
        NotApplicable
            When a forecast states an expected shortfall that is no loss.
        """
        daily = {
            name: np.stack(
                [
                    fz0(gains, forecast.var[i], forecast.es[i], stated(level)).mean(axis=1)
                    for i, level in enumerate(LEVELS)
                ]
            )
            for name, forecast in forecasts.items()
        }
        return cls(daily, lags)

    def mean(self, name: str, level: int) -> float:
        """Return the mean score of a forecast at a level's place."""
        return float(self.daily[name][level].mean())

    def against(self, name: str, other: str, level: int) -> DieboldMariano:
        """Return whether ``name`` differs from ``other``; below 0 it is better."""
        first, second = self.daily[name][level], self.daily[other][level]
        return diebold_mariano([first], [second], lags=self.lags)

    def best(self, level: int, without: str) -> str:
        """Return the forecast of the lowest mean score, one left out."""
        names = [name for name in self.daily if name != without]
        return min(names, key=lambda name: self.mean(name, level))
