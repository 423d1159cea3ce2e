"""What a single day has to do with the views of a scenario: by what its chance is tilted."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.reweighting.statistics import Market, pair_of
from riskgen.simulate.scenario_parts import View

# Views that ask for a size of moves, beside their direction.
_SIZES = ("volatility", "max_drawdown", "worst_day")


def daily_scores(days: Floats, views: tuple[View, ...], market: Market) -> Floats:
    """Return scores of days, each of mean 0 and deviation 1 over them, (n_days, k).

    Parameters
    ----------
    days : ndarray of shape (n_days, n_assets)
        Log returns.
    views, market
        What is asked for, and what its names mean.
    """
    found: dict[str, Floats] = {}
    for view in views:
        for name, score in _of(view, days, market):
            spread = float(score.std())
            if spread > 0:
                found[name] = (score - score.mean()) / spread
    return np.column_stack(list(found.values())) if found else np.zeros((len(days), 0))


def _of(view: View, days: Floats, market: Market) -> list[tuple[str, Floats]]:
    if view.stat == "marginals":
        return []
    if view.stat == "correlation":
        a, b = pair_of(view, market)
        return [(f"{min(a, b)} by {max(a, b)}", days[:, a] * days[:, b])]
    if view.stat == "mean_correlation":
        return [("size of the index", days.mean(axis=1) ** 2)]
    series, name = market.series(days[None], view.asset)[0], view.asset or "the index"
    wanted = [(f"size of {name}", series**2)] if view.stat in _SIZES else []
    return [*wanted, *([] if view.stat == "volatility" else [(name, series)])]
