"""The detector that every arm shares: gradient-boosted trees on tabular features.

Knows matrices, weights and scores; not where the rows came from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from riskgen.seeding import derived_seed, stream

MOST_NEGATIVES = 300_000  # keeps a fit within seconds; the rest are stood for by weight [J]


def fit_detector(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
    *,
    seed: int,
    trees: int = 120,
    leaves: int = 31,
    smallest_leaf: int = 20,
) -> HistGradientBoostingClassifier:
    """Return histogram gradient boosting (Ke et al. 2017) fitted to rows with weights.

    Parameters
    ----------
    features : ndarray of shape (n, k), float32
        NaN is a value of its own.
    labels : ndarray of shape (n,), bool
        Both classes must occur.
    weights : ndarray of shape (n,) or None
        Row weights.
    seed : int
        Names the model; fits are the same for the same seed.
    trees, leaves, smallest_leaf : int
        Size of the model.
    """
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.1,
        max_leaf_nodes=leaves,
        min_samples_leaf=smallest_leaf,
        l2_regularization=1.0,
        early_stopping=False,  # its random split would mix events of one customer
        random_state=derived_seed(seed, "detector") % (2**32),
    )
    return model.fit(features, labels, sample_weight=weights)


def score(
    model: HistGradientBoostingClassifier, features: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the log-odds of the positive class, shape (n,)."""
    return np.asarray(model.decision_function(features), dtype=np.float64)


def fewer_negatives(
    labels: NDArray[np.bool_], *, seed: int, most: int = MOST_NEGATIVES
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rows to train on and their weights: all positives, at most ``most`` negatives.

    The kept negatives weigh as much as all of them, so the base rate stays.
    """
    negatives = np.flatnonzero(~labels)
    if len(negatives) <= most:
        return np.arange(len(labels)), np.ones(len(labels))
    kept = stream(seed, "fewer negatives").choice(negatives, most, replace=False)
    rows = np.sort(np.concatenate([np.flatnonzero(labels), kept]))
    return rows, np.where(labels[rows], 1.0, len(negatives) / most)
