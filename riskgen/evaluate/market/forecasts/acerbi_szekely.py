"""Tests of the expected shortfall (Acerbi and Szekely 2014), their laws simulated.

``Z1 = 1 - mean of loss / ES over the days beyond VaR`` asks whether losses beyond are as
large as stated; ``Z2 = 1 - sum of loss / ES over those days / (T a)`` also counts the
days. Both are 0 on average where the forecast is right and negative where it
understates risk. Their laws are those of losses drawn from the forecasts themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Hits = NDArray[np.bool_]

DRAWS = 4000  # a 0.5 % quantile then rests on twenty of them [J]
RULE = -0.70
"""Z2 of 250 days at 97.5 % below which 5 % of right forecasts fall, from the normal to a
t of 5 degrees (Acerbi and Szekely 2014); -0.81 with 3 degrees."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Z1 and Z2 of many series; Z1 is not a number where no day lies beyond.

    Attributes
    ----------
    z1, z2 : ndarray of shape (n,)
    """

    z1: Floats
    z2: Floats


@dataclass(frozen=True, eq=False)
class Imagined:
    """Days beyond value at risk as a law has them, for any forecast of as many days.

    The same days and ranks serve all forecasts, so that drawing costs once.

    Attributes
    ----------
    series, day, rank : ndarray of shape (n_beyond,)
        Number of the series, day in it, and place of the loss in the tail, 0 to 1.
    n, n_days : int
        Series, and days of each.
    share : float
        Stated share of days beyond.
    """

    series: NDArray[np.int64] = field(repr=False)
    day: NDArray[np.int64] = field(repr=False)
    rank: Floats = field(repr=False)
    n: int
    n_days: int
    share: float

    @classmethod
    def draw(
        cls, n_days: int, share: float, rng: np.random.Generator, chance: float | None = None
    ) -> Imagined:
        """Draw :data:`DRAWS` series; ``chance`` of a day beyond, the stated share by default."""
        hits = rng.random((DRAWS, n_days)) < (share if chance is None else chance)
        series, day = np.nonzero(hits)
        return cls(series, day, rng.random(len(series)), DRAWS, n_days, share)

    def scores(self, tail: NDArray[np.floating], larger: float = 1.0) -> Scores:
        """Return the scores where losses come from ``tail`` (n_days, n_points), ``larger`` times.

        ``tail`` holds losses over expected shortfall, as in :class:`Forecast`.
        """
        point = (self.rank * tail.shape[1]).astype(np.int64)
        ratio = larger * tail[self.day, point].astype(np.float64)
        total = np.bincount(self.series, ratio, minlength=self.n).astype(float)
        count = np.bincount(self.series, minlength=self.n).astype(float)
        return _scores(total, count, self.n_days * self.share)


def scores_of(hits: Hits, ratio: Floats, share: float) -> Scores:
    """Return Z1 and Z2 of realised days.

    Parameters
    ----------
    hits : ndarray of shape (n, n_days)
        Whether the loss was beyond the value at risk.
    ratio : ndarray of shape (n, n_days)
        Loss over expected shortfall.
    share : float
        Stated share of days beyond.
    """
    total, count = (hits * ratio).sum(axis=1), hits.sum(axis=1).astype(float)
    return _scores(total, count, hits.shape[1] * share)


def _scores(total: Floats, count: Floats, stated: float) -> Scores:
    mean = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
    return Scores(1.0 - mean, 1.0 - total / stated)


def p_value(score: float, null: Floats) -> float:
    """Return the chance of a score as low as this under the null hypothesis; 1 if unknown."""
    known = null[np.isfinite(null)]
    if not np.isfinite(score) or not len(known):
        return 1.0
    return float((1 + (known <= score).sum()) / (1 + len(known)))


def power(null: Floats, other: Floats, level: float) -> float:
    """Return how often scores of another law are rejected at ``level``."""
    known = np.sort(null[np.isfinite(null)])
    allowed = int(level * (1 + len(known))) - 1  # ranks whose p-value is at most the level
    if allowed < 0:
        return 0.0
    return float((other[np.isfinite(other)] < known[allowed]).sum() / len(other))
