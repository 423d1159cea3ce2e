"""Logistic regression on engineered features: the plain rival of trees and networks.

A bank that needs coefficients to show runs this one. Knows matrices, weights and names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from riskgen.data.events import Events
from riskgen.evaluate.detection.engineered import Engineered, thinned
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.features.cache import FeatureCache
from riskgen.evaluate.features.rows import Lens

Matrix = NDArray[np.float32]

MOST_NEGATIVES = 100_000  # a hundred coefficients are known well from fewer than trees want [J]
CLIPPED = 0.001  # share of values in either tail that are drawn in: no outlier may rule [J]
PENALTY = 1.0  # C of scikit-learn, on standardised features [J]


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """The family of penalised logistic regressions on standardised features.

    Attributes
    ----------
    lens : Lens or None
        How events become rows; None reads the levels off the first lesson.
    most_negatives : int
        Rows without a label that are fitted to; the rest are stood for by weight.
    without : frozenset of str
        Names of features to leave out.
    cache : FeatureCache
        May be shared with other families.
    """

    lens: Lens | None = None
    most_negatives: int = MOST_NEGATIVES
    without: frozenset[str] = frozenset()
    cache: FeatureCache = field(default_factory=FeatureCache, repr=False)
    name: str = "logistic regression"

    def fit(self, lessons: Sequence[Lesson], *, seed: int) -> LogisticScorer:
        """Return coefficients fitted to the rows that count; same seed, same scores.

        Raises
        ------
        NotApplicable
            When not both classes occur among rows that count.
        """
        lens = Lens.of(lessons[0].events) if self.lens is None else self.lens
        engineered = Engineered(lens, self.without, self.cache)
        rows = thinned(engineered.rows(lessons), self.most_negatives, seed=seed)
        model = _pipeline(engineered.names(lessons[0].events))
        model.fit(rows.features, rows.labels, logisticregression__sample_weight=rows.weights)
        return LogisticScorer(engineered, model)


@dataclass(frozen=True, eq=False)
class LogisticScorer:
    """Fitted coefficients and the features that they weigh."""

    engineered: Engineered
    model: Pipeline

    def score(self, events: Events) -> NDArray[np.float64]:
        """Return the log-odds of each row."""
        found = self.model.decision_function(self.engineered.of(events))
        return np.asarray(found, dtype=np.float64)


class QuantileClip(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Draws values beyond a low and a high quantile of each column in to them."""

    def fit(self, values: Matrix, labels: object = None) -> Self:
        """Learn the quantiles of each column."""
        self.low_, self.high_ = np.quantile(values, [CLIPPED, 1.0 - CLIPPED], axis=0)
        return self

    def transform(self, values: Matrix) -> Matrix:
        """Return the values, clipped."""
        return np.clip(values, self.low_, self.high_)


def _pipeline(names: list[str]) -> Pipeline:
    """Return imputation, clipping, scaling and regression; levels become indicators.

    Their statistics are of rows, not of weights: arms that weigh the same rows
    differently are scaled alike.
    """
    is_level = np.array([name.endswith(".level") for name in names])
    numeric = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileClip(),
        StandardScaler(),
    )
    prepared = ColumnTransformer(
        [
            ("numbers", numeric, np.flatnonzero(~is_level)),
            ("levels", OneHotEncoder(handle_unknown="ignore"), np.flatnonzero(is_level)),
        ],
        sparse_threshold=0.0,
    )
    # Newton's method: lbfgs needs hundreds of rounds on features that repeat one another.
    return make_pipeline(prepared, LogisticRegression(C=PENALTY, solver="newton-cholesky"))
