"""Stylised facts of daily returns (Cont 2001): moments, memory, dependence.

Each function returns one row a resampling draw; row 0 is the sample itself.
Knows neither thresholds nor generators.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.sample import ReturnSample, windows

Floats = NDArray[np.float64]

LINEAR_LAGS = 20
MEMORY_LAGS = 60
LEVERAGE_LAGS = 10  # Bouchaud, Matacz and Potters 2001
SUMS = (5, 10, 20)  # days
JOINT_TAIL = 0.05


def log_kurtosis(sample: ReturnSample) -> Floats:
    """Return log of the kurtosis (3 for a Gaussian), shape (1 + n_draws, n_assets).

    The logarithm, because the sampling error of a heavy tail's fourth moment
    grows with the moment itself.
    """
    return np.log(_kurtosis(sample, sample.rows))


def skewness(sample: ReturnSample) -> Floats:
    """Return third standardised moments, shape (1 + n_draws, n_assets)."""
    m1, m2, m3, _ = _moments(sample, sample.rows)
    return np.asarray((m3 - 3 * m1 * m2 + 2 * m1**3) / _variance(m1, m2) ** 1.5)


def summed_kurtosis(sample: ReturnSample) -> Floats:
    """Return log kurtosis of 5-, 10- and 20-day returns, (1 + n_draws, n_sums * n_assets).

    Falls towards log 3 with the number of days: aggregational Gaussianity.
    """
    found = []
    for days in [k for k in SUMS if k <= sample.horizon]:
        total = sample.rows.copy()
        for lag in range(1, days):
            total += sample.ahead(sample.rows, lag)[0]
        _, whole = sample.ahead(sample.rows, days - 1)
        found.append(np.log(_kurtosis(sample, total, whole)))
    return np.hstack(found) if found else np.full((len(sample.weights), sample.n_assets), np.nan)


def autocorrelation(sample: ReturnSample, values: Floats, lags: int) -> Floats:
    """Return autocorrelations of ``values`` at lags 1, 2, …; within paths, pooled moments.

    Parameters
    ----------
    values : ndarray of shape (n_days, n_assets)
    lags : int
        Cut to the horizon less one.

    Returns
    -------
    ndarray of shape (1 + n_draws, n_lags, n_assets)
    """
    m1, m2 = sample.mean(values), sample.mean(values**2)
    found = []
    for lag in range(1, min(lags, sample.horizon - 1) + 1):
        later, same = sample.ahead(values, lag)
        product = sample.mean(values * later, same)
        found.append((product - m1**2) / _variance(m1, m2))
    return np.stack(found, axis=1)


def linear_memory(sample: ReturnSample) -> Floats:
    """Return root mean square autocorrelations of returns, lags 1 to 20, (1 + n_draws, n_assets).

    Of the size of the sampling error where returns cannot be predicted.
    """
    found = autocorrelation(sample, sample.rows, LINEAR_LAGS)
    return np.asarray(np.sqrt((found**2).mean(axis=1)))


def volatility_memory(sample: ReturnSample) -> Floats:
    """Return autocorrelations of absolute returns at lags 1 to 60, flattened."""
    return _flat(autocorrelation(sample, np.abs(sample.rows), MEMORY_LAGS))


def leverage(sample: ReturnSample) -> Floats:
    """Return corr(r_t, r²_{t+l}) averaged over lags 1 to 10, shape (1 + n_draws, n_assets)."""
    m1, m2, _, m4 = _moments(sample, sample.rows)
    scale = np.sqrt(_variance(m1, m2) * _variance(m2, m4))
    found = []
    for lag in range(1, min(LEVERAGE_LAGS, sample.horizon - 1) + 1):
        later, same = sample.ahead(sample.rows**2, lag)
        found.append((sample.mean(sample.rows * later, same) - m1 * m2) / scale)
    return np.asarray(np.mean(found, axis=0))


def correlations(sample: ReturnSample) -> Floats:
    """Return correlations of pairs of assets, shape (1 + n_draws, n_pairs)."""
    upper = np.triu_indices(sample.n_assets, 1)
    return np.asarray(correlation_matrices(sample)[:, upper[0], upper[1]])


def eigenvalues(sample: ReturnSample) -> Floats:
    """Return eigenvalues of the correlation matrix over n_assets, largest first."""
    found = np.linalg.eigvalsh(correlation_matrices(sample))[:, ::-1]
    return np.asarray(found / sample.n_assets)


def correlation_matrices(sample: ReturnSample) -> Floats:
    """Return correlation matrices, shape (1 + n_draws, n_assets, n_assets)."""
    centred = sample.rows - sample.rows.mean(axis=0)
    found = np.empty((len(sample.weights), sample.n_assets, sample.n_assets))
    for i, weights in enumerate(sample.weights):
        weighted = centred * weights[sample.unit][:, None]
        moment = weighted.T @ centred / weights[sample.unit].sum()
        scale = np.sqrt(np.maximum(np.diag(moment), 1e-300))
        found[i] = moment / np.outer(scale, scale)
    return found


def lower_tail_dependence(sample: ReturnSample, share: float = JOINT_TAIL) -> Floats:
    """Return P(one asset in its worst 5 % | another is), mean over pairs, (1 + n_draws, 1)."""
    low = sample.rows <= np.quantile(sample.rows, share, axis=0)
    together = low.sum(axis=1).astype(float)
    pairs = sample.mean((together * (together - 1))[:, None])
    singles = sample.mean(together[:, None])
    return np.asarray(pairs / np.maximum(singles * (sample.n_assets - 1), 1e-300))


def maximum_drawdowns(segments: list[Floats], horizon: int) -> Floats:
    """Return the deepest fall from a peak in windows that do not overlap.

    Parameters
    ----------
    segments : list of ndarray of shape (n_days, n_assets), log returns
    horizon : int
        Days of a window.

    Returns
    -------
    ndarray of shape (n_windows, n_assets), fraction of the peak lost
    """
    cut = windows(segments, horizon, horizon)
    levels = np.concatenate([np.zeros_like(cut[:, :1]), np.cumsum(cut, axis=1)], axis=1)
    return np.asarray(1.0 - np.exp((levels - np.maximum.accumulate(levels, axis=1)).min(axis=1)))


def _moments(
    sample: ReturnSample, values: Floats, known: NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    squares = values * values
    powers = (values, squares, squares * values, squares * squares)
    first, second, third, fourth = (sample.mean(power, known) for power in powers)
    return first, second, third, fourth


def _kurtosis(
    sample: ReturnSample, values: Floats, known: NDArray[np.bool_] | None = None
) -> Floats:
    m1, m2, m3, m4 = _moments(sample, values, known)
    central = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    return np.asarray(np.maximum(central, 1e-300) / _variance(m1, m2) ** 2)


def _variance(first: Floats, second: Floats) -> Floats:
    return np.maximum(second - first**2, 1e-300)


def _flat(values: Floats) -> Floats:
    return values.reshape(len(values), -1)
