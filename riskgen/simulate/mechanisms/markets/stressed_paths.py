"""Do to market paths what a scenario says, and measure what really came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import ModuleType

import numpy as np

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets import (
    correlation_breakdown,
    credit_crisis,
    pandemic,
    vol_spike,
)
from riskgen.simulate.mechanisms.markets.players import players
from riskgen.simulate.scenario import StressScenario

TYPOLOGIES: dict[str, ModuleType] = {
    "correlation_breakdown": correlation_breakdown,
    "credit_crisis": credit_crisis,
    "liquidity": vol_spike,
    "pandemic": pandemic,
    "vol_spike": vol_spike,
}
# Mechanisms that work on the draw and leave the paths as they are.
UPSTREAM = ("reweight", "condition")
# The parameter that any market scenario may have: it says where paths begin.
REGIME = "regime_quantile"


def act_on_paths(
    returns: Floats,
    scenarios: Sequence[StressScenario],
    *,
    severity: float,
    seed: int,
    first: int = 0,
    assets: Sequence[str] = (),
) -> Floats:
    """Apply the scenarios of one stress to simulated log returns, one after the other.

    Unlike a customer, who suffers one fraud at most, a market suffers them all: each
    maps what those before it have left. Parameters as for :func:`stress_paths`.
    """
    apart = levels_of(scenarios, assets)
    for scenario in scenarios:
        returns = stress_paths(
            returns,
            scenario,
            severity=severity,
            seed=seed,
            first=first,
            assets=assets,
            apart=apart,
        )
    return returns


def stress_paths(
    returns: Floats,
    scenario: StressScenario,
    *,
    severity: float,
    seed: int,
    first: int = 0,
    assets: Sequence[str] = (),
    apart: Collection[int] = (),
) -> Floats:
    """Apply a market scenario to simulated log returns.

    Parameters
    ----------
    returns : ndarray of shape (n_paths, horizon, n_assets)
        Daily log returns of the base.
    scenario : StressScenario
        Domain ``market``. Where it conditions or reweights, the draw is what changes:
        the paths come back as they are.
    severity : float
        0 (the base, the same array) to 1.
    seed : int
        Same seed, same result.
    first : int
        Number of the first path in the whole simulation, for parts.
    assets : sequence of str
        Their names, where the scenario moves columns that play a role.
    apart : collection of int
        Further columns that are no prices, for another scenario of the same stress.

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
    if severity == 0.0 or len(returns) == 0 or scenario.mechanism in UPSTREAM:
        return returns
    typology = _typology(scenario)
    values = {**typology.PARAMETERS, **requested(scenario, severity)}
    levels = level_columns(scenario, assets)
    prices = _prices(returns, {*levels.values(), *apart})
    applied: Floats = typology.apply(returns[:, :, prices], scenario, values, seed, first)
    if len(prices) == returns.shape[2]:
        return applied
    stressed = returns.copy()
    stressed[:, :, prices] = applied
    for role, column in levels.items():
        stressed[:, :, column] += typology.level_moves(returns.shape[1], values, role)
    return stressed


def level_columns(scenario: StressScenario, assets: Sequence[str]) -> dict[str, int]:
    """Return the columns that are no prices, by the role that they play.

    A spread or a volume moves by its level; it has no part in the volatility of prices.
    """
    roles = getattr(TYPOLOGIES.get(str(scenario.typology)), "LEVELS", {})
    return {role: n for role, n in players(scenario, assets).items() if role in roles}


def levels_of(scenarios: Sequence[StressScenario], assets: Sequence[str]) -> frozenset[int]:
    """Return the columns that are no prices to any of the scenarios."""
    return frozenset(n for s in scenarios for n in level_columns(s, assets).values())


def omitted(scenario: StressScenario, assets: Sequence[str]) -> list[str]:
    """Return parameters that move nothing here, with the reason."""
    roles = getattr(TYPOLOGIES.get(str(scenario.typology)), "LEVELS", {})
    found = level_columns(scenario, assets)
    return [
        f"{name}: no column plays the role '{role}'"
        for role, name in roles.items()
        if name in scenario.parameters and role not in found
    ]


def regime_of(scenarios: Sequence[StressScenario], severity: float) -> float:
    """Return the quantile of volatility above which paths begin, 0 for any regime."""
    # Scenarios that go together set different parameters: at most one says so.
    told = [one for one in scenarios if REGIME in one.parameters]
    return told[0].value(REGIME, severity) if told and severity > 0.0 else 0.0


def requested(scenario: StressScenario, severity: float) -> dict[str, float]:
    """Return the parameters at ``severity``; empty at 0."""
    if severity == 0.0:
        return {}
    return {name: scenario.value(name, severity) for name in scenario.parameters}


