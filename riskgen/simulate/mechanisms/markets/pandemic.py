"""A pandemic on market paths: a fast fall in step, and a recovery in the shape of a V.

A map of each path (mechanism ``transform``).
"""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.calm import Calm, mean_correlation, mixed, towards_one
from riskgen.simulate.mechanisms.markets.profile import (
    active,
    daily_factor,
    duration,
    half_life,
    rise_and_fall,
    rise_days,
)
from riskgen.simulate.scenario import StressScenario

# What each parameter is when nothing happens.
PARAMETERS = {
    "vol_scale": 1.0,
    "rise_d": 0.0,
    "vol_half_life_d": float("inf"),
    "fall": 0.0,
    "recovery_half_life_d": float("inf"),
    "correlation_towards_one": 0.0,
}
# What each moves, of what is measured on every asset; times only shape it.
MOVES = {
    "vol_scale": ("volatility",),
    "fall": ("mean",),
    "correlation_towards_one": ("correlation",),
}


def apply(
    returns: Floats, scenario: StressScenario, value: dict[str, float], seed: int, first: int
) -> Floats:
    """Return the paths of a pandemic.

    The equal-weighted index loses ``fall`` evenly within the scenario's duration, each
    asset by its beta, and regains half of what is left every ``recovery_half_life_d``
    days. Volatility rises and falls as in a credit crisis. ``correlation_towards_one``
    is how far every pair goes from its correlation to 1.
    """
    del seed, first
    calm, horizon = Calm.of(returns), returns.shape[1]
    part = rise_and_fall(scenario, horizon, value["rise_d"], value["vol_half_life_d"])
    after = towards_one(calm.correlation, value["correlation_towards_one"])
    unit = mixed(calm.units(returns), calm.correlation, after)
    lost = np.log1p(value["fall"]) * _lost(scenario, horizon, value["recovery_half_life_d"])
    index = np.diff(lost, prepend=0.0)
    return calm.returns(unit, np.exp(np.log(value["vol_scale"]) * part), index)


def moments(base: Floats, stressed: Floats, scenario: StressScenario) -> dict[str, float]:
    """Return ``mean_correlation`` of the days of the scenario, and how far it went to 1."""
    last = int(duration(scenario, base.shape[1]))
    was, now = (
        mean_correlation(Calm.of(_same_days(part[:, :last])).correlation)
        for part in (base, stressed)
    )
    if was >= 1.0:
        return {}
    return {"mean_correlation": now, "correlation_towards_one": (now - was) / (1.0 - was)}


def profiles(base: Floats, stressed: Floats) -> dict[str, Floats]:
    """Return the log factor on volatility and the mean move so far, of each day."""
    moved = (stressed - base).mean(axis=(0, 2)).cumsum()
    return {"volatility": daily_factor(base, stressed), "moved": moved}


def shape(profiles: dict[str, Floats], scenario: StressScenario) -> dict[str, float]:
    """Return size and times of the fall and of the volatility.

    Half-lives and the recovery only where the horizon goes on beyond the scenario.
    """
    factor, moved = profiles["volatility"], profiles["moved"]
    last = int(duration(scenario, len(factor)))
    level = float(factor[last - 1])
    reached = {"vol_scale": float(np.exp(level)), "rise_d": rise_days(factor[:last], level)}
    reached["fall"] = float(np.expm1(moved[last - 1]))
    if last < len(factor):
        reached["vol_half_life_d"] = half_life(factor[last:], level)
        reached["recovery_half_life_d"] = half_life(moved[last:], float(moved[last - 1]))
        reached["recovered"] = 1.0 - float(moved[-1] / moved[last - 1])
    return reached


def _lost(scenario: StressScenario, horizon: int, half_life_d: float) -> Floats:
    """Return the part of the fall that is lost after each day, shape (horizon,)."""
    falling = active(scenario, horizon)
    length = scenario.window.duration_d or horizon
    late = np.maximum(np.arange(horizon) + 1 - length, 0.0)
    return np.asarray(np.minimum(np.cumsum(falling) / length, 1.0) * 0.5 ** (late / half_life_d))


def _same_days(returns: Floats) -> Floats:
    """Return units of each day over the paths: a common drift is no correlation."""
    scale = returns.std(axis=0)
    return np.asarray((returns - returns.mean(axis=0)) / np.where(scale > 0, scale, 1.0))
