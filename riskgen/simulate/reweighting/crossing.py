"""Chances under which paths that meet the views come about more often: cross-entropy.

The views are approached in steps. At each one, the paths of the last round are weighed so
that views hold as far as enough of them are left, and the chances of the generator's
choices are tilted until choices are, on average, what they are on those weighed paths
(the cross-entropy method; Rubinstein & Kroese 2004, ch. 3; de Boer et al. 2005, sec. 4).
Whatever chances come out, weights stay exact: only how many effective paths are left
depends on them.
"""

from __future__ import annotations

import numpy as np

from riskgen.models.tilting import Tilting
from riskgen.seeding import derived_seed
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.reweighting.entropy import Infeasible, entropy_pooling
from riskgen.simulate.reweighting.pools import Pool, Source
from riskgen.simulate.reweighting.reweighting import Reweighting, attempt
from riskgen.simulate.reweighting.scores import daily_scores
from riskgen.simulate.reweighting.statistics import Market
from riskgen.simulate.scenario import StressScenario

PATHS, ROUNDS = 4_000, 12
"""Paths of a round, and most rounds: a normal statistic goes two deviations a round [J]."""

ELITE = 100.0
"""Effective paths that a round must leave: some dozens for each score [J]."""

BETTER = 1.1  # a round at the full views that gains less is the last [J]
_HALVINGS = 6  # of the way to the full views that a round looks for


def search(
    scenario: StressScenario,
    severity: float,
    base: Pool,
    source: Source,
    market: Market,
    *,
    seed: int,
) -> tuple[Floats | None, float]:
    """Return the chances of the generator's choices, and how far the views were met with them.

    The chances are those of the round with the most effective paths at the severity that
    was reached, from 0 to ``severity``; None where not one round met anything.
    """
    generator = source.tilting
    assert generator is not None
    scores = generator.reach(daily_scores(source.days(), scenario.views, market))
    best, chances, kish, reached = None, None, 0.0, 0.0
    for number in range(ROUNDS):
        pool = source.tilted(PATHS, chances, derived_seed(seed, "crossing", number))
        level, found = _farthest(scenario, severity, base, pool, market, seed)
        if found is None:
            break
        if level > reached or (level == reached and found.pool.kish > kish):
            gained = found.pool.kish / max(kish, 1.0) if level == reached else np.inf
            best, reached, kish = chances, level, found.pool.kish
            if level == severity and gained < BETTER:
                break
        elif level == severity:
            break
        chances = _tilted(generator, scores, pool, found)
        if chances is None:
            break
    return best, reached


def _farthest(
    scenario: StressScenario,
    severity: float,
    base: Pool,
    pool: Pool,
    market: Market,
    seed: int,
) -> tuple[float, Reweighting | None]:
    """Return the largest severity at which a pool has enough effective paths, and its weights."""
    low, high, found = 0.0, severity, None
    for trial in range(_HALVINGS):
        level = severity if trial == 0 else (low + high) / 2.0
        try:
            one = attempt(scenario, level, base, pool, market, seed=seed, noise=False)
        except Infeasible:
            high = level
            continue
        if one.pool.kish < ELITE:
            high = level
            continue
        low, found = level, one
        if level == severity:
            break
    return low, found


def _tilted(generator: Tilting, scores: Floats, pool: Pool, found: Reweighting) -> Floats | None:
    """Return the chances under which choices have, on average, the scores of the weighed ones."""
    assert pool.picks is not None
    weights, made = found.weights(pool.returns, pool.log_ratio), pool.picks >= 0
    # By path first: as many numbers as paths, not as choices.
    totals = np.stack(
        [np.where(made, score[pool.picks], 0.0).sum(axis=1) for score in scores.T], axis=1
    )
    wanted = weights @ totals / float(weights @ made.sum(axis=1))
    try:
        tilt = entropy_pooling(scores, wanted, ("=",) * scores.shape[1])
    except Infeasible:
        return None
    chances = tilt.weights(scores)
    return np.asarray(chances / chances.sum())
