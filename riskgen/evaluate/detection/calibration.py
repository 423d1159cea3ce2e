"""Whether scores can be read as probabilities, and making them so.

Weighing and over-sampling break calibration (van den Goorbergh et al. 2022), so
that scores are calibrated on validation before probabilities are compared.
Knows log-odds, labels and who owns a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROUNDS = 50  # of Newton's method at most; a handful is usual
SURE = 15.0  # log-odds beyond which isotonic steps of 0 and 1 are not drawn out


@dataclass(frozen=True)
class Line:
    """Log-odds recalibrated by a straight line: ``intercept + slope * log_odds``."""

    intercept: float
    slope: float

    def __call__(self, log_odds: Floats) -> Floats:
        """Return calibrated log-odds, in the same order."""
        return self.intercept + self.slope * log_odds


@dataclass(frozen=True, eq=False)
class Steps:
    """Log-odds recalibrated by an increasing step function."""

    model: IsotonicRegression = field(repr=False)

    def __call__(self, log_odds: Floats) -> Floats:
        """Return calibrated log-odds; ties appear within a step."""
        share = np.clip(self.model.predict(log_odds), expit(-SURE), expit(SURE))
        return np.asarray(np.log(share) - np.log1p(-share))


def platt(log_odds: Floats, labels: Flags) -> Line:
    """Return the line that Platt (1999) fits to validation, with his smoothed targets.

    Parameters
    ----------
    log_odds : ndarray of shape (n,)
    labels : ndarray of shape (n,), bool
        With one class only the slope stays 1 and the intercept meets the smoothed rate.
    """
    n_fraud, n = float(labels.sum()), len(labels)
    target = np.where(labels, (n_fraud + 1) / (n_fraud + 2), 1 / (n - n_fraud + 2))
    if n_fraud in (0, n):
        return Line(_intercept(log_odds, target), 1.0)
    found = _recalibration(log_odds, target)
    return Line(float(found[0]), float(found[1]))


def isotonic(log_odds: Floats, labels: Flags) -> Steps:
    """Return the increasing steps that fit validation best (Zadrozny & Elkan 2002).

    Needs more frauds than a line does; below some hundred, :func:`platt` is safer.
    """
    model = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0)
    return Steps(model.fit(log_odds, labels.astype(np.float64)))


def brier(log_odds: Floats, labels: Flags, owner: Ints, weights: Floats | None = None) -> Floats:
    """Return the mean squared error of the probabilities (Brier 1950).

    Parameters
    ----------
    log_odds, labels : ndarray of shape (n,)
    owner : ndarray of shape (n,), int64
        Entity of each row; ``arange(n)`` where rows are entities.
    weights : ndarray of shape (draws, n_entities) or None
        How often each entity is there.

    Returns
    -------
    ndarray of shape () or (draws,)
    """
    error = (expit(log_odds) - labels) ** 2
    if weights is None:
        return np.asarray(error.mean())
    n = weights.shape[1]
    total, rows = np.bincount(owner, error, n), np.bincount(owner, minlength=n)
    return np.asarray((weights @ total) / np.maximum(weights @ rows, 1.0))


def calibration_slope(
    log_odds: Floats, labels: Flags, owner: Ints, weights: Floats | None = None
) -> Floats:
    """Return the slope of labels on log-odds: below 1 scores are too extreme (Cox 1958).

    On resampled entities the slope is one step of Newton's method away from that
    of all of them, which is exact up to the square of the change.

    Parameters
    ----------
    log_odds, labels, owner, weights
        As of :func:`brier`.

    Returns
    -------
    ndarray of shape () or (draws,)
        NaN with one class only; very large where scores part the classes.
    """
    if len(np.unique(labels)) < 2:
        return np.full(() if weights is None else len(weights), np.nan)
    design = np.column_stack([np.ones(len(log_odds)), log_odds])
    at = _recalibration(log_odds, labels.astype(np.float64))
    if weights is None:
        return np.asarray(at[1])
    return np.asarray(_one_step(design, at, labels, owner, weights)[:, 1])


def calibration_intercept(
    log_odds: Floats, labels: Flags, owner: Ints, weights: Floats | None = None
) -> Floats:
    """Return what log-odds lack on the whole, the slope held at 1.

    Calibration in the large (van Calster et al. 2019): above 0 too few frauds
    were expected. Parameters and shape as of :func:`calibration_slope`.
    """
    if len(np.unique(labels)) < 2:
        return np.full(() if weights is None else len(weights), np.nan)
    at = np.array([_intercept(log_odds, labels.astype(np.float64))])
    if weights is None:
        return np.asarray(at[0])
    design = np.ones((len(log_odds), 1))
    return np.asarray(_one_step(design, at, labels, owner, weights, offset=log_odds)[:, 0])


def _recalibration(log_odds: Floats, target: Floats) -> Floats:
    """Return intercept and slope of a logistic regression, by Newton's method.

    On standardised log-odds, so that steps are of one size; each is halved until
    the loss falls.
    """
    centre, spread = log_odds.mean(), log_odds.std() or 1.0
    design = np.column_stack([np.ones(len(log_odds)), (log_odds - centre) / spread])
    rate = target.mean()
    at = np.array([np.log(rate / (1 - rate)), 0.0])
    for _ in range(ROUNDS):
        share = expit(design @ at)
        slope = design.T @ (target - share)
        curve = (design * (share * (1 - share))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        while _loss(design @ (at + step), target) > _loss(design @ at, target) + 1e-12:
            step /= 2
        at = at + step
        if np.abs(step).max() < 1e-9:
            break
    return np.array([at[0] - at[1] * centre / spread, at[1] / spread])


def _intercept(log_odds: Floats, target: Floats) -> float:
    """Return the shift of log-odds at which expected and seen agree, by bisection."""
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        if expit(log_odds + middle).sum() < target.sum():
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _loss(log_odds: Floats, target: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, log_odds) - target * log_odds))


def _one_step(
    design: Floats,
    at: Floats,
    labels: Flags,
    owner: Ints,
    weights: Floats,
    offset: Floats | float = 0.0,
) -> Floats:
    """Return coefficients on resampled entities, shape (draws, k), from those of all."""
    share = expit(design @ at + offset)
    n, k = weights.shape[1], design.shape[1]
    slopes = [np.bincount(owner, column * (labels - share), n) for column in design.T]
    curve = share * (1 - share)
    curves = [
        np.bincount(owner, design[:, i] * design[:, j] * curve, n)
        for i in range(k)
        for j in range(k)
    ]
    slope = weights @ np.column_stack(slopes)
    total = (weights @ np.column_stack(curves)).reshape(-1, k, k) + 1e-12 * np.eye(k)
    return np.asarray(at + np.linalg.solve(total, slope[..., None])[..., 0])
