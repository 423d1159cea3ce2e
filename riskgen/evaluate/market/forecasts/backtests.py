"""All tests of one forecast on the days that came, portfolio by portfolio.

The first portfolio decides, as was said before any day was seen; the others are
beside it to show whether it is a special case. Knows no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.forecasts.acerbi_szekely import Imagined, p_value, scores_of
from riskgen.evaluate.market.forecasts.coverage import (
    conditional_coverage,
    holm,
    independence,
    kupiec,
    transitions,
    years,
)
from riskgen.evaluate.market.forecasts.forecast import LEVELS, Forecast, stated
from riskgen.evaluate.market.forecasts.power import DOUBLED, coverage_powers, shortfall_powers
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Hits = NDArray[np.bool_]

TESTS = ("kupiec", "independence", "coverage", "z1", "z2")
SIGNIFICANCE = 0.05


@dataclass(frozen=True, eq=False)
class Backtest:
    """What the tests say of one forecast at one level.

    Attributes
    ----------
    level : float
        Of the value at risk.
    n_days : int
    beyond : int
        Days on which the first portfolio lost more.
    pairs : tuple of int
        How many of them a day followed, and how many of those days lie beyond too.
    statistics, p_values, powers : dict of str to float
        Of the first portfolio, by test; the powers are those of Bonferroni's correction,
        which Holm's is never below.
    adjusted : dict of str to float
        p-values by Holm over all tests and levels of this forecast.
    others : dict of str to int
        Other portfolios whose test rejects at 5 %, each by itself.
    n_others : int
    years : tuple of int
        Days beyond in each stretch of 250 days, the latest first.
    latest_z2 : float
        Z2 of the latest 250 days; not a number where there are fewer.
    """

    level: float
    n_days: int
    beyond: int
    pairs: tuple[int, int]
    statistics: dict[str, float]
    p_values: dict[str, float]
    powers: dict[str, float]
    adjusted: dict[str, float]
    others: dict[str, int]
    n_others: int
    years: tuple[int, ...]
    latest_z2: float


@dataclass(frozen=True, eq=False)
class Bench:
    """What all forecasts of the same days are tested with: drawn once.

    Attributes
    ----------
    gains : ndarray of shape (n_days, n_portfolios)
        What happened.
    null, doubled : list of Imagined
        At each of :data:`LEVELS`: days beyond as stated, and twice as many.
    counting : list of dict
        Power of the tests that count days, at each level.
    """

    gains: Floats
    null: list[Imagined]
    doubled: list[Imagined]
    counting: list[dict[str, float]]

    @classmethod
    def of(cls, gains: Floats, *, seed: int) -> Bench:
        """Return the bench for these days."""
        n_days, null, doubled, counting = len(gains), [], [], []
        for level in LEVELS:
            share = stated(level)
            rng = stream(seed, "market", "forecast", "null", str(level))
            null.append(Imagined.draw(n_days, share, rng))
            doubled.append(Imagined.draw(n_days, share, rng, DOUBLED * share))
            counting.append(coverage_powers(n_days, share, least_level(), seed))
        return cls(gains, null, doubled, counting)

    def tested(self, forecast: Forecast) -> list[Backtest]:
        """Return what the tests say of ``forecast``, one for each level."""
        found = [self._at(i, forecast) for i in range(len(LEVELS))]
        every = holm(np.array([one.p_values[name] for one in found for name in TESTS]))
        for one, adjusted in zip(found, every.reshape(len(found), -1), strict=True):
            one.adjusted.update(zip(TESTS, adjusted.tolist(), strict=True))
        return found

    def _at(self, i: int, forecast: Forecast) -> Backtest:
        share = stated(LEVELS[i])
        losses = -self.gains.T
        hits, ratio = losses > forecast.var[i].T, losses / forecast.es[i].T
        p_values, statistics = self._p_values(i, forecast, hits, ratio, share)
        first = hits[0]
        _, _, n10, n11 = transitions(first)
        stretches = years(first)
        latest = scores_of(hits[:1, -250:], ratio[:1, -250:], share).z2[0]
        shortfall = shortfall_powers(
            forecast.tail[i, :, 0], self.null[i], self.doubled[i], least_level()
        )
        return Backtest(
            LEVELS[i],
            len(first),
            int(first.sum()),
            (int(n10 + n11), int(n11)),
            {name: float(statistics[name][0]) for name in TESTS},
            {name: float(p_values[name][0]) for name in TESTS},
            {**self.counting[i], **shortfall},
            {},
            {name: int((p_values[name][1:] <= SIGNIFICANCE).sum()) for name in TESTS},
            len(hits) - 1,
            tuple(stretches),
            float(latest) if stretches else float("nan"),
        )

    def _p_values(
        self, i: int, forecast: Forecast, hits: Hits, ratio: Floats, share: float
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Return p-values and statistics of every portfolio, by test."""
        ratios = {
            "kupiec": kupiec(hits.sum(axis=1), hits.shape[1], share),
            "independence": independence(hits),
            "coverage": conditional_coverage(hits, share),
        }
        scores = scores_of(hits, ratio, share)
        nulls = [self.null[i].scores(forecast.tail[i, :, k]) for k in range(len(hits))]
        p_values = {name: one.p_value for name, one in ratios.items()}
        statistics = {name: one.statistic for name, one in ratios.items()}
        for name, found in (("z1", scores.z1), ("z2", scores.z2)):
            laws = [getattr(null, name) for null in nulls]
            pairs = zip(found.tolist(), laws, strict=True)
            p_values[name] = np.array([p_value(score, law) for score, law in pairs])
            statistics[name] = found
        return p_values, statistics


def least_level() -> float:
    """Return the p-value at which Bonferroni rejects one of all tests at all levels."""
    return SIGNIFICANCE / (len(TESTS) * len(LEVELS))
