"""A credit crisis on market paths: volatility, drift, correlations and jumps.

A map of each path (mechanism ``transform``): the order of good and bad days
of the base stays.
"""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.draws import uniforms
from riskgen.simulate.mechanisms.markets.calm import (
    TRADING_DAYS,
    Calm,
    fisher,
    mixed,
    shifted,
)
from riskgen.simulate.mechanisms.markets.profile import (
    active,
    daily_factor,
    duration,
    half_life,
    interquartile,
    rise_and_fall,
    rise_days,
)
from riskgen.simulate.scenario import StressScenario

# What each parameter is when nothing happens.
PARAMETERS = {
    "vol_scale": 1.0,
    "drift_12m": 0.0,
    "correlation_shift": 0.0,
    "jump_rate_d": 0.0,
    "jump_size_sd": 0.0,
    "rise_d": 0.0,
    "recovery_half_life_d": float("inf"),
}
# What each moves, of what is measured on every asset; times only shape it. Jumps fall on all
# assets at once, in turbulent days.
MOVES = {
    "vol_scale": ("volatility",),
    "drift_12m": ("mean",),
    "correlation_shift": ("correlation",),
    "jump_rate_d": ("volatility", "skewness", "kurtosis", "clustering", "correlation"),
}
_RECENT_D = 10  # days that turbulence is measured over [J]


def apply(
    returns: Floats, scenario: StressScenario, value: dict[str, float], seed: int, first: int
) -> Floats:
    """Return the paths of a credit crisis.

    Volatility rises within ``rise_d`` days, stays until the scenario's duration
    ends and then falls back by half every ``recovery_half_life_d`` days. The
    drift is that of the equal-weighted index and falls on each asset by its
    beta; jumps are common to all assets and part of the drift.
    """
    calm, horizon = Calm.of(returns), returns.shape[1]
    part = rise_and_fall(scenario, horizon, value["rise_d"], value["recovery_half_life_d"])
    after = shifted(calm.correlation, value["correlation_shift"])
    unit = mixed(calm.units(returns), calm.correlation, after)
    jumps = calm.index_scale * value["jump_size_sd"] * _jumps(returns, scenario, seed, first, value)
    # Jumps are part of the drift, not on top of it.
    drift = np.log1p(value["drift_12m"]) / TRADING_DAYS - jumps.mean()
    index = active(scenario, horizon) * (drift + jumps)
    return calm.returns(unit, np.exp(np.log(value["vol_scale"]) * part), index)


def moments(base: Floats, stressed: Floats, scenario: StressScenario) -> dict[str, float]:
    """Return what was reached; nothing where the horizon ends before the full effect.

    ``vol_scale`` (median over assets), ``drift_12m`` of the equal-weighted index
    against the base, ``correlation_shift`` (mean on Fisher's z, with what jumps add),
    rate and mean size of jumps.
    """
    d, full = base.shape[2], _full(scenario, base.shape[1])
    before, after = base[:, full].reshape(-1, d), stressed[:, full].reshape(-1, d)
    if len(before) < 2:
        return {}
    scale = before.std(axis=0)
    ratio = after.std(axis=0)[scale > 0] / scale[scale > 0]
    gone = float(after.mean() - before.mean()) * TRADING_DAYS
    reached = {"vol_scale": float(np.median(ratio)), "drift_12m": float(np.expm1(gone))}
    if d > 1:
        pairs = np.triu_indices(d, 1)
        change = fisher(Calm.of(after[None]).correlation) - fisher(
            Calm.of(before[None]).correlation
        )
        reached["correlation_shift"] = float(change[pairs].mean())
    return reached | _jumps_found(before, after, Calm.of(base).index_scale)


def profiles(base: Floats, stressed: Floats) -> dict[str, Floats]:
    """Return the log factor on the volatility of each day, as rare jumps do not move it."""
    return {"volatility": daily_factor(base, stressed, interquartile)}


def shape(profiles: dict[str, Floats], scenario: StressScenario) -> dict[str, float]:
    """Return within how many days volatility rises, and in how many its excess halves."""
    factor = profiles["volatility"]
    full = _full(scenario, len(factor))
    if full.start >= full.stop:
        return {}
    level = float(np.median(factor[full]))
    found = {"rise_d": rise_days(factor, level)}
    if full.stop < len(factor):
        found["recovery_half_life_d"] = half_life(factor[full.stop :], level)
    return found


def _full(scenario: StressScenario, horizon: int) -> slice:
    """Return the days of the full effect."""
    rise = scenario.parameters["rise_d"].at1 if "rise_d" in scenario.parameters else 0.0
    return slice(min(int(np.ceil(rise)), horizon), int(duration(scenario, horizon)))


def _jumps_found(before: Floats, after: Floats, index_scale: float) -> dict[str, float]:
    """Return rate and mean size of jumps: what no linear map of the base's day explains."""
    told = np.column_stack([before, np.ones(len(before))])
    index = after.mean(axis=1)
    rest, last = index, np.inf
    # Jumps pull the line; without them it is exact, so a few rounds find it.
    kept = np.ones(len(index), dtype=bool)
    for _ in range(5):
        line = np.linalg.lstsq(told[kept], index[kept], rcond=None)[0]
        rest = index - told @ line
        kept = np.abs(rest - np.median(rest)) <= 0.5 * index_scale
        if kept.sum() == last or kept.sum() <= told.shape[1]:
            break
        last = kept.sum()
    jumped = ~kept
    rest = rest - np.median(rest[kept]) if kept.any() else rest
    found = {"jump_rate_d": float(jumped.mean())}
    if jumped.any() and index_scale > 0:
        found["jump_size_sd"] = float(rest[jumped].mean()) / index_scale
    return found


def _jumps(
    returns: Floats, scenario: StressScenario, seed: int, first: int, value: dict[str, float]
) -> Floats:
    """Sizes of the jumps in units of their mean, shape (n_paths, horizon); mostly 0.

    Jumps come in turbulent days and are larger there, as jumps excite further
    ones in markets (Aït-Sahalia, Cacho-Diaz & Laeven 2015); at an even rate
    they would make volatility cluster less than in the base.
    """
    positions = first + np.arange(len(returns))
    drawn = uniforms(seed, ("stress", scenario.id, "jumps"), positions, returns.shape[1])
    turbulence = _turbulence(returns)
    rate = np.minimum(value["jump_rate_d"] * turbulence, 1.0)
    # Given that there is a jump, its number is uniform below the rate: sizes from
    # half to one and a half times the mean [J], without a second draw.
    spread = 0.5 + drawn / np.maximum(rate, 1e-300)
    # Jumps come where turbulence is: over them it is larger than 1 on average.
    usual = float((rate * turbulence).mean() / rate.mean()) if rate.any() else 1.0
    return np.where(drawn < rate, spread * turbulence / usual, 0.0)


def _turbulence(returns: Floats) -> Floats:
    """Size of index returns over the last days against the usual one, mean 1.

    Days before the path begins count as its first day.
    """
    size = np.abs(returns.mean(axis=2))
    total = np.cumsum(np.pad(size, ((0, 0), (_RECENT_D, 0)), mode="edge"), axis=1)
    recent = total[:, _RECENT_D:] - total[:, :-_RECENT_D]
    mean = float(recent.mean())
    return np.asarray(recent / mean) if mean > 0 else np.ones_like(recent)
