"""Weights of paths under a scenario's views, solved once and good for any number of paths.

The multipliers come from a pool that depends on seed and scenario only: the first 10,000
paths of the simulation, or what :mod:`escalation` puts in their place. Each path's weight
is then a function of the path and of the chances that it was drawn with, so that a
simulation of any size, in any parts, has the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.errors import ScenarioError
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.accounts import Flags, Floats
from riskgen.simulate.reweighting.effective import FEWEST, SHARE, Effective, band
from riskgen.simulate.reweighting.entropy import Infeasible, Tilt, entropy_pooling
from riskgen.simulate.reweighting.marginals import untargeted_ratio
from riskgen.simulate.reweighting.pools import Pool
from riskgen.simulate.reweighting.statistics import Market, label, path_statistic
from riskgen.simulate.reweighting.thinning import thinned
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
    share : float
        Of the base that conditions keep.
    pool : Effective
        What is left of the pool, of as many paths as are kept of it.
    kl : float
        Relative entropy to the base, in nats.
    asked, reached : dict of str to float
        What each view asks for, and its value on the weighted pool.
    untargeted : float or None
        Worst distance of an untargeted asset's daily returns from the base, in
        units of its noise (PROTOCOL A7c).
    factor : int
        Paths that are drawn for each that is kept.
    chances : ndarray of shape (n_choices,) or None
        With which the generator makes its choices, where they are tilted.
    escalation : dict
        What was tried, as JSON values; see :mod:`escalation`.
    """

    scenario: StressScenario
    market: Market
    bounds: tuple[float, ...]
    tilt: Tilt = field(repr=False)
    share: float
    pool: Effective
    kl: float
    asked: dict[str, float]
    reached: dict[str, float]
    untargeted: float | None
    factor: int = 1
    chances: Floats | None = field(default=None, repr=False)
    escalation: dict[str, Any] = field(default_factory=dict)

    def weights(self, returns: Floats, log_ratio: Floats | None = None) -> Floats:
        """Return the weight of each path of (n_paths, horizon, n_assets), 1 on average.

        ``log_ratio`` of shape (n_paths,) is the log of the base's law over the law that
        they were drawn from; None where they were drawn from the base.
        """
        kept = np.ones(len(returns), dtype=bool)
        for view, bound in zip(conditions(self.scenario.views), self.bounds, strict=True):
            kept &= keeps(view, path_statistic(returns, view, self.market), bound)
        found = features(returns, self.scenario.views, self.market)
        return np.asarray(np.where(kept, self.tilt.weights(found, log_ratio), 0.0) / self.share)

    def facts(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "measure": "relative_entropy",
            "kl": self.kl,
            "band": band(self.kl),
            "pool": self.pool.facts(),
            "sentence": (
                f"Relative entropy {self.kl:.2f}: {band(self.kl)}. Of {self.pool.n:,} paths "
                f"{self.pool.kish:,.0f} effective ones are left (Kish)."
            ),
        }


def solve(
    scenario: StressScenario, severity: float, pool: Floats, market: Market, *, seed: int
) -> Reweighting:
    """Return the weights under which the views of ``scenario`` hold on paths of the base.

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
    base = Pool.base(pool)
    try:
        found = attempt(scenario, severity, base, base, market, seed=seed)
    except Infeasible as error:
        raise beyond(scenario, severity, base, market, str(error), seed=seed) from error
    if not enough(found):
        raise beyond(scenario, severity, base, market, left_of(found), seed=seed)
    return found


def attempt(
    scenario: StressScenario,
    severity: float,
    base: Pool,
    pool: Pool,
    market: Market,
    *,
    seed: int,
    factor: int = 1,
    noise: bool = True,
) -> Reweighting:
    """Return the weights that make views hold on a pool, however few are left.

    What views ask for is read off the base, whatever the pool was drawn from. Without
    ``noise``, untargeted assets are not looked at.

    Raises
    ------
    ScenarioError
        When a view cannot be read.
    Infeasible
        When no weights make the views hold.
    """
    if not scenario.views:
        raise ScenarioError(f"Scenario '{scenario.id}' reweights but has no views.")
    views, part, usual = scenario.views, part_of(scenario, severity), base.returns
    bounds = tuple(
        threshold(view, path_statistic(usual, view, market), part) for view in conditions(views)
    )
    share = float(_kept(usual, scenario, market, bounds).mean())
    kept = _kept(pool.returns, scenario, market, bounds)
    if not kept.any() or share == 0.0:
        raise Infeasible("No path of the pool meets all conditions at once.")
    targets, ops = demands(usual, views, market, part)
    found, ratio = features(pool.returns, views, market), pool.log_ratio
    tilt = entropy_pooling(found[kept], targets, ops, ratio[kept])
    # Of the kept ones' law; over the whole pool they are so many.
    portion = float(kept.mean())
    weights = np.where(kept, tilt.weights(found, ratio), 0.0) / portion
    density = tilt.log_density(found)[kept] - np.log(portion)
    wanted = {label(v): asked(usual, v, market, part) for v in views}
    named = {name: value for name, value in wanted.items() if value is not None}
    got = {label(v): reached(pool.returns, weights, v, market) for v in views if label(v) in named}
    worst = None
    if noise:
        worst = untargeted_ratio(usual, pool.returns, weights, views, market, seed=seed)
    uniform = float(stream(seed, "thinning", "pool").random())
    _, thin = thinned(weights, len(weights) // factor, uniform)
    kl = max(float(np.average(density, weights=weights[kept])), 0.0)
    left = Effective.of(thin)
    return Reweighting(
        scenario, market, bounds, tilt, portion, left, kl, named, got, worst, factor=factor
    )


def enough(found: Reweighting) -> bool:
    """Whether enough effective paths are left, by the file's rule or PROTOCOL E1's."""
    return found.pool.enough(*rule_of(found.scenario))


def rule_of(scenario: StressScenario) -> tuple[float, float]:
    """Return the fewest effective paths, and the least share of them."""
    rule = scenario.plausibility.min_ess
    return (FEWEST, SHARE) if rule is None else (rule.kish, rule.frac)


def left_of(found: Reweighting) -> str:
    """Say how few are left."""
    return (
        f"Of {found.pool.n:,} paths only {found.pool.kish:,.1f} effective ones would be left "
        f"(Kish; relative entropy {found.kl:.2f})."
    )


def beyond(
    scenario: StressScenario,
    severity: float,
    base: Pool,
    market: Market,
    found: str,
    *,
    seed: int,
    reach: float = 0.0,
) -> ScenarioError:
    """Return the refusal, with the severity up to which the base, or other means, have enough."""
    for step in np.linspace(0.0, severity, _STEPS + 1)[1:-1]:
        try:
            trial = attempt(scenario, float(step), base, base, market, seed=seed, noise=False)
            if not enough(trial):
                break
        except Infeasible:
            break
        reach = max(reach, float(step))
    advice = f"up to severity {reach:.2f} it can be reached" if reach else "no severity reaches it"
    return ScenarioError(
        f"Scenario '{scenario.id}' at severity {severity:g} is beyond reach of reweighting: "
        f"{found} On these paths {advice}; beyond it use mechanism 'condition' or 'transform'."
    )


def _kept(
    returns: Floats, scenario: StressScenario, market: Market, bounds: tuple[float, ...]
) -> Flags:
    kept = np.ones(len(returns), dtype=bool)
    for view, bound in zip(conditions(scenario.views), bounds, strict=True):
        kept &= keeps(view, path_statistic(returns, view, market), bound)
    return kept
