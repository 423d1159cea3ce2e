"""Gradient boosting on engineered features, taught by lessons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.detection.detector import MOST_NEGATIVES, Detector, fit_detector
from riskgen.evaluate.detection.engineered import Engineered, thinned
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.features.cache import FeatureCache
from riskgen.evaluate.features.rows import Lens, Rows


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """The family of :func:`~riskgen.evaluate.detection.detector.fit_detector`.

    Attributes
    ----------
    lens : Lens or None
        How events become rows; None reads the levels off the first lesson, which
        is then different between sets of lessons that begin differently.
    trees : int
        Fewer make a draft.
    most_negatives : int
        Rows without a label that are fitted to; the rest are stood for by weight.
    without : frozenset of str
        Names of features to leave out.
    cache : FeatureCache
        May be shared with other families.
    """

    lens: Lens | None = None
    trees: int = 100
    most_negatives: int = MOST_NEGATIVES
    without: frozenset[str] = frozenset()
    cache: FeatureCache = field(default_factory=FeatureCache, repr=False)
    name: str = "gradient boosting"

    def fit(self, lessons: Sequence[Lesson], *, seed: int) -> TreeScorer:
        """Return trees fitted to the rows that count; same seed, same scores.

        Raises
        ------
        NotApplicable
            When not both classes occur among rows that count.
        """
        return self.fit_rows(self.rows(lessons, seed=seed), seed=seed, lens=self._lens(lessons))

    def rows(self, lessons: Sequence[Lesson], *, seed: int) -> Rows:
        """Return the rows that are fitted to, thinned; raises as :meth:`fit`."""
        engineered = Engineered(self._lens(lessons), self.without, self.cache)
        return thinned(engineered.rows(lessons), self.most_negatives, seed=seed)

    def fit_rows(self, rows: Rows, *, seed: int, lens: Lens | None = None) -> TreeScorer:
        """Return trees fitted to rows of features, which somebody may have changed.

        ``lens`` is what later events are seen through, the family's own when None.
        """
        seen = lens or self.lens
        assert seen is not None
        model = fit_detector(rows.features, rows.labels, rows.weights, seed=seed, trees=self.trees)
        return TreeScorer(Engineered(seen, self.without, self.cache), model)

    def _lens(self, lessons: Sequence[Lesson]) -> Lens:
        return Lens.of(lessons[0].events) if self.lens is None else self.lens


@dataclass(frozen=True, eq=False)
class TreeScorer:
    """Fitted trees and the features that they read."""

    engineered: Engineered
    model: Detector

    def score(self, events: Events) -> NDArray[np.float64]:
        """Return the log-odds of each row."""
        return self.model.score(self.engineered.of(events))
