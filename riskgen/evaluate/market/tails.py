"""Tails of profit and loss: Hill's index, value at risk, expected shortfall.

Losses are negative returns. Each function returns one row a resampling draw;
row 0 is the sample itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.sample import ReturnSample
from riskgen.simulate.portfolios.shortfall import tail_ends, tail_means

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HILL_SHARE = 0.05  # PROTOCOL A6: k = 5 % of n
ALPHAS = (0.01, 0.025, 0.05)
MARGIN = 2.5  # tail kept for resampling, in multiples of the share; draws move the quantile
PORTFOLIOS = 50


@dataclass(frozen=True)
class Tail:
    """The lower tail of one series, each of shape (1 + n_draws,).

    Attributes
    ----------
    quantile : ndarray
        Value that the share of the weight lies at or below.
    mean : ndarray
        Mean of the values at or below it.
    excess : ndarray
        Mean log of value over quantile (both below 0); 1 / Hill's tail index.
    shape : ndarray
        Of the generalised Pareto law of what lies beyond the quantile.
    """

    quantile: Floats
    mean: Floats
    excess: Floats
    shape: Floats


def lower_tails(sample: ReturnSample, values: Floats, shares: Sequence[float]) -> list[Tail]:
    """Return the lower tails of ``values`` (one a day), weighted as the sample is.

    The lower quantile is the smallest value at which the cumulated weight
    exceeds the share (the empirical distribution's inverse).
    """
    size = len(values)
    kept = min(size, int(np.ceil(MARGIN * max(shares) * size)) + 20)
    days = np.argpartition(values, kept - 1)[:kept]
    days = days[np.argsort(values[days], kind="stable")]
    low, weights = values[days], sample.day_weights(days)
    cumulated, total = np.cumsum(weights, axis=1), _total(sample)
    return [_tail(low, weights, cumulated, share * total) for share in shares]


def _tail(low: Floats, weights: Floats, cumulated: Floats, wanted: Floats) -> Tail:
    ends = tail_ends(cumulated, wanted)
    size = np.log(np.maximum(np.abs(low), 1e-300))
    mean, log_size = tail_means(np.column_stack([low, size]), weights, ends, wanted).T
    shape = _pareto_shape(low, weights, ends, wanted)
    return Tail(low[ends], mean, log_size - size[ends], shape)


def _pareto_shape(low: Floats, weights: Floats, ends: Ints, wanted: Floats) -> Floats:
    """Return the shape by probability-weighted moments (Hosking and Wallis 1987).

    ``2 - a0 / (a0 - 2 a1)`` with ``a0`` the mean excess and ``a1`` the mean of excess
    times the chance of a larger one.
    """
    deepest = max(int(ends.max()), 1)
    beyond = np.maximum(low[ends][:, None] - low[:deepest], 0.0) * weights[:, :deepest]
    rank = (np.cumsum(weights[:, :deepest], axis=1) - weights[:, :deepest] / 2) / wanted[:, None]
    first, second = beyond.sum(axis=1), (beyond * rank).sum(axis=1)
    spread = first - 2.0 * second
    known = spread > 1e-12 * np.maximum(first, 1e-300)
    return np.where(known, 2.0 - first / np.where(known, spread, 1.0), np.nan)


def hill_left(sample: ReturnSample) -> Floats:
    """Return 1 / Hill's index of the loss tail, k = 5 % (Hill 1975), (1 + n_draws, n_assets)."""
    return _hill(sample, sample.rows)


def hill_right(sample: ReturnSample) -> Floats:
    """Return 1 / Hill's index of the gain tail, k = 5 % (Hill 1975), (1 + n_draws, n_assets)."""
    return _hill(sample, -sample.rows)


def hill_both(sample: ReturnSample) -> Floats:
    """Return 1 / Hill's index of moves of either sign, k = 5 % (Hill 1975), (1 + n_draws, ...)."""
    return _hill(sample, -np.abs(sample.rows))


def pareto_shapes(sample: ReturnSample) -> Floats:
    """Return the generalised Pareto shape of the worst 5 % of days, (1 + n_draws, n_assets).

    1 / tail index by another road than Hill's: 0 for exponential tails.
    """
    columns = [lower_tails(sample, column, [HILL_SHARE])[0] for column in sample.rows.T]
    return np.stack([tail.shape for tail in columns], axis=1)


def portfolios(n_assets: int, rng: np.random.Generator) -> Floats:
    """Return weights of single assets and 50 random static portfolios, (n, n_assets).

    Half of the portfolios are long only (flat Dirichlet), half have random
    signs; absolute weights sum to 1 (strategy set after Tail-GAN, Cont et al.).
    """
    mixed = rng.dirichlet(np.ones(n_assets), PORTFOLIOS)
    signs = rng.choice([-1.0, 1.0], size=(PORTFOLIOS // 2, n_assets))
    mixed[PORTFOLIOS // 2 :] *= signs
    return np.vstack([np.eye(n_assets), mixed]) if n_assets > 1 else np.eye(1)


def losses(sample: ReturnSample, weights: Floats) -> list[Floats]:
    """Return one-day value at risk and expected shortfall, as positive fractions.

    Parameters
    ----------
    weights : ndarray of shape (n_portfolios, n_assets)

    Returns
    -------
    list of ndarray of shape (1 + n_draws, n_portfolios)
        Value at risk and expected shortfall for each of :data:`ALPHAS` in turn.
    """
    gains = np.expm1(sample.rows) @ weights.T
    tails = [lower_tails(sample, column, ALPHAS) for column in gains.T]
    found = []
    for i in range(len(ALPHAS)):
        found.append(-np.stack([tail[i].quantile for tail in tails], axis=1))
        found.append(-np.stack([tail[i].mean for tail in tails], axis=1))
    return found


def _hill(sample: ReturnSample, values: Floats) -> Floats:
    columns = [lower_tails(sample, column, [HILL_SHARE])[0] for column in values.T]
    return np.stack([tail.excess for tail in columns], axis=1)


def _total(sample: ReturnSample) -> Floats:
    sizes = np.bincount(sample.unit, minlength=sample.weights.shape[1]).astype(float)
    return np.asarray(sample.weights @ sizes)
