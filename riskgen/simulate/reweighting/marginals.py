"""Whether weights move the daily returns of assets that no view is about (PROTOCOL A7c)."""

from __future__ import annotations

import numpy as np

from riskgen.seeding import stream
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.reweighting.statistics import Market
from riskgen.simulate.reweighting.views import untargeted
from riskgen.simulate.scenario_parts import View

_BINS = 100
_DRAWS = 20
# Days of each path that are looked at: ten thousand paths of them tell a distance of .01.
_DAYS = 20


def untargeted_ratio(
    base: Floats,
    pool: Floats,
    weights: Floats,
    views: tuple[View, ...],
    market: Market,
    *,
    seed: int,
) -> float | None:
    """Return the worst Kolmogorov-Smirnov distance from the base in units of its noise.

    The noise is the mean distance under the same weights dealt to the paths of the base at
    random: as many effective paths, and nothing that they have to do with the returns.
    None where every asset is targeted, or all weights are equal.

    Parameters
    ----------
    base, pool : ndarray of shape (n_paths, horizon, n_assets)
        Paths of the base, and those that weights were solved on, which may be the same.
    weights : ndarray of shape (n_paths,)
        Of the pool.
    """
    held = untargeted(views, market)
    if not held or np.ptp(weights) < 1e-9:
        return None
    rng = stream(seed, "reweighting", "marginals")
    days = np.sort(rng.permutation(base.shape[1])[:_DAYS])
    orders = [rng.permutation(len(weights))[: len(base)] for _ in range(_DRAWS)]
    ratios = []
    for asset in held:
        bounds = np.quantile(base[:, days, asset], np.linspace(0.0, 1.0, _BINS + 1)[1:-1])
        usual = _below(base[:, days, asset], bounds)
        mean = usual.mean(axis=0)
        noise = np.mean([_distance(weights[order], usual[: len(order)], mean) for order in orders])
        found = usual if pool is base else _below(pool[:, days, asset], bounds)
        ratios.append(_distance(weights, found, mean) / max(float(noise), 1e-12))
    return float(max(ratios))


def _distance(weights: Floats, counts: Floats, base: Floats) -> float:
    return float(np.abs(weights @ counts / weights.sum() - base).max())


def _below(values: Floats, bounds: Floats) -> Floats:
    """Return for each path the share of its days below each bound, (n_paths, n_bins)."""
    place = np.searchsorted(bounds, values, side="left")
    counts = np.zeros((len(values), _BINS))
    np.add.at(counts, (np.arange(len(values))[:, None], place), 1.0)
    return np.asarray(np.cumsum(counts, axis=1)[:, :-1] / values.shape[1])
