"""How likely each test is to reject a forecast that is wrong in a stated way.

A test that passes and would have passed a wrong forecast as well says nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from riskgen.evaluate.market.forecasts.acerbi_szekely import Imagined
from riskgen.evaluate.market.forecasts.acerbi_szekely import power as rejected
from riskgen.evaluate.market.forecasts.coverage import (
    YEAR,
    YELLOW,
    Ratio,
    conditional_coverage,
    independence,
    kupiec,
)
from riskgen.seeding import stream

NEEDED = 0.5  # [J] a test that misses its alternative more often than not decides nothing
SERIES = 1000  # simulated under an alternative; the power is then within .03 [J]
DOUBLED = 2.0  # [J] days beyond, as multiples of what was stated
CLUSTERED = 5.0  # [J] chance of a day beyond after another, as a multiple of what was stated
LARGER = 1.25  # [J] losses beyond the value at risk, as multiples of what was stated

ALTERNATIVES = {
    "kupiec": "twice as many days beyond as stated",
    "independence": "a day beyond five times as likely after another",
    "coverage": "twice as many days beyond as stated",
    "z1": "losses beyond a quarter larger than stated",
    "z2": "twice as many days beyond as stated",
}


def coverage_powers(n_days: int, share: float, level: float, seed: int) -> dict[str, float]:
    """Return the power of the tests that count days, by test.

    Parameters
    ----------
    n_days : int
        Days of the backtest.
    share : float
        Stated share of days beyond.
    level : float
        p-value at which a test rejects.
    seed : int
        Same seed, same powers.
    """
    rng = stream(seed, "market", "forecast", "power", str(share))
    clustered = markov_hits(n_days, share, CLUSTERED * share, rng)
    doubled = rng.random((SERIES, n_days)) < DOUBLED * share

    def rejects(test: Callable[[], Ratio]) -> float:
        return float((test().p_value <= level).mean())

    return {
        "kupiec": kupiec_power(n_days, share, level),
        "independence": rejects(lambda: independence(clustered)),
        "coverage": rejects(lambda: conditional_coverage(doubled, share)),
    }


def kupiec_power(n_days: int, share: float, level: float) -> float:
    """Return the exact chance that Kupiec's test rejects where twice the days lie beyond."""
    counts = np.arange(n_days + 1)
    rejected_at = kupiec(counts, n_days, share).p_value <= level
    return float(stats.binom.pmf(counts, n_days, DOUBLED * share)[rejected_at].sum())


def zone_power() -> float:
    """Return the chance of leaving the green zone in 250 days where 2 % lie beyond VaR at 99 %."""
    return float(stats.binom.sf(YELLOW - 1, YEAR, DOUBLED * 0.01))


def shortfall_powers(
    tail: NDArray[np.floating], null: Imagined, doubled: Imagined, level: float
) -> dict[str, float]:
    """Return the power of Acerbi and Szekely's tests against the forecast's own tail made worse.

    Parameters
    ----------
    tail : ndarray of shape (n_days, n_points)
        Losses over expected shortfall.
    null, doubled : Imagined
        Days beyond as stated, and twice as many.
    level : float
        p-value at which a test rejects.
    """
    right, deeper, more = null.scores(tail), null.scores(tail, LARGER), doubled.scores(tail)
    return {"z1": rejected(right.z1, deeper.z1, level), "z2": rejected(right.z2, more.z2, level)}


def markov_hits(
    n_days: int, share: float, after: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return days beyond that follow each other with chance ``after``, (SERIES, n_days).

    Their share in the long run is ``share``.
    """
    otherwise = share * (1.0 - after) / (1.0 - share)
    uniform = rng.random((SERIES, n_days))
    hits = np.empty((SERIES, n_days), dtype=bool)
    hits[:, 0] = uniform[:, 0] < share
    for day in range(1, n_days):
        hits[:, day] = uniform[:, day] < np.where(hits[:, day - 1], after, otherwise)
    return hits
