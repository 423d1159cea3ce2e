"""Path generators whose answers are known before they are measured.

Each takes the returns that a generator may learn from and makes paths with one
property right or wrong, so that a measure can be shown to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.sample import stationary_indices
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Maker = Callable[[Floats, int, int, np.random.Generator], Floats]

MOMENTUM = 0.2  # [J] a first autocorrelation that no liquid daily market shows
BLOCK = 250.0  # days [J]; a year keeps the memory of volatility that is compared
CALM = 0.7  # [J] a volatility that every risk manager would call wrong


def gbm_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return Gaussian paths with the mean and covariance of ``returns``.

    Right: drift, volatility, correlation. Wrong: tails and clustering.
    """
    mean, covariance = returns.mean(axis=0), np.atleast_2d(np.cov(returns.T))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = rng.standard_normal((n, horizon, returns.shape[1]))
    return np.asarray(mean + noise @ root.T)


def iid_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return days drawn one by one: the tails are right, the clustering is gone."""
    return np.asarray(returns[rng.integers(len(returns), size=(n, horizon))])


def block_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return stationary-bootstrap paths, blocks long enough to keep 60 days of memory."""
    blocks = stationary_indices(len(returns), (n, horizon), BLOCK, rng)
    return np.asarray(returns[blocks])


def independent_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return days drawn for each asset by itself: no dependence between assets is left."""
    drawn = rng.integers(len(returns), size=(n, horizon, returns.shape[1]))
    return np.asarray(
        np.take_along_axis(returns[None], drawn.reshape(1, -1, drawn.shape[2]), 1).reshape(
            drawn.shape
        )
    )


def mirrored_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return days with gains and losses exchanged: skew and drawdowns are wrong."""
    return -iid_paths(returns, n, horizon, rng)


def momentum_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return days that drag .2 of the day before along: returns are predictable."""
    days = iid_paths(returns, n, horizon + 1, rng)
    return np.asarray(days[:, 1:] + MOMENTUM * days[:, :-1])


def calm_paths(returns: Floats, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Return days with seven tenths of the volatility: risk is understated."""
    return CALM * iid_paths(returns, n, horizon, rng)


CONTROLS: Mapping[str, Maker] = MappingProxyType(
    {
        "gbm": gbm_paths,
        "iid": iid_paths,
        "block": block_paths,
        "independent": independent_paths,
        "mirrored": mirrored_paths,
        "momentum": momentum_paths,
        "calm": calm_paths,
    }
)


def control_paths(
    name: str, segments: Sequence[Floats], n: int, horizon: int, *, seed: int
) -> Floats:
    """Return the paths of the control called ``name``, shape (n, horizon, n_assets)."""
    rng = stream(seed, "market", "control", name)
    return CONTROLS[name](np.concatenate(segments), n, horizon, rng)
