"""A spike of volatility in a market that nobody makes: it comes in a day and fades.

A map of each path (mechanism ``transform``): returns become autocorrelated, as
orders wait for the other side. Spreads and volumes move only where the table
has columns for them.
"""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.calm import Calm
from riskgen.simulate.mechanisms.markets.profile import daily_factor, duration, half_life
from riskgen.simulate.scenario import StressScenario

# What each parameter is when nothing happens.
PARAMETERS = {
    "vol_scale": 1.0,
    "half_life_d": float("inf"),
    "autocorrelation": 0.0,
    "spread_scale": 1.0,
    "volume_scale": 1.0,
}
# What each moves, of what is measured on every asset; times only shape it.
MOVES = {"vol_scale": ("volatility",), "autocorrelation": ("autocorrelation",)}
# Parameters that move a column of their own, by the role that it plays.
LEVELS = {"spread": "spread_scale", "volume": "volume_scale"}


def apply(
    returns: Floats, scenario: StressScenario, value: dict[str, float], seed: int, first: int
) -> Floats:
    """Return the paths of a spike.

    Volatility is ``vol_scale`` times the usual one on the first day, and the excess
    falls by half every ``half_life_d`` days. Today's surprise holds
    ``autocorrelation`` of yesterday's, on the days of the scenario.
    """
    del seed, first
    calm, horizon = Calm.of(returns), returns.shape[1]
    unit = _chained(calm.units(returns), value["autocorrelation"], duration(scenario, horizon))
    volatility = 1.0 + (value["vol_scale"] - 1.0) * _fading(horizon, value)
    return calm.returns(unit, volatility, np.zeros(1))


def level_moves(horizon: int, value: dict[str, float], role: str) -> Floats:
    """Return log returns that the column of ``role`` gets on top, shape (horizon,)."""
    excess = np.log(value[LEVELS[role]]) * _fading(horizon, value)
    return np.diff(excess, prepend=0.0)


def moments(base: Floats, stressed: Floats, scenario: StressScenario) -> dict[str, float]:
    """Return the autocorrelation that returns got on top, on the days of the scenario."""
    last = int(duration(scenario, base.shape[1]))
    gained = _lag_one(stressed[:, :last]) - _lag_one(base[:, :last])
    return {"autocorrelation": gained} if np.isfinite(gained) else {}


def profiles(base: Floats, stressed: Floats) -> dict[str, Floats]:
    """Return the log factor on the volatility of each day."""
    return {"volatility": daily_factor(base, stressed)}


def shape(profiles: dict[str, Floats], scenario: StressScenario) -> dict[str, float]:
    """Return size, day (counted from 1) and half-life of the peak."""
    del scenario
    factor = np.exp(profiles["volatility"])
    peak, excess = int(np.argmax(factor)), factor - 1.0
    return {
        "vol_scale": float(factor[peak]),
        "peak_day": peak + 1.0,
        # The first day is the peak itself: what follows it falls by half.
        "half_life_d": half_life(excess[peak + 1 :], float(excess[peak])),
    }


def _fading(horizon: int, value: dict[str, float]) -> Floats:
    return np.asarray(0.5 ** (np.arange(horizon) / value["half_life_d"]))


def _chained(unit: Floats, autocorrelation: float, days: float) -> Floats:
    """Let each day hold part of the day before, at the scale that each day had."""
    if autocorrelation == 0.0:
        return unit
    chained, fresh = unit.copy(), float(np.sqrt(1.0 - autocorrelation**2))
    for day in range(1, min(int(days), unit.shape[1])):
        mixed = autocorrelation * chained[:, day - 1] + fresh * unit[:, day]
        # Over the paths of a part the scale stays exactly: volatility is not what moves here.
        now, wanted = mixed.std(axis=0), unit[:, day].std(axis=0)
        chained[:, day] = mixed * np.where(now > 0, wanted / np.where(now > 0, now, 1.0), 1.0)
    return chained


def _lag_one(returns: Floats) -> float:
    """Return the correlation of neighbouring days, each day at its own scale."""
    scale = returns.std(axis=0)
    unit = (returns - returns.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    return float((unit[:, 1:] * unit[:, :-1]).mean()) if returns.shape[1] > 1 else float("nan")
