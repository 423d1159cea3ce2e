"""Value at risk and expected shortfall of weighted losses, with intervals.

Knows losses and weights, not portfolios.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskgen.seeding import stream
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.portfolios.shortfall import tail_ends, tail_means

LEVELS = (0.95, 0.975, 0.99)
"""Basel II took 99 % for VaR, MAR33 takes 97.5 % for expected shortfall; 95 % is usual inside."""

DRAWS = 500  # of the bootstrap: a 2.5 % quantile then rests on a dozen [J]


@dataclass(frozen=True)
class TailRisk:
    """VaR and expected shortfall at one level, losses counted positive.

    Attributes
    ----------
    level : float
        Confidence, such as 0.99.
    var, es : float
        Estimates.
    var_interval, es_interval : tuple of float
        95 %, by resampling paths.
    """

    level: float
    var: float
    es: float
    var_interval: tuple[float, float]
    es_interval: tuple[float, float]

    def facts(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "level": self.level,
            "var": self.var,
            "var_interval": list(self.var_interval),
            "es": self.es,
            "es_interval": list(self.es_interval),
        }


def tail_risks(losses: Floats, weights: Floats, *, seed: int) -> list[TailRisk]:
    """Return VaR and expected shortfall at each level of :data:`LEVELS`.

    The intervals say how far other paths of the same generator would move the figures,
    not how right the generator is. Each path is drawn again a Poisson number of times
    (Hanley & MacGibbon 2006), so that the losses are sorted once.

    Parameters
    ----------
    losses, weights : ndarray of shape (n_paths,)
        Losses, gains below 0; weights of any scale.
    seed : int
        Names the resamples.
    """
    order = np.argsort(-losses, kind="stable")
    gains, weights = -losses[order], weights[order]
    rng = stream(seed, "portfolio", "bootstrap")
    found = _tails(gains, weights)
    drawn = []
    for _ in range(DRAWS):
        again = weights * rng.poisson(1.0, len(weights))
        drawn.append(_tails(gains, again if again.any() else weights))
    bounds = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    low, high = bounds.tolist()
    return [
        TailRisk(level, var, es, (low[i][0], high[i][0]), (low[i][1], high[i][1]))
        for i, (level, (var, es)) in enumerate(zip(LEVELS, found.tolist(), strict=True))
    ]


def _tails(gains: Floats, weights: Floats) -> Floats:
    """Return VaR and expected shortfall of increasing gains at each level, (n_levels, 2)."""
    wanted = (1.0 - np.array(LEVELS)) * weights.sum()
    cumulated = np.broadcast_to(np.cumsum(weights), (len(LEVELS), len(gains)))
    ends = tail_ends(cumulated, wanted)
    every = np.broadcast_to(weights, cumulated.shape)
    means = tail_means(gains[:, None], every, ends, wanted)[:, 0]
    return -np.column_stack([gains[ends], means])


def weighted_quantile(values: Floats, weights: Floats, level: float) -> float:
    """Return the smallest value that at least ``level`` of the weight does not exceed."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    at = min(int(np.searchsorted(below, level - 1e-12)), len(values) - 1)
    return float(values[order][at])
