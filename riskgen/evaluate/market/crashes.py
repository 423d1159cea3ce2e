"""What happens to assets and to trading rules when markets fall.

Each function returns one row a resampling draw; row 0 is the sample itself. Knows
neither thresholds nor generators.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.facts import lower_tail_dependence
from riskgen.evaluate.market.sample import ReturnSample
from riskgen.evaluate.market.tails import lower_tails

Floats = NDArray[np.float64]

FAR = 0.01
"""Share of days that are far out (PROTOCOL A6)."""

FALLING = 0.10
"""Share of days on which an asset counts as falling: few enough to be falls, and of pairs
that hardly hang together some forty are left in twenty years [J]."""

FEWEST = 11  # common days behind a correlation [J]
MOST_PAIRS = 300  # of assets; more do not change a mean and cost as much as all else [J]
TREND, REVERSION = 20, 1
"""Days that a trading rule looks back: a month, and yesterday [J]."""

RULE_SHARE = 0.025


def far_tail_dependence(sample: ReturnSample) -> Floats:
    """Return P(one asset in its worst 1 % | another is), mean over pairs, (1 + n_draws, 1)."""
    return lower_tail_dependence(sample, FAR)


def exceedance_correlation(sample: ReturnSample) -> Floats:
    """Return correlations on days when both assets fall (Longin and Solnik 2001), mean of pairs.

    A pair counts where it has 11 such days.

    Returns
    -------
    ndarray of shape (1 + n_draws, 1)
    """
    low = sample.rows <= np.quantile(sample.rows, FALLING, axis=0)
    found = []
    for i, j in _pairs(sample.n_assets):
        days = np.flatnonzero(low[:, i] & low[:, j])
        if len(days) >= FEWEST:
            found.append(_correlation(sample.rows[days][:, [i, j]], sample.day_weights(days)))
    if not found:
        return np.full((len(sample.weights), 1), np.nan)
    return np.asarray(np.nanmean(found, axis=0)[:, None])


def rule_losses(sample: ReturnSample) -> list[Floats]:
    """Return one-day value at risk and expected shortfall, worst 2.5 %, of two trading rules.

    Trend following holds each asset by the sign of its last 20 days, mean reversion
    against the sign of yesterday (strategies after Tail-GAN, Cont et al. 2025), each of
    all assets in equal parts and of each asset by itself.

    Returns
    -------
    list of ndarray of shape (1 + n_draws, 2 * (1 + n_assets))
        Value at risk, expected shortfall.
    """
    if sample.horizon <= TREND:
        return [np.full((len(sample.weights), 1), np.nan)] * 2  # no path is long enough
    tails = [
        lower_tails(held, column, [RULE_SHARE])[0]
        for held, gains in (_rule(sample, TREND, 1.0), _rule(sample, REVERSION, -1.0))
        for column in np.column_stack([gains.mean(axis=1), gains]).T
    ]
    return [
        -np.stack([getattr(tail, name) for tail in tails], axis=1) for name in ("quantile", "mean")
    ]


def _rule(sample: ReturnSample, days: int, sign: float) -> tuple[ReturnSample, Floats]:
    """Return the days on which a rule knows enough, and its gains on them."""
    summed = np.cumsum(sample.rows, axis=0)
    before = np.vstack([np.zeros((1, sample.n_assets)), summed])
    place = np.arange(len(sample.rows)) - sample.starts[sample.path]
    held = np.flatnonzero(place >= days)
    signal = np.sign(before[held] - before[held - days])
    gains = sign * signal * np.expm1(sample.rows[held])
    kept = ReturnSample(
        sample.rows[held],
        np.zeros(1, dtype=np.int64),
        sample.unit[held],
        sample.weights,
        sample.horizon,
    )
    return kept, gains


def _pairs(n_assets: int) -> list[tuple[int, int]]:
    every = list(combinations(range(n_assets), 2))
    return every[:: -(-len(every) // MOST_PAIRS)] if every else []


def _correlation(values: Floats, weights: Floats) -> Floats:
    """Return the weighted correlation of two columns, one a weighting, (n_weightings,)."""
    x, y = values.T
    products = np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    total, mx, my, xx, yy, xy = (weights @ products).T
    total = np.maximum(total, 1e-300)
    mx, my = mx / total, my / total
    spread = (xx / total - mx * mx) * (yy / total - my * my)
    known = spread > 0
    found = (xy / total - mx * my) / np.sqrt(np.where(known, spread, 1.0))
    return np.where(known, found, np.nan)
