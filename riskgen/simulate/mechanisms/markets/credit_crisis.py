"""A credit crisis on market paths: volatility, drift, correlations and jumps.

A map of each path (mechanism ``transform``): the order of good and bad days
of the base stays, and severity 0 is the base itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.draws import uniforms
from riskgen.simulate.mechanisms.markets.correlation import nearest_correlation, remix
from riskgen.simulate.scenario import StressScenario

PARAMETERS = frozenset(
    {
        "vol_scale",
        "drift_12m",
        "correlation_shift",
        "jump_rate_d",
        "jump_size_sd",
        "rise_d",
        "recovery_half_life_d",
    }
)
TRADING_DAYS = 252
_RECENT_D = 10  # days that turbulence is measured over [J]


@dataclass(frozen=True, eq=False)
class Calm:
    """Moments of the base, over all paths and days.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_assets,)
        Mean and standard deviation of daily log returns.
    correlation : ndarray of shape (n_assets, n_assets)
        Correlation of the assets.
    beta : ndarray of shape (n_assets,)
        Slope of each asset on the equal-weighted index; their mean is 1.
    index_scale : float
        Standard deviation of the equal-weighted index.
    """

    mean: Floats
    scale: Floats
    correlation: Floats = field(repr=False)
    beta: Floats
    index_scale: float

    @classmethod
    def of(cls, returns: Floats) -> Calm:
        """Measure ``returns`` of shape (n_paths, horizon, n_assets)."""
        flat = returns.reshape(-1, returns.shape[2])
        index = flat.mean(axis=1)
        centred, spread = flat - flat.mean(axis=0), float(index.var())
        slope = centred.T @ (index - index.mean()) / len(flat)
        beta = slope / spread if spread > 0 else np.ones(flat.shape[1])
        scale = flat.std(axis=0)
        unit = centred / np.where(scale > 0, scale, 1.0)
        correlation = unit.T @ unit / len(flat)
        np.fill_diagonal(correlation, 1.0)
        return cls(flat.mean(axis=0), scale, correlation, beta, float(np.sqrt(spread)))


def stress_paths(
    returns: Floats, scenario: StressScenario, *, severity: float, seed: int, first: int = 0
) -> Floats:
    """Apply a market scenario to simulated log returns.

    Volatility rises within ``rise_d`` days, stays until the scenario's duration
    ends and then falls back by half every ``recovery_half_life_d`` days. The
    drift is that of the equal-weighted index and falls on each asset by its
    beta; jumps are common to all assets and part of the drift.

    Parameters
    ----------
    returns : ndarray of shape (n_paths, horizon, n_assets)
        Daily log returns of the base.
    scenario : StressScenario
        Domain ``market``, mechanism ``transform``, typology ``credit_crisis``.
    severity : float
        0 (the base, the same array) to 1.
    seed : int
        Same seed, same result.
    first : int
        Number of the first path in the whole simulation, for parts.

    Returns
    -------
    ndarray of shape (n_paths, horizon, n_assets)

    Raises
    ------
    ScenarioError
        When the scenario is of another domain or mechanism, or sets a parameter
        that its typology does not have.
    """
    check(scenario, severity)
    if severity == 0.0 or len(returns) == 0:
        return returns
    calm = Calm.of(returns)
    value = _values(scenario, severity)
    shape = returns.shape[1]
    profile = _profile(scenario, shape, value)
    unit = (returns - calm.mean) / np.where(calm.scale > 0, calm.scale, 1.0)
    if returns.shape[2] > 1:
        unit = unit @ remix(calm.correlation, shifted(calm.correlation, value)).T
    volatility = np.exp(np.log(value["vol_scale"]) * profile)[None, :, None]
    active = (np.arange(shape) < _duration(scenario, shape)).astype(np.float64)
    jumps = calm.index_scale * value["jump_size_sd"] * _jumps(returns, scenario, seed, first, value)
    # Jumps are part of the drift, not on top of it.
    drift = np.log1p(value["drift_12m"]) / TRADING_DAYS - jumps.mean()
    index = active * (drift + jumps)
    stressed: Floats = calm.mean + calm.scale * volatility * unit + index[:, :, None] * calm.beta
    return stressed


def requested(scenario: StressScenario, severity: float) -> dict[str, float]:
    """Return the parameters at ``severity``; empty at 0."""
    if severity == 0.0:
        return {}
    return {name: scenario.value(name, severity) for name in scenario.parameters}


def measure_paths(base: Floats, stressed: Floats, scenario: StressScenario) -> dict[str, float]:
    """Return what was reached, over the days on which the scenario is at its full.

    Parameters
    ----------
    base, stressed : ndarray of shape (n_paths, horizon, n_assets)
        The same paths before and after.

    Returns
    -------
    dict of str to float
        ``vol_scale`` (median over assets), ``drift_12m`` of the equal-weighted
        index against the base, ``correlation_shift`` (mean on Fisher's z);
        empty when the horizon ends before the scenario is at its full.
    """
    horizon, d = base.shape[1:]
    rise = scenario.parameters["rise_d"].at1 if "rise_d" in scenario.parameters else 0.0
    full = slice(min(int(np.ceil(rise)), horizon), int(_duration(scenario, horizon)))
    before, after = base[:, full].reshape(-1, d), stressed[:, full].reshape(-1, d)
    if len(before) < 2:
        return {}
    scale = before.std(axis=0)
    ratio = after.std(axis=0)[scale > 0] / scale[scale > 0]
    gone = float(after.mean() - before.mean()) * TRADING_DAYS
    reached = {"vol_scale": float(np.median(ratio)), "drift_12m": float(np.expm1(gone))}
    if d > 1:
        pairs = np.triu_indices(d, 1)
        change = _fisher(Calm.of(after[None]).correlation) - _fisher(
            Calm.of(before[None]).correlation
        )
        reached["correlation_shift"] = float(change[pairs].mean())
    return reached


def shifted(correlation: Floats, value: dict[str, float]) -> Floats:
    """Return the correlation moved on Fisher's z scale, nearest valid one."""
    moved = np.tanh(_fisher(correlation) + value["correlation_shift"])
    np.fill_diagonal(moved, 1.0)
    return nearest_correlation(moved)


def check(scenario: StressScenario, severity: float) -> None:
    """Raise ScenarioError unless the scenario can be applied to paths."""
    if scenario.domain != "market":
        raise ScenarioError(
            f"Scenario '{scenario.id}' is for {scenario.domain} data, but these are market paths."
        )
    if not 0.0 <= severity <= 1.0:
        raise ScenarioError(f"Severity {severity} is not between 0 and 1.")
    if scenario.mechanism != "transform" or scenario.typology != "credit_crisis":
        raise ScenarioError(
            f"Scenario '{scenario.id}' asks for {scenario.mechanism} of {scenario.typology}. "
            "Built so far: transform of credit_crisis."
        )
    unknown = sorted(set(scenario.parameters) - PARAMETERS)
    if unknown:
        raise ScenarioError(unknown_name("parameter", unknown[0], sorted(PARAMETERS)))


def _values(scenario: StressScenario, severity: float) -> dict[str, float]:
    neutral = {
        "vol_scale": 1.0,
        "drift_12m": 0.0,
        "correlation_shift": 0.0,
        "jump_rate_d": 0.0,
        "jump_size_sd": 0.0,
        "rise_d": 0.0,
        "recovery_half_life_d": np.inf,
    }
    return {**neutral, **requested(scenario, severity)}


def _duration(scenario: StressScenario, horizon: int) -> float:
    return min(scenario.window.duration_d or horizon, horizon)


def _profile(scenario: StressScenario, horizon: int, value: dict[str, float]) -> Floats:
    """Part of the full effect on each day, shape (horizon,)."""
    day = np.arange(horizon)
    rise = np.minimum((day + 1) / max(value["rise_d"], 1.0), 1.0)
    late = np.maximum(day + 1 - (scenario.window.duration_d or horizon), 0)
    return np.asarray(rise * 0.5 ** (late / value["recovery_half_life_d"]))


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
    return np.where(drawn < rate, spread * turbulence, 0.0)


def _turbulence(returns: Floats) -> Floats:
    """Size of index returns over the last days against the usual one, mean 1.

    Days before the path begins count as its first day.
    """
    size = np.abs(returns.mean(axis=2))
    total = np.cumsum(np.pad(size, ((0, 0), (_RECENT_D, 0)), mode="edge"), axis=1)
    recent = total[:, _RECENT_D:] - total[:, :-_RECENT_D]
    mean = float(recent.mean())
    return np.asarray(recent / mean) if mean > 0 else np.ones_like(recent)


def _fisher(correlation: Floats) -> Floats:
    return np.asarray(np.arctanh(np.clip(correlation, -0.999, 0.999)))
