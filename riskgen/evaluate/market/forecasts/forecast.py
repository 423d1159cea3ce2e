"""Value at risk and expected shortfall of the next day, and what lies beyond them.

Knows gains of portfolios, not who forecasts. Losses are positive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.simulate.portfolios.shortfall import lowest_means

Floats = NDArray[np.float64]
Single = NDArray[np.float32]

LEVELS = (0.975, 0.99)
"""MAR33 takes 97.5 % for expected shortfall, MAR99 counts days beyond VaR at 99 %."""

POINTS = 40  # of a tail that are kept: enough to draw losses beyond the value at risk from [J]


def stated(level: float) -> float:
    """Return the share of days that a value at risk at ``level`` says are beyond it."""
    return round(1.0 - level, 10)


@dataclass(frozen=True, eq=False)
class Tails:
    """Tails of several series of gains, at each of :data:`LEVELS`.

    Attributes
    ----------
    var, es : ndarray of shape (n_levels, ...)
        Losses.
    points : ndarray of shape (n_levels, ..., POINTS)
        Losses beyond the value at risk at even chances, largest first.
    """

    var: Floats = field(repr=False)
    es: Floats = field(repr=False)
    points: Floats = field(repr=False)

    def moved(self, scale: Floats, mean: Floats) -> Tails:
        """Return the tails of ``mean + scale × gains``; both broadcast against a level's."""
        points = self.points * scale[..., None] - mean[..., None]
        return Tails(self.var * scale - mean, self.es * scale - mean, points)


@dataclass(frozen=True, eq=False)
class Forecast:
    """What was forecast for each day, each portfolio and each of :data:`LEVELS`.

    Attributes
    ----------
    var, es : ndarray of shape (n_levels, n_days, n_portfolios)
        Losses, as shares of the value.
    tail : ndarray of shape (n_levels, n_days, n_portfolios, POINTS)
        Losses beyond the value at risk over the expected shortfall: mean 1.
    """

    var: Floats = field(repr=False)
    es: Floats = field(repr=False)
    tail: Single = field(repr=False)

    @classmethod
    def of(cls, tails: Tails) -> Forecast:
        """Return the forecast that states these tails, each (n_levels, n_days, n_portfolios)."""
        mean = tails.points.mean(axis=-1, keepdims=True)
        return cls(tails.var, tails.es, (tails.points / mean).astype(np.float32))

    @classmethod
    def from_draws(cls, draws: Iterable[Floats], weights: Floats) -> Forecast:
        """Return the forecast of a generator from what it draws for each day.

        Parameters
        ----------
        draws : iterable of ndarray of shape (n, n_assets)
            Log returns that may follow, one array a day.
        weights : ndarray of shape (n_portfolios, n_assets)
        """
        days = [tails_of(np.expm1(drawn) @ weights.T) for drawn in draws]
        var, es, points = (
            np.stack([getattr(day, name) for day in days], axis=1)
            for name in ("var", "es", "points")
        )
        return cls.of(Tails(var, es, points))


def tails_of(gains: Floats) -> Tails:
    """Return the tails of samples of gains, (n, ...), equally likely along the first axis.

    The quantile is that of Weibull (1939), of which the next draw of the same law falls
    short with a chance of the share itself, however few draws there are; the mean is
    that of Acerbi and Tasche (2002).
    """
    n = len(gains)
    kept = min(n, int(np.ceil(max(map(stated, LEVELS)) * (n + 1))) + 2)
    low = np.sort(np.partition(gains, kept - 1, axis=0)[:kept], axis=0)
    found = [_tail(low, n, stated(level)) for level in LEVELS]
    var, es, points = (np.stack(part) for part in zip(*found, strict=True))
    return Tails(var, es, points)


def _tail(low: Floats, n: int, share: float) -> tuple[Floats, Floats, Floats]:
    place = max(share * (n + 1) - 1.0, 0.0)
    first = int(place)
    quantile = low[first] + (place - first) * (low[first + 1] - low[first])
    chances = (np.arange(POINTS) + 0.5) / POINTS
    rows = np.minimum((share * n * chances).astype(np.int64), len(low) - 1)
    points = np.moveaxis(low[rows], 0, -1)
    # Of no more values than the whole sample's share: the lowest stand for all of them.
    shortfall = lowest_means(low, share * n / len(low))
    return -quantile, -shortfall, -points
