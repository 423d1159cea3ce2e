"""Whether an ensemble of paths envelops an episode that its generator never saw (PROTOCOL A7a).

Knows returns, neither generators nor scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.market.prices import Prices
from riskgen.errors import DataError
from riskgen.simulate.behaviour import max_drawdown
from riskgen.simulate.reweighting.statistics import within_correlation

Floats = NDArray[np.float64]
LOWEST, HIGHEST = 0.025, 0.975
"""Ranks between which an ensemble envelops what happened (PROTOCOL A7a) [J]."""

STATISTICS = ("max_drawdown", "volatility", "correlation")


@dataclass(frozen=True, eq=False)
class Episode:
    """A stretch of days that is held out.

    Attributes
    ----------
    training : Prices
        All days but those of the episode and an embargo on either side, in segments
        that no window crosses.
    before : Prices
        Unbroken days up to the last one before the episode.
    realised : ndarray of shape (n_days, n_assets)
        Log returns of the episode.
    """

    training: Prices
    before: Prices
    realised: Floats

    @classmethod
    def of(cls, prices: Prices, first: str, last: str, *, embargo: int, recent: int) -> Episode:
        """Cut the days from ``first`` to ``last`` out of one unbroken history.

        Raises
        ------
        DataError
            When the history does not go on at both ends.
        """
        a = int(np.searchsorted(prices.dates, np.datetime64(first)))
        b = int(np.searchsorted(prices.dates, np.datetime64(last), side="right"))
        if not (embargo < a < b and b + embargo < prices.n_days - 1 and len(prices.starts) == 1):
            raise DataError(
                f"The episode {first} to {last} needs unbroken days around it; the history goes "
                f"from {prices.dates[0]} to {prices.dates[-1]}."
            )
        kept = [(0, a - embargo), (b + embargo, prices.n_days)]
        realised = np.diff(np.log(prices.values[a - 1 : b]), axis=0)
        return cls(prices.rows(kept), prices.rows([(max(a - 1 - recent, 0), a)]), realised)


def path_statistics(returns: Floats) -> Floats:
    """Return :data:`STATISTICS` of paths (n_paths, n_days, n_assets), shape (n_paths, 3)."""
    volatility = returns.mean(axis=2).std(axis=1)
    columns = [max_drawdown(returns), volatility, within_correlation(returns)]
    return np.column_stack(columns)


def ranks(ensemble: Floats, realised: Floats) -> dict[str, float]:
    """Return the rank of what happened among the paths, by statistic, 0 to 1.

    The probability integral transform with ties halved; uniform where the ensemble is right.
    """
    own, real = path_statistics(ensemble), path_statistics(realised[None])[0]
    below, same = (own < real).mean(axis=0), (own == real).mean(axis=0)
    return dict(zip(STATISTICS, (below + 0.5 * same).tolist(), strict=True))


def envelops(found: dict[str, float]) -> dict[str, bool]:
    """Return for each rank whether it lies between 2.5 and 97.5 %."""
    return {name: LOWEST <= rank <= HIGHEST for name, rank in found.items()}


def energy_scores(ensemble: Floats, realised: Floats) -> Floats:
    """Return the energy score of each day, shape (n_days,); lower is better.

    ``E|X - y| - E|X - X'| / 2`` in the Euclidean norm over assets (Gneiting & Raftery
    2007), strictly proper; pairs are neighbours in the ensemble, so that it is unbiased.

    Parameters
    ----------
    ensemble : ndarray of shape (n_paths, n_days, n_assets)
    realised : ndarray of shape (n_days, n_assets)
    """
    miss = np.linalg.norm(ensemble - realised, axis=2).mean(axis=0)
    pairs = np.linalg.norm(ensemble - np.roll(ensemble, 1, axis=0), axis=2).mean(axis=0)
    return np.asarray(miss - 0.5 * pairs)


def verdict(ensemble: Floats, realised: Floats) -> dict[str, Any]:
    """Return ranks, what is enveloped and the mean energy score, as JSON values."""
    found = ranks(ensemble, realised)
    return {
        "n_paths": len(ensemble),
        "ranks": found,
        "envelops": envelops(found),
        "energy_score": float(energy_scores(ensemble, realised).mean()),
    }
