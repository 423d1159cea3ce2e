"""How well scores of entities tell those who default from those who do not.

For one label an entity, vintage by vintage (PROTOCOL B2). Knows scores, labels
and weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc
from sklearn.isotonic import isotonic_regression

from riskgen.data.events import Events, edges

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Measure = Callable[[Floats, Flags, Floats | None], Floats]


def area(scores: Floats, labels: Flags, weights: Floats | None = None) -> Floats:
    """Return the area under the ROC curve; ties count half.

    Parameters
    ----------
    scores : ndarray of shape (n_entities,)
        Higher is riskier.
    labels : ndarray of shape (n_entities,), bool
    weights : ndarray of shape (draws, n_entities) or None
        How often each entity is there.

    Returns
    -------
    ndarray of shape () or (draws,)
        NaN with one class only.
    """
    bad, good = _counts(scores, labels, weights)
    below = np.cumsum(good, axis=1) - good / 2
    total = bad.sum(axis=1) * good.sum(axis=1)
    found = np.where(total > 0, (bad * below).sum(axis=1) / np.maximum(total, 1.0), np.nan)
    return found.reshape(()) if weights is None else found


def gini(scores: Floats, labels: Flags, weights: Floats | None = None) -> Floats:
    """Return twice the area minus one, as credit risk quotes it; see :func:`area`."""
    return np.asarray(2.0 * area(scores, labels, weights) - 1.0)


def kolmogorov_smirnov(scores: Floats, labels: Flags, weights: Floats | None = None) -> Floats:
    """Return the largest distance between the two distributions; see :func:`area`."""
    bad, good = _counts(scores, labels, weights)
    n_bad, n_good = bad.sum(axis=1), good.sum(axis=1)
    gap = np.cumsum(good, axis=1) / np.maximum(n_good, 1.0)[:, None]
    gap = gap - np.cumsum(bad, axis=1) / np.maximum(n_bad, 1.0)[:, None]
    found = np.where(n_bad * n_good > 0, np.abs(gap).max(axis=1, initial=0.0), np.nan)
    return found.reshape(()) if weights is None else found


def h_measure(
    scores: Floats,
    labels: Flags,
    weights: Floats | None = None,
    prior: tuple[float, float] | None = None,
) -> Floats:
    """Return the H-measure: the share of the expected loss that the scores save.

    Hand (2009): unlike the area, every detector is judged by the same distribution
    of costs. 1 is perfect, 0 is as good as treating everybody alike.

    Parameters
    ----------
    scores, labels, weights
        As of :func:`area`.
    prior : tuple of two floats, or None
        Of the Beta distribution of the cost of alerting a good entity, relative to
        both costs: ``(2, 2)`` as in Hand (2009); None takes (1 + p, 2 - p) for a
        share p of bad ones, as Hand & Anagnostopoulos (2014) recommend.

    Returns
    -------
    ndarray of shape () or (draws,)
        NaN with one class only.
    """
    bad, good = _counts(scores, labels, weights)
    found = np.array([_h(b, g, prior) for b, g in zip(bad, good, strict=True)])
    return found.reshape(()) if weights is None else found


def vintages(events: Events) -> list[str]:
    """Return the quarter of each entity's first event, as ``2025Q3``, shape (n_entities,)."""
    month = edges(events)[0].astype("M8[s]").astype("M8[M]").astype(np.int64)
    return [f"{1970 + m // 12}Q{m % 12 // 3 + 1}" for m in month]


def by_vintage(
    measure: Measure,
    scores: Floats,
    labels: Flags,
    vintage: list[str],
    weights: Floats | None = None,
) -> dict[str, Floats]:
    """Return a measure of each vintage alone, in order of time.

    Parameters
    ----------
    measure : callable
        One of this file, taking scores, labels and weights.
    vintage : list of str
        Of each entity, such that text order is order of time.
    """
    which, found = np.array(vintage), {}
    for name in sorted(set(vintage)):
        rows = which == name
        part = None if weights is None else weights[:, rows]
        found[name] = measure(scores[rows], labels[rows], part)
    return found


def _counts(scores: Floats, labels: Flags, weights: Floats | None) -> tuple[Floats, Floats]:
    """Return bad and good entities at each distinct score, lowest first, (draws, n)."""
    weight = np.ones((1, len(scores))) if weights is None else weights
    if len(scores) == 0:
        return np.zeros((len(weight), 0)), np.zeros((len(weight), 0))
    order = np.argsort(scores, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(scores[order]) > 0))
    bad = np.add.reduceat((weight * labels)[:, order], first, axis=1)
    good = np.add.reduceat((weight * ~labels)[:, order], first, axis=1)
    return bad, good


def _h(bad: Floats, good: Floats, prior: tuple[float, float] | None) -> float:
    n_bad, n_good = float(bad.sum()), float(good.sum())
    if n_bad == 0 or n_good == 0:
        return float("nan")
    rate = n_bad / (n_bad + n_good)
    a, b = (1.0 + rate, 2.0 - rate) if prior is None else prior
    # Pooling adjacent violators gives the risk of each group on the hull of the ROC curve:
    # a group is treated as bad while the relative cost of doing so is below its risk.
    there = bad + good > 0
    group = (bad + good)[there]
    risk = isotonic_regression((bad / np.maximum(bad + good, 1e-300))[there], sample_weight=group)
    loss = float((group * _expected(risk, risk, a, b)).sum()) / (n_bad + n_good)
    worst = float(_expected(np.array([rate]), np.array([rate]), a, b)[0])
    return 1.0 - loss / worst


def _expected(risk: Floats, border: Floats, a: float, b: float) -> Floats:
    """Return the loss of treating a member as bad at costs below ``border``, else as good.

    The integral over c ~ Beta(a, b) of c (1 - risk) below the border and of
    (1 - c) risk above it.
    """
    mean = a / (a + b)
    below, moment = betainc(a, b, border), mean * betainc(a + 1.0, b, border)
    return np.asarray((1.0 - risk) * moment + risk * ((1.0 - below) - (mean - moment)))
