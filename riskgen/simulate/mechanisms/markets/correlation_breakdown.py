"""Diversification that fails: all correlations go to one, volatilities stay.

A map of each path (mechanism ``transform``), for files of the user's own.
"""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.calm import Calm, mean_correlation, mixed, towards_one
from riskgen.simulate.mechanisms.markets.profile import active, duration
from riskgen.simulate.scenario import StressScenario

# What each parameter is when nothing happens.
PARAMETERS = {"correlation_towards_one": 0.0}
# What each moves, of what is measured on every asset.
MOVES = {"correlation_towards_one": ("correlation",)}


def apply(
    returns: Floats, scenario: StressScenario, value: dict[str, float], seed: int, first: int
) -> Floats:
    """Return the paths under raised correlations, on the days of the scenario.

    ``correlation_towards_one`` is how far every pair goes from its correlation to 1;
    means and volatilities of all assets stay what they were.
    """
    del seed, first
    calm = Calm.of(returns)
    unit = calm.units(returns)
    after = towards_one(calm.correlation, value["correlation_towards_one"])
    during = active(scenario, returns.shape[1])[None, :, None] > 0
    unit = np.where(during, mixed(unit, calm.correlation, after), unit)
    return calm.returns(unit, np.ones(returns.shape[1]), np.zeros(1))


def moments(base: Floats, stressed: Floats, scenario: StressScenario) -> dict[str, float]:
    """Return how far the mean correlation went towards 1, and where it arrived."""
    last = int(duration(scenario, base.shape[1]))
    was, now = (mean_correlation(Calm.of(part[:, :last]).correlation) for part in (base, stressed))
    if was >= 1.0:
        return {}
    return {"mean_correlation": now, "correlation_towards_one": (now - was) / (1.0 - was)}


def profiles(base: Floats, stressed: Floats) -> dict[str, Floats]:
    """Return nothing: it has no shape in time."""
    del base, stressed
    return {}


def shape(profiles: dict[str, Floats], scenario: StressScenario) -> dict[str, float]:
    """Return nothing, of nothing."""
    del profiles, scenario
    return {}
