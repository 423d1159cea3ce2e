"""What the dial does to market paths on its grid: the same paths at every severity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riskgen.simulate.assertions import spearman
from riskgen.simulate.behaviour import max_drawdown
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.stressed_paths import stress_paths
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.severity_curve import FEWEST

MOST = 200  # paths that are enough for a mean over paths [J]


def path_curve(
    base: Floats, scenario: StressScenario, *, seed: int, assets: Sequence[str] = ()
) -> dict[str, object]:
    """Return what paths come to at each severity of the scenario's grid, as JSON values.

    Parameters
    ----------
    base : ndarray of shape (n_paths, horizon, n_assets)
        Log returns; the first 200 paths are looked at.
    scenario : StressScenario
        A market stress that maps paths; others have no curve.
    seed : int
        Seed of the simulation.
    assets : sequence of str
        Names of the columns.

    Returns
    -------
    dict
        ``severity``, means of ``max_drawdown`` and ``volatility`` (of the equal-weighted
        index, a day), the median ``final_return`` and ``spearman``: the rank correlation
        of severity with each; empty with fewer than 30 paths.
    """
    if scenario.mechanism != "transform" or len(base) < FEWEST:
        return {}
    grid, few = scenario.severity.grid, base[:MOST]
    runs = [stress_paths(few, scenario, severity=s, seed=seed, assets=assets) for s in grid]
    columns = {
        "max_drawdown": [float(max_drawdown(run).mean()) for run in runs],
        "volatility": [float(run.mean(axis=2).std(axis=1).mean()) for run in runs],
        # The median: a mean of products rises with volatility alone.
        "final_return": [float(np.expm1(np.median(run.mean(axis=2).sum(axis=1)))) for run in runs],
    }
    ranks = {name: spearman(grid, column) for name, column in columns.items()}
    known = {name: rank if np.isfinite(rank) else None for name, rank in ranks.items()}
    return {"severity": list(grid), **columns, "spearman": known}
