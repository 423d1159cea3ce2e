"""Entropy pooling: the weights nearest to equal ones under which views hold.

``min KL(p*‖p)`` with equal p, subject to linear views on the mean of features (Meucci
2008, "Fully Flexible Views"). The dual has one unknown for each view, and the answer is an
exponential tilt ``p* ∝ exp(λ'g)``: with one view on a mean it is exponential tilting.
Knows numbers, not paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Floats

Op = Literal["=", ">=", "<="]
# A view holds when its mean is this near, in standard deviations of the feature.
TOLERANCE = 1e-5
_ROUNDS, _SMALLEST, _EXACT = 200, 1e-12, 1e-10
# Weights on a single path: nothing is left that could be tilted.
_FLAT = 1e-14
# Multipliers beyond this belong to weights on a single path: no weights do it.
_FARTHEST = 1e6


class Infeasible(ScenarioError):
    """No weights on these features make the views hold."""


@dataclass(frozen=True, eq=False)
class Tilt:
    """Weights as a function of features, solved once and good for other paths.

    Attributes
    ----------
    multipliers : ndarray of shape (k,)
        λ of each feature, on standardised features.
    centre, scale : ndarray of shape (k,)
        What standardises them.
    log_mean : float
        ψ, the logarithm of the mean of ``exp(λ'z)`` over the pool.
    """

    multipliers: Floats
    centre: Floats = field(repr=False)
    scale: Floats = field(repr=False)
    log_mean: float

    def weights(self, features: Floats, log_ratio: Floats | None = None) -> Floats:
        """Return weights of shape (n,) for features (n, k); 1 on average over the pool.

        ``log_ratio`` as for :func:`entropy_pooling`.
        """
        exponent = self.log_density(features)
        return np.asarray(np.exp(exponent if log_ratio is None else exponent + log_ratio))

    def log_density(self, features: Floats) -> Floats:
        """Return the log of the law under the views over the base's law, shape (n,)."""
        exponent = (features - self.centre) / self.scale @ self.multipliers
        return np.asarray(exponent - self.log_mean)


def entropy_pooling(
    features: Floats, targets: Floats, ops: tuple[Op, ...], log_ratio: Floats | None = None
) -> Tilt:
    """Return the tilt under which the mean of every feature meets its target.

    Parameters
    ----------
    features : ndarray of shape (n, k)
        The pool, all rows equally likely.
    targets : ndarray of shape (k,)
        What the mean of each feature must be, or must not pass.
    ops : tuple of str
        ``=``, ``>=`` or ``<=`` for each feature.
    log_ratio : ndarray of shape (n,) or None
        Log of the base's law over the law that rows were drawn from; None where they
        were drawn from the base.

    Raises
    ------
    Infeasible
        When no weights do it, with what is reached at most.
    """
    given = np.zeros(len(features)) if log_ratio is None else log_ratio
    if not ops:
        return Tilt(np.zeros(0), np.zeros(0), np.ones(0), _log_mean(given))
    centre, spread = features.mean(axis=0), features.std(axis=0)
    # A feature that never changes cannot be tilted: its target is met or it is not.
    scale = np.where(spread > 1e-12 * (1.0 + np.abs(centre)), spread, 1.0)
    unit, wanted = (features - centre) / scale, (targets - centre) / scale
    found = _solved(unit, wanted, ops, given)
    tilt = Tilt(found, centre, scale, _log_mean(unit @ found + given))
    reached = tilt.weights(features, log_ratio) @ features / len(features)
    missed = _missed((reached - targets) / scale, ops)
    if not np.all(np.isfinite(reached)) or missed.max(initial=0.0) > TOLERANCE:
        raise Infeasible(_refusal(features, targets, reached, ops, missed))
    return tilt


def _solved(unit: Floats, wanted: Floats, ops: tuple[Op, ...], given: Floats) -> Floats:
    """Return the multipliers that minimise the dual, by Newton's method within their signs.

    A step is halved until the dual falls (Bertsekas 1982 on projected Newton steps):
    paths have fat tails, and a full step can leave a single path with all the weight.
    """
    sign = np.array([{"=": 0, ">=": 1, "<=": -1}[op] for op in ops])
    multipliers = np.zeros(unit.shape[1])
    value, miss, curvature = _dual(multipliers, unit, wanted, given)
    for _ in range(_ROUNDS):
        # At zero, an inequality moves only in the direction that it may.
        free = (sign == 0) | (multipliers != 0.0) | (sign * miss < 0.0)
        if np.abs(miss[free]).max(initial=0.0) < _EXACT:
            break
        step = np.zeros(len(multipliers))
        step[free] = _newton(curvature[np.ix_(free, free)], miss[free])
        if not np.isfinite(step).all():
            break
        size = 1.0
        while size > _SMALLEST:
            trial = _within_signs(multipliers - size * step, sign)
            lower, missing, curved = _dual(trial, unit, wanted, given)
            if lower < value - 1e-4 * float(miss @ (multipliers - trial)):
                break
            size /= 2.0
        if size <= _SMALLEST or np.abs(trial).max() > _FARTHEST:
            break
        multipliers, value, miss, curvature = trial, lower, missing, curved
    return multipliers


def _dual(
    multipliers: Floats, unit: Floats, wanted: Floats, given: Floats
) -> tuple[float, Floats, Floats]:
    """Return the dual, its gradient and its curvature: the weighted mean and covariance."""
    exponent = unit @ multipliers + given
    weights = np.exp(exponent - exponent.max())
    weights /= weights.sum()
    mean = weights @ unit
    centred = unit - mean
    covariance = (centred * weights[:, None]).T @ centred
    return _log_mean(exponent) - float(multipliers @ wanted), mean - wanted, covariance


def _newton(curvature: Floats, miss: Floats) -> Floats:
    # Demands that say the same twice leave no curvature in between.
    total = float(np.trace(curvature))
    if total < _FLAT:
        return np.full(len(miss), np.inf)
    return np.asarray(np.linalg.solve(curvature + 1e-12 * total * np.eye(len(miss)), miss))


def _within_signs(multipliers: Floats, sign: Floats) -> Floats:
    return np.where(sign * multipliers < 0.0, 0.0, multipliers)


def _log_mean(exponent: Floats) -> float:
    top = float(exponent.max())
    return top + float(np.log(np.exp(exponent - top).mean()))


def _missed(miss: Floats, ops: tuple[Op, ...]) -> Floats:
    # What lies on the side that an inequality allows is not missed.
    kind = np.array(ops)
    allowed = ((kind == ">=") & (miss > 0)) | ((kind == "<=") & (miss < 0))
    return np.where(allowed, 0.0, np.abs(miss))


def _refusal(
    features: Floats, targets: Floats, reached: Floats, ops: tuple[Op, ...], missed: Floats
) -> str:
    worst = int(np.argmax(np.where(np.isfinite(missed), missed, np.inf)))
    low, high = float(features[:, worst].min()), float(features[:, worst].max())
    return (
        f"No weights make all {len(ops)} demands hold. Number {worst + 1} was to be {ops[worst]} "
        f"{targets[worst]:.4g} on average; {reached[worst]:.4g} was reached, and single paths lie "
        f"between {low:.4g} and {high:.4g}."
    )
