"""What the past of a price table says of a simulated stress.

The table is read again where it lies; where it has moved, that is said instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from riskgen.data.market import Prices
from riskgen.errors import RiskgenError
from riskgen.simulate.behaviour import path_behaviour
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.precedent import precedent
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import PriceMaterial
from riskgen.stages.simulate.request import SimulateRequest

TRADING_DAYS = 252
# Larger is worse for the first kind, smaller for the second.
_WORSE_ABOVE = ("max_drawdown", "volatility")
_WORSE_BELOW = ("worst_day", "mean_return")


def precedents(
    fitted: Fitted, request: SimulateRequest, medians: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return for each feature how often the past was as severe, as JSON values.

    Parameters
    ----------
    medians : mapping of str to float
        Median of each path feature under the stress; see
        :func:`riskgen.simulate.behaviour.path_behaviour`.

    Returns
    -------
    list of dict
        ``feature``, counts, ``return_period_years`` with its interval, ``sentence``;
        one with a ``reason`` where the table is not to be had.
    """
    try:
        material = fitted.material(request.data, request.password_file, request.context)
    except RiskgenError as error:
        return [{"reason": f"The past was not asked: {error}"}]
    assert isinstance(material, PriceMaterial)
    windows = _windows(material.prices, request.horizon)
    years = len(windows) * request.horizon / TRADING_DAYS
    found = []
    for name, sign in [*((n, 1.0) for n in _WORSE_ABOVE), *((n, -1.0) for n in _WORSE_BELOW)]:
        if name in medians and len(windows):
            past = path_behaviour(windows, (name,))[0][:, 0]
            known = precedent(sign * past, sign * medians[name], years)
            facts = {**known.facts(), "level": medians[name]}
            found.append({"feature": name, **facts, "sentence": known.sentence(name)})
    return found


def _windows(prices: Prices, horizon: int) -> Floats:
    """Return the past in windows that do not overlap, shape (n, horizon, n_assets)."""
    parts = []
    for first, last in prices.segments:
        returns = np.diff(np.log(prices.values[first:last]), axis=0)
        n = len(returns) // horizon
        parts.append(returns[: n * horizon].reshape(n, horizon, -1))
    return np.concatenate(parts)
