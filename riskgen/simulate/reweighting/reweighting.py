"""Weights of paths under a scenario's views, solved once and good for any number of paths.

The multipliers come from a pool, the first 10,000 paths of the simulation, which depends on
seed and scenario only. Each path's weight is then a function of the path alone, so that a
simulation of any size, in any parts, has the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.reweighting.effective import FEWEST, SHARE, Effective
from riskgen.simulate.reweighting.entropy import Infeasible, Tilt, entropy_pooling
from riskgen.simulate.reweighting.marginals import untargeted_ratio
from riskgen.simulate.reweighting.statistics import Market, label, path_statistic
from riskgen.simulate.reweighting.views import (
    asked,
    conditions,
    demands,
    features,
    keeps,
    part_of,
    reached,
    threshold,
)
from riskgen.simulate.scenario import StressScenario

POOL = 10_000
"""Paths of the pool: at the rule's 2 % its 200 effective ones are as many as it asks for."""

CELLS = 50_000_000
"""Returns that the pool may hold, 400 MB: longer and wider paths make it smaller [J]."""

_STEPS = 20  # severities that are tried when the one asked for is beyond reach


def pool_size(horizon: int, n_assets: int) -> int:
    """Return the number of paths of the pool."""
    return min(POOL, max(CELLS // (horizon * n_assets), 1))


@dataclass(frozen=True, eq=False)
class Reweighting:
    """A scenario's views, solved.

    Attributes
    ----------
    scenario : StressScenario
        Mechanism ``reweight``.
    market : Market
        What the names of its views mean.
    bounds : tuple of float
        Value beyond which each condition keeps a path.
    tilt : Tilt
        How much the kept ones count.
    pool : Effective
        What is left of the pool.
    asked, reached : dict of str to float
        What each view asks for, and its value on the weighted pool.
    untargeted : float or None
        Worst distance of an untargeted asset's daily returns from the base, in
        units of its noise (PROTOCOL A7c).
    """

    scenario: StressScenario
    market: Market
    bounds: tuple[float, ...]
    tilt: Tilt = field(repr=False)
    share: float
    pool: Effective
    asked: dict[str, float]
    reached: dict[str, float]
    untargeted: float | None

    def weights(self, returns: Floats) -> Floats:
        """Return the weight of each path of (n_paths, horizon, n_assets), 1 on average."""
        kept = np.ones(len(returns), dtype=bool)
        for view, bound in zip(conditions(self.scenario.views), self.bounds, strict=True):
            kept &= keeps(view, path_statistic(returns, view, self.market), bound)
        tilted = self.tilt.weights(features(returns, self.scenario.views, self.market))
        return np.asarray(np.where(kept, tilted, 0.0) / self.share)

    def facts(self) -> dict[str, Any]:
        """Return JSON values."""
        entropy, band = self.pool.entropy, self.pool.band
        return {
            "measure": "relative_entropy",
            "kl": entropy,
            "band": band,
            "pool": self.pool.facts(),
            "sentence": (
                f"Relative entropy {entropy:.2f}: {band}. Of {self.pool.n:,} paths "
                f"{self.pool.kish:,.0f} effective ones are left (Kish)."
            ),
        }


def solve(
    scenario: StressScenario, severity: float, pool: Floats, market: Market, *, seed: int
) -> Reweighting:
    """Return the weights under which the views of ``scenario`` hold on the pool.

    Parameters
    ----------
    scenario : StressScenario
        With views.
    severity : float
        0 (all weights 1) to 1 (the views as the file has them).
    pool : ndarray of shape (n_paths, horizon, n_assets)
        Daily log returns of the first paths of the simulation.
    market : Market
        What the names of the views mean.
    seed : int
        Names the permutations of the noise.

    Raises
    ------
    ScenarioError
        When a view cannot be read, no weights make the views hold, or too few effective
        paths are left, with the severity up to which there are enough.
    """
    try:
        found = _solved(scenario, severity, pool, market, seed)
    except Infeasible as error:
        raise ScenarioError(_beyond(scenario, severity, pool, market, seed, str(error))) from error
    if not _enough(scenario, found.pool):
        left = (
            f"Of {found.pool.n:,} paths only {found.pool.kish:,.1f} effective ones would be left "
            f"(Kish; relative entropy {found.pool.entropy:.2f})."
        )
        raise ScenarioError(_beyond(scenario, severity, pool, market, seed, left))
    return found


def _solved(
    scenario: StressScenario, severity: float, pool: Floats, market: Market, seed: int
) -> Reweighting:
    if not scenario.views:
        raise ScenarioError(f"Scenario '{scenario.id}' reweights but has no views.")
    views, part = scenario.views, part_of(scenario, severity)
    kept, bounds = np.ones(len(pool), dtype=bool), []
    for view in conditions(views):
        values = path_statistic(pool, view, market)
        bounds.append(threshold(view, values, part))
        kept &= keeps(view, values, bounds[-1])
    if not kept.any():
        raise Infeasible("No path of the pool meets all conditions at once.")
    targets, ops = demands(pool, views, market, part)
    tilt = entropy_pooling(features(pool, views, market)[kept], targets, ops)
    weights = np.where(kept, tilt.weights(features(pool, views, market)), 0.0) / kept.mean()
    wanted = {label(v): asked(pool, v, market, part) for v in views}
    named = {name: value for name, value in wanted.items() if value is not None}
    got = {label(v): reached(pool, weights, v, market) for v in views if label(v) in named}
    worst = untargeted_ratio(pool, weights, views, market, seed=seed)
    share = float(kept.mean())
    left = Effective.of(weights)
    return Reweighting(scenario, market, tuple(bounds), tilt, share, left, named, got, worst)


def _enough(scenario: StressScenario, left: Effective) -> bool:
    rule = scenario.plausibility.min_ess
    return left.enough(*((FEWEST, SHARE) if rule is None else (rule.kish, rule.frac)))


def _beyond(
    scenario: StressScenario,
    severity: float,
    pool: Floats,
    market: Market,
    seed: int,
    found: str,
) -> str:
    reach = 0.0
    for step in np.linspace(0.0, severity, _STEPS + 1)[1:-1]:
        try:
            if not _enough(scenario, _solved(scenario, float(step), pool, market, seed).pool):
                break
        except Infeasible:
            break
        reach = float(step)
    advice = f"up to severity {reach:.2f} it can be reached" if reach else "no severity reaches it"
    return (
        f"Scenario '{scenario.id}' at severity {severity:g} is beyond reach of reweighting: "
        f"{found} On these paths {advice}; beyond it use mechanism 'condition' or 'transform'."
    )
