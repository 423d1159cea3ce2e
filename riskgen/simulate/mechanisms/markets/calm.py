"""The base that a market stress starts from: its moments, and a map of them to others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.correlation import nearest_correlation, remix

TRADING_DAYS = 252


@dataclass(frozen=True, eq=False)
class Calm:
    """Moments of the base, over all paths and days.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_assets,)
        Mean and standard deviation of daily log returns.
    correlation : ndarray of shape (n_assets, n_assets)
        Correlation of the assets.
    beta : ndarray of shape (n_assets,)
        Slope of each asset on the equal-weighted index; their mean is 1.
    index_scale : float
        Standard deviation of the equal-weighted index.
    """

    mean: Floats
    scale: Floats
    correlation: Floats = field(repr=False)
    beta: Floats
    index_scale: float

    @classmethod
    def of(cls, returns: Floats) -> Calm:
        """Measure ``returns`` of shape (n_paths, horizon, n_assets)."""
        flat = returns.reshape(-1, returns.shape[2])
        index = flat.mean(axis=1)
        centred, spread = flat - flat.mean(axis=0), float(index.var())
        slope = centred.T @ (index - index.mean()) / len(flat)
        beta = slope / spread if spread > 0 else np.ones(flat.shape[1])
        scale = flat.std(axis=0)
        unit = centred / np.where(scale > 0, scale, 1.0)
        correlation = unit.T @ unit / len(flat)
        np.fill_diagonal(correlation, 1.0)
        return cls(flat.mean(axis=0), scale, correlation, beta, float(np.sqrt(spread)))

    def units(self, returns: Floats) -> Floats:
        """Return what of ``returns`` is neither mean nor scale, of the same shape."""
        return np.asarray((returns - self.mean) / np.where(self.scale > 0, self.scale, 1.0))

    def returns(self, unit: Floats, volatility: Floats, index: Floats) -> Floats:
        """Return log returns of shape (n_paths, horizon, n_assets) made of units.

        Parameters
        ----------
        unit : ndarray of shape (n_paths, horizon, n_assets)
            As :meth:`units` has it, or mixed again.
        volatility : ndarray of shape (horizon,)
            Factor on the scale of each day.
        index : ndarray that broadcasts to (n_paths, horizon)
            What the index gets on top; it falls on each asset by its beta.
        """
        index = np.broadcast_to(index, unit.shape[:2])
        moved = self.scale * volatility[None, :, None] * unit
        return np.asarray(self.mean + moved + index[:, :, None] * self.beta)


def fisher(correlation: Floats) -> Floats:
    """Return Fisher's z of correlations."""
    return np.asarray(np.arctanh(np.clip(correlation, -0.999, 0.999)))


def mean_correlation(correlation: Floats) -> float:
    """Return the mean over pairs; 1 for a single asset."""
    pairs = np.triu_indices(len(correlation), 1)
    return float(correlation[pairs].mean()) if len(pairs[0]) else 1.0


def shifted(correlation: Floats, shift: float) -> Floats:
    """Return the correlation moved on Fisher's z scale, nearest valid one."""
    moved = np.tanh(fisher(correlation) + shift)
    np.fill_diagonal(moved, 1.0)
    return nearest_correlation(moved)


def towards_one(correlation: Floats, part: float) -> Floats:
    """Return the correlation with every pair moved ``part`` of its way to 1, 0 to 1.

    Both ends are valid correlations, and so is every mixture of them (the stress of
    Kim & Finger 2000 in its simplest form).
    """
    return np.asarray((1.0 - part) * correlation + part)


def mixed(unit: Floats, before: Floats, after: Floats) -> Floats:
    """Return units whose correlation is ``after`` where it was ``before``."""
    return unit if unit.shape[2] == 1 else np.asarray(unit @ remix(before, after).T)
