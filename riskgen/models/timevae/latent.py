"""Where latents are drawn from: the standard normal, or Gaussians fitted to them.

A density fitted afterwards (Ghosh et al. 2020) closes the gap between the prior
and what the encoder says of all sequences together. It holds no latent of a
single customer: each Gaussian has at least eleven members and is pulled towards
all of them. Numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats

Indices = NDArray[np.int64]

MEMBERS = 11
"""Fewest members of a component, and pseudo-members that pull its mean to the
mean of all (k of release gate P2)."""

PER_COMPONENT = 50
"""Sequences for each component that is tried, at most MOST [J]."""

MOST, ROUNDS = 8, 50
"""Components and rounds of expectation-maximisation [J]; Ghosh et al. use 10."""

STEADIEST = 0.98
"""Largest persistence of a latent from window to window [J]."""


@dataclass(frozen=True, eq=False)
class LatentLaw:
    """A mixture of Gaussians that share components across labels.

    Attributes
    ----------
    weights : ndarray of shape (n_labels, n_components)
        Rows sum to 1; one row where there is no label.
    means : ndarray of shape (n_components, latent)
    factors : ndarray of shape (n_components, latent, latent)
        Lower triangular; covariance = factor @ factor.T.
    persistence : ndarray of shape (latent,)
        Correlation of a path's latent with the window before.
    """

    weights: Floats = field(repr=False)
    means: Floats = field(repr=False)
    factors: Floats = field(repr=False)
    persistence: Floats = field(repr=False)

    @classmethod
    def normal(cls, latent: int, n_labels: int, persistence: Floats | None = None) -> Self:
        """Return the standard normal, the prior of the bound."""
        still = np.zeros(latent) if persistence is None else persistence
        one = np.ones((n_labels, 1))
        return cls(one, np.zeros((1, latent)), np.eye(latent)[None], still)

    @classmethod
    def fit(
        cls,
        latents: Floats,
        labels: Indices,
        n_labels: int,
        rng: np.random.Generator,
        most: int = MOST,
        persistence: Floats | None = None,
    ) -> Self:
        """Fit Gaussians to ``latents`` of shape (n, latent); n at least 2.

        Parameters
        ----------
        labels : ndarray of shape (n,), int64
            Each label gets weights of its own, pulled to those of all.
        most : int
            Components at most; 1 for windows of one path, which are few.
        """
        n, size = latents.shape
        shares, means, covariances = _mixture(latents, min(most, max(1, n // PER_COMPONENT)), rng)
        weights = np.empty((n_labels, shares.shape[1]))
        overall = shares.mean(axis=0)
        for label in range(n_labels):
            mine = shares[labels == label]
            weights[label] = (mine.sum(axis=0) + MEMBERS * overall) / (len(mine) + MEMBERS)
        still = np.zeros(size) if persistence is None else persistence
        return cls(weights, means, np.asarray(np.linalg.cholesky(covariances)), still)

    def draw(self, labels: Indices, n_windows: int, rng: np.random.Generator) -> Floats:
        """Return latents of shape (n_windows, n, latent) for sequences with ``labels``.

        The first window is a draw from the mixture; later ones keep the component
        and move as a stationary first-order autoregression inside it.
        """
        n, size = len(labels), self.means.shape[1]
        ladder = np.cumsum(self.weights, axis=1)[labels]
        passed = rng.random(n)[:, None] >= ladder
        component = np.minimum(passed.sum(axis=1), ladder.shape[1] - 1)
        fresh = rng.standard_normal((n_windows, n, size))
        for k in range(1, n_windows):
            keep = self.persistence
            fresh[k] = keep * fresh[k - 1] + np.sqrt(1.0 - keep**2) * fresh[k]
        spread = np.einsum("nij,knj->kni", self.factors[component], fresh)
        return np.asarray(self.means[component] + spread)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as named arrays."""
        return {f"latent/{name}": getattr(self, name) for name in _PARTS}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the law that :meth:`arrays` wrote."""
        return cls(*(arrays[f"latent/{name}"] for name in _PARTS))


_PARTS = ("weights", "means", "factors", "persistence")


def persistence_of(means: Floats, variances: Floats, follows: Indices) -> Floats:
    """Return the correlation of latents with those of the window before.

    Parameters
    ----------
    means, variances : ndarray of shape (n, latent)
        Of the posteriors of windows.
    follows : ndarray of shape (n_pairs,), int64
        Windows that directly follow the one before them.

    Returns
    -------
    ndarray of shape (latent,)
        0 with fewer than two pairs; pulled to 0 by MEMBERS pseudo-pairs.
    """
    if len(follows) < 2:
        return np.zeros(means.shape[1])
    total = means.var(axis=0) + variances.mean(axis=0)
    centred = means - means.mean(axis=0)
    together = (centred[follows] * centred[follows - 1]).sum(axis=0) / (len(follows) + MEMBERS)
    return np.asarray(np.clip(together / np.maximum(total, 1e-9), 0.0, STEADIEST))


def _mixture(points: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return responsibilities, means and covariances of Gaussians (Dempster et al. 1977)."""
    n = len(points)
    middle = points.mean(axis=0)
    spread = np.maximum(points.var(axis=0), 1e-6)
    centres = points[rng.choice(n, count, replace=False)] if count > 1 else middle[None]
    distance = ((points[:, None] - centres) ** 2 / spread).sum(axis=2)
    shares = _softmax(-0.5 * distance)
    for _ in range(ROUNDS if count > 1 else 1):
        shares = shares[:, shares.sum(axis=0) >= MEMBERS] if shares.shape[1] > 1 else shares
        if shares.shape[1] == 0:
            return _mixture(points, 1, rng)
        means, covariances = _moments(points, shares, middle, spread)
        shares = _softmax(_log_density(points, means, covariances) + np.log(shares.mean(axis=0)))
    return shares, means, covariances


def _moments(
    points: Floats, shares: Floats, middle: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Return means and covariances, pulled towards those of all points."""
    size = points.shape[1]
    members = shares.sum(axis=0)[:, None]
    means = (shares.T @ points + MEMBERS * middle) / (members + MEMBERS)
    covariances = np.empty((len(means), size, size))
    for k, mean in enumerate(means):
        apart = points - mean
        within = (shares[:, k, None] * apart).T @ apart
        # As many pseudo-members as dimensions: a covariance of few points is singular.
        covariances[k] = (within + size * np.diag(spread)) / (members[k] + size)
    return means, covariances


def _log_density(points: Floats, means: Floats, covariances: Floats) -> Floats:
    result = np.empty((len(points), len(means)))
    for k, mean in enumerate(means):
        factor = np.linalg.cholesky(covariances[k])
        z = np.linalg.solve(factor, (points - mean).T)
        result[:, k] = -0.5 * (z**2).sum(axis=0) - np.log(np.diag(factor)).sum()
    return result


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
