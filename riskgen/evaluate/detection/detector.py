"""The detector that every arm shares: gradient-boosted trees on tabular features.

Knows matrices, weights and scores; not where the rows came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from riskgen.seeding import derived_seed, stream

Matrix = NDArray[np.float32]

MOST_NEGATIVES = 300_000  # keeps a fit within seconds; the rest are stood for by weight [J]
BINS = 255  # values that the trees tell apart in a feature (Ke et al. 2017)
BINNED_ON = 50_000  # rows that bin borders are taken from [J]


@dataclass(frozen=True, eq=False)
class Detector:
    """Fitted trees and the borders that their features are binned by.

    Attributes
    ----------
    borders : list of ndarray
        Increasing borders for each feature.
    model : HistGradientBoostingClassifier
    """

    borders: list[Matrix] = field(repr=False)
    model: HistGradientBoostingClassifier = field(repr=False)

    def score(self, features: Matrix) -> NDArray[np.float64]:
        """Return the log-odds of the positive class, shape (n,)."""
        binned = _binned(features, self.borders)
        return np.asarray(self.model.decision_function(binned), dtype=np.float64)


def fit_detector(
    features: Matrix,
    labels: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
    *,
    seed: int,
    trees: int = 100,
    leaves: int = 15,
    smallest_leaf: int = 20,
    bins: int = BINS,
) -> Detector:
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
    trees, leaves, smallest_leaf, bins : int
        Size of the model.
    """
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.1,
        max_leaf_nodes=leaves,
        max_bins=bins,
        min_samples_leaf=smallest_leaf,
        l2_regularization=1.0,
        early_stopping=False,  # its random split would mix events of one customer
        random_state=derived_seed(seed, "detector") % (2**32),
    )
    # Binned here: with weights scikit-learn's own binning takes ten times the fit.
    borders = _borders(features, bins, seed)
    return Detector(borders, model.fit(_binned(features, borders), labels, sample_weight=weights))


def _borders(features: Matrix, bins: int, seed: int) -> list[Matrix]:
    if len(features) > BINNED_ON:
        rows = stream(seed, "detector", "bins").choice(len(features), BINNED_ON, replace=False)
        features = features[rows]
    ordered = np.sort(features, axis=0)  # NaN goes last
    known = len(features) - np.isnan(features).sum(axis=0)
    return [_column_borders(ordered[:n, i], bins) for i, n in enumerate(known)]


def _column_borders(values: Matrix, bins: int) -> Matrix:
    if len(values) == 0:
        return np.zeros(0, dtype=np.float32)
    distinct = values[np.append(True, np.diff(values) > 0)]
    if len(distinct) >= bins:
        places = np.linspace(0, len(values) - 1, bins).round().astype(np.int64)
        distinct = np.unique(values[places])
    return np.asarray(distinct[1:], dtype=np.float32)


def _binned(features: Matrix, borders: list[Matrix]) -> Matrix:
    """Return the bin of each value as a float, NaN kept."""
    binned = np.empty(features.shape, dtype=np.float32)
    for i, edges in enumerate(borders):
        column = features[:, i]
        binned[:, i] = np.searchsorted(edges, column, side="right")
        binned[np.isnan(column), i] = np.nan
    return binned
