"""What a detector is taught, whatever kind of detector it is.

Knows events and weights of rows; neither features nor networks. Every kind of
detector is trained on the same lessons, so that arms differ in data alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Whole histories, and how much each row counts.

    Attributes
    ----------
    events : Events
        Labelled; earlier events of an entity are the past that later ones are seen with.
    weights : ndarray of shape (n_rows,)
        One for each event, or for each entity where the label is one for an entity.
        0 where a row is only history to others: nothing is learned from it.
    """

    events: Events = field(repr=False)
    weights: Floats = field(repr=False)

    @classmethod
    def whole(cls, events: Events) -> Lesson:
        """Return a lesson of which every row counts once."""
        by_entity = events.schema.label_level == "entity"
        n = events.n_entities if by_entity else events.n_events
        return cls(events, np.ones(n))

    @property
    def labels(self) -> NDArray[np.bool_]:
        """The label of each row."""
        by_entity = self.events.schema.label_level == "entity"
        return self.events.entity_label() if by_entity else self.events.event_label()

    def weighing(self, factor: Floats | float) -> Lesson:
        """Return the same histories with weights multiplied."""
        return Lesson(self.events, self.weights * factor)


class Scorer(Protocol):
    """A detector that has been trained."""

    def score(self, events: Events) -> Floats:
        """Return the log-odds of each row (event, or entity), higher is more suspicious."""


class DetectorFamily(Protocol):
    """A kind of detector."""

    @property
    def name(self) -> str:
        """As a reader knows it: ``gradient boosting``."""

    def fit(self, lessons: Sequence[Lesson], *, seed: int) -> Scorer:
        """Return a detector trained on all lessons together; same seed, same scores.

        Raises
        ------
        NotApplicable
            When not both classes occur among rows that count.
        """
