"""Returns as pooled days that remember their path, with resampling weights.

Real segments and simulated paths are measured by the same estimators: moments
are pooled over all days and lagged products are taken inside a path only, so
that a path of 60 days and a history of 20 years estimate the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHORTEST_BLOCK = 10.0  # days [J] (PROTOCOL A6)
LONGEST_BLOCK = 60.0  # days [J]; a history must still hold many blocks


@dataclass(frozen=True, eq=False)
class ReturnSample:
    """Daily log returns of several paths, with weights for resampling.

    Attributes
    ----------
    rows : ndarray of shape (n_days, n_assets), log returns
    starts : ndarray of shape (n_paths,), int64
        First day of each path.
    unit : ndarray of shape (n_days,), int64
        What is resampled as a whole: the day of a history, or the path.
    weights : ndarray of shape (1 + n_draws, n_units)
        How often each unit is drawn; the first row is all ones.
    horizon : int
        Days of a simulated path: no longer memory is compared.
    """

    rows: Floats = field(repr=False)
    starts: Ints = field(repr=False)
    unit: Ints = field(repr=False)
    weights: Floats = field(repr=False)
    horizon: int

    @property
    def n_assets(self) -> int:
        """Number of assets."""
        return int(self.rows.shape[1])

    @property
    def path(self) -> Ints:
        """Path of each day, shape (n_days,)."""
        lengths = np.diff(np.append(self.starts, len(self.rows)))
        return np.repeat(np.arange(len(self.starts)), lengths)

    def mean(self, values: Floats, known: NDArray[np.bool_] | None = None) -> Floats:
        """Return weighted means over days.

        Parameters
        ----------
        values : ndarray of shape (n_days, k)
        known : ndarray of shape (n_days,), optional
            Days that count.

        Returns
        -------
        ndarray of shape (1 + n_draws, k)
        """
        counted = np.ones(len(values)) if known is None else known.astype(float)
        if not counted.any():
            return np.full((len(self.weights), values.shape[1]), np.nan)
        sums = self._by_unit(values * counted[:, None])
        weight = self.weights @ self._by_unit(counted[:, None])
        return np.asarray((self.weights @ sums) / np.maximum(weight, 1e-300))

    def ahead(self, values: Floats, lag: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Return ``values`` ``lag`` days later, and where that is still the same path."""
        shifted = np.zeros_like(values)
        shifted[: len(values) - lag] = values[lag:]
        path = self.path
        same = np.zeros(len(values), dtype=bool)
        same[: len(values) - lag] = path[: len(path) - lag] == path[lag:]
        return shifted, same

    def day_weights(self, days: Ints) -> Floats:
        """Return the weights of the named days, shape (1 + n_draws, n)."""
        return self.weights[:, self.unit[days]]

    def _by_unit(self, values: Floats) -> Floats:
        if len(self.unit) == self.weights.shape[1]:
            return values
        # Paths all have the same length; a reshaped sum is four times as fast as reduceat.
        return np.asarray(values.reshape(self.weights.shape[1], -1, values.shape[1]).sum(axis=1))


def history(
    segments: Sequence[Floats],
    horizon: int,
    draws: int = 0,
    rng: np.random.Generator | None = None,
) -> ReturnSample:
    """Return real segments, resampled in blocks of days (see :func:`mean_block`)."""
    rows = np.concatenate(segments).astype(np.float64)
    lengths = np.array([len(s) for s in segments], dtype=np.int64)
    starts = (np.cumsum(lengths) - lengths).astype(np.int64)
    weights = np.ones((1 + draws, len(rows)))
    if rng is not None and draws:
        weights[1:] = _stationary_counts(len(rows), draws, mean_block(rows), rng)
    return ReturnSample(rows, starts, np.arange(len(rows)), weights, horizon)


def simulated(
    paths: Floats, draws: int = 0, rng: np.random.Generator | None = None
) -> ReturnSample:
    """Return simulated paths, shape (n_paths, horizon, n_assets), resampled path by path."""
    n, horizon, assets = paths.shape
    weights = np.ones((1 + draws, n))
    if rng is not None and draws:
        weights[1:] = rng.multinomial(n, np.full(n, 1.0 / n), size=draws)
    rows = paths.reshape(-1, assets).astype(np.float64)
    unit = np.repeat(np.arange(n), horizon)
    return ReturnSample(rows, np.arange(n) * horizon, unit, weights, horizon)


def windows(segments: Sequence[Floats], length: int, stride: int) -> Floats:
    """Return windows of ``length`` days, shape (n, length, n_assets), none across segments."""
    parts = [
        np.lib.stride_tricks.sliding_window_view(s, length, axis=0)[::stride].transpose(0, 2, 1)
        for s in segments
        if len(s) >= length
    ]
    if not parts:
        return np.zeros((0, length, segments[0].shape[1]))
    return np.ascontiguousarray(np.concatenate(parts), dtype=np.float64)


def stationary_indices(
    n: int, shape: tuple[int, int], mean_block: float, rng: np.random.Generator
) -> Ints:
    """Return day indices of stationary-bootstrap series (Politis and Romano 1994), circular.

    Parameters
    ----------
    n : int
        Days to draw from.
    shape : (n_series, n_days)
    """
    fresh = rng.random(shape) < 1.0 / mean_block
    fresh[:, 0] = True
    starts = rng.integers(n, size=shape)
    steps = np.arange(shape[1])
    last = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    return np.asarray((np.take_along_axis(starts, last, axis=1) + steps - last) % n)


def mean_block(rows: Floats) -> float:
    """Return the mean block for resampling daily returns, in days.

    Politis and White (2004, corrected 2009) on the size of the average asset's
    move, within 10 and 60 days: volatility clusters, and blocks that are
    shorter than its memory understate how much any statistic may be off.
    """
    from arch.bootstrap import optimal_block_length

    moves = np.abs(rows.mean(axis=1))
    if len(moves) < 2 * LONGEST_BLOCK or moves.std() == 0:
        return SHORTEST_BLOCK
    best = float(optimal_block_length(moves)["stationary"].iloc[0])
    return float(np.clip(best, SHORTEST_BLOCK, LONGEST_BLOCK))


def _stationary_counts(n: int, draws: int, block: float, rng: np.random.Generator) -> Floats:
    drawn = stationary_indices(n, (draws, n), block, rng)
    flat = drawn + n * np.arange(draws)[:, None]
    return np.bincount(flat.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)
