"""What lessons come to for a detector that reads engineered features.

Knows lessons, features and weights; not what kind of detector is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.features.cache import FeatureCache
from riskgen.evaluate.features.rows import Lens, Rows
from riskgen.seeding import stream


@dataclass(frozen=True, eq=False)
class Engineered:
    """Engineered features through one lens, some of them left out.

    Attributes
    ----------
    lens : Lens
        How events become rows.
    without : frozenset of str
        Names of features that the detector must do without (PROTOCOL B5, L10).
    cache : FeatureCache
        Shared by all who read the same tables.
    """

    lens: Lens
    without: frozenset[str] = frozenset()
    cache: FeatureCache = field(default_factory=FeatureCache, repr=False)

    def names(self, events: Events) -> list[str]:
        """Return the names of the features that are left."""
        return [name for name in self.cache.table(events, self.lens)[1] if name not in self.without]

    def of(self, events: Events) -> NDArray[np.float32]:
        """Return the features of each row, shape (n_rows, k)."""
        matrix, names = self.cache.table(events, self.lens)
        if not self.without:
            return matrix
        return matrix[:, [name not in self.without for name in names]]

    def rows(self, lessons: Sequence[Lesson]) -> Rows:
        """Return the rows of all lessons that count for something.

        Raises
        ------
        NotApplicable
            When not both classes occur among them.
        """
        check_both_classes(lessons)
        parts = [(lesson, lesson.weights > 0) for lesson in lessons]
        return Rows(
            np.concatenate([self.of(lesson.events)[keep] for lesson, keep in parts]),
            np.concatenate([lesson.labels[keep] for lesson, keep in parts]),
            np.concatenate([lesson.weights[keep] for lesson, keep in parts]),
        )


def check_both_classes(lessons: Sequence[Lesson]) -> None:
    """Raise NotApplicable when the rows that count are all of one class, or none."""
    found = [lesson.labels[lesson.weights > 0] for lesson in lessons]
    n_fraud = sum(int(labels.sum()) for labels in found)
    n_rows = sum(len(labels) for labels in found)
    if n_fraud in (0, n_rows):
        raise NotApplicable(
            f"A detector needs labelled and unlabelled rows to learn from; {n_fraud} of "
            f"{n_rows} rows are labelled. Check the label column and the split."
        )


def thinned(rows: Rows, most: int, *, seed: int) -> Rows:
    """Return all positives and at most ``most`` negatives that weigh as much as all of them."""
    negatives = np.flatnonzero(~rows.labels)
    if len(negatives) <= most:
        return rows
    kept = stream(seed, "thinned negatives").choice(negatives, most, replace=False)
    factor = rows.weights[negatives].sum() / rows.weights[kept].sum()
    chosen = np.sort(np.concatenate([np.flatnonzero(rows.labels), kept]))
    labels = rows.labels[chosen]
    weights = rows.weights[chosen] * np.where(labels, 1.0, factor)
    return Rows(rows.features[chosen], labels, weights)