def measure_paths(
    base: Floats,
    stressed: Floats,
    scenario: StressScenario,
    assets: Sequence[str] = (),
    apart: Collection[int] = (),
) -> dict[str, float]:
    """Return what was reached of each parameter, as far as the horizon shows it.

    Parameters
    ----------
    base, stressed : ndarray of shape (n_paths, horizon, n_assets)
        The same paths before and after the whole stress.
    assets, apart
        As for :func:`stress_paths`.
    """
    found = measure_moments(base, stressed, scenario, assets, apart)
    return found | measure_shape(profiles(base, stressed, scenario, assets, apart), scenario)


def measure_moments(
    base: Floats,
    stressed: Floats,
    scenario: StressScenario,
    assets: Sequence[str] = (),
    apart: Collection[int] = (),
) -> dict[str, float]:
    """Return what was reached of the parameters that have no shape in time.

    Means over parts of a simulation, by their paths, are those of the whole but for
    what few paths do to a variance.
    """
    if scenario.mechanism in UPSTREAM or len(base) == 0:
        return {}
    typology, levels = _typology(scenario), level_columns(scenario, assets)
    prices = _prices(base, {*levels.values(), *apart})
    found: dict[str, float] = typology.moments(base[:, :, prices], stressed[:, :, prices], scenario)
    for role, column in levels.items():
        first_day = stressed[:, 0, column] - base[:, 0, column]
        found[typology.LEVELS[role]] = float(np.exp(first_day.mean()))
    return found


def profiles(
    base: Floats,
    stressed: Floats,
    scenario: StressScenario,
    assets: Sequence[str] = (),
    apart: Collection[int] = (),
) -> dict[str, Floats]:
    """Return what the stress does to each day, by name, each of shape (horizon,).

    To be averaged over parts before :func:`measure_shape` reads them: the day of a peak
    on a handful of paths is mostly chance.
    """
    if scenario.mechanism in UPSTREAM or len(base) == 0:
        return {}
    prices = _prices(base, {*level_columns(scenario, assets).values(), *apart})
    found: dict[str, Floats] = _typology(scenario).profiles(
        base[:, :, prices], stressed[:, :, prices]
    )
    return found


def measure_shape(profiles: dict[str, Floats], scenario: StressScenario) -> dict[str, float]:
    """Return what was reached of sizes and times, read off :func:`profiles`."""
    if not profiles or not all(np.isfinite(one).all() for one in profiles.values()):
        return {}
    found: dict[str, float] = _typology(scenario).shape(profiles, scenario)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def targets(scenarios: Sequence[StressScenario], severity: float) -> frozenset[str]:
    """Return the statistics of assets that a stress means to move.

    What its parameters are about, as far as they are not what they are when nothing
    happens, and what a file names under ``targets``.
    """
    found: set[str] = set()
    for scenario in scenarios:
        found |= set(scenario.targets)
        if scenario.mechanism in UPSTREAM:
            continue
        typology = _typology(scenario)
        for name, value in requested(scenario, severity).items():
            if value != typology.PARAMETERS.get(name):
                found |= set(typology.MOVES.get(name, ()))
    return frozenset(found)


def check(scenario: StressScenario, severity: float) -> None:
    """Raise ScenarioError unless the scenario can be applied to paths."""
    if scenario.domain != "market":
        raise ScenarioError(
            f"Scenario '{scenario.id}' is for {scenario.domain} data, but these are market paths."
        )
    if not 0.0 <= severity <= 1.0:
        raise ScenarioError(f"Severity {severity} is not between 0 and 1.")
    if scenario.mechanism == "condition" and set(scenario.parameters) != {REGIME}:
        raise ScenarioError(
            f"Scenario '{scenario.id}' conditions: its one parameter is '{REGIME}', the quantile "
            "of volatility above which paths begin. Any other is for mechanism 'transform', which "
            f"may have '{REGIME}' too."
        )
    if scenario.mechanism in UPSTREAM:
        return
    if scenario.mechanism != "transform" or scenario.typology not in TYPOLOGIES:
        raise ScenarioError(
            f"Scenario '{scenario.id}' asks for {scenario.mechanism} of {scenario.typology}. "
            f"Built so far: transform of {', '.join(sorted(TYPOLOGIES))}; reweight and condition "
            "of any."
        )
    known = _typology(scenario).PARAMETERS
    unknown = sorted(set(scenario.parameters) - {*known, REGIME})
    if unknown:
        raise ScenarioError(unknown_name("parameter", unknown[0], sorted([*known, REGIME])))


def _prices(returns: Floats, levels: Collection[int]) -> list[int]:
    return [column for column in range(returns.shape[2]) if column not in levels]


def _typology(scenario: StressScenario) -> ModuleType:
    return TYPOLOGIES[str(scenario.typology)]
