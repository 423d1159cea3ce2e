"""A recurrent network on raw sequences, taught by lessons.

It is shown each event and nothing that was added up before; what a customer's
past means it has to find out itself. Knows events, lessons and networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.detection.engineered import check_both_classes
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.detection.recurrent_network import EventReader
from riskgen.evaluate.detection.recurrent_training import Course, logits, train
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.features.sequence import WIDEST, SequenceFeatures, sequence_features
from riskgen.models.threads import one_thread
from riskgen.seeding import torch_fence

Floats = NDArray[np.float64]

HIDDEN = 64  # PROTOCOL B1
EPOCHS = 16  # at most


@dataclass(frozen=True, eq=False)
class RecurrentNetwork:
    """The family of gated recurrent networks.

    Attributes
    ----------
    lens : Lens or None
        Where the label sits and which levels have a name; None reads the levels
        off the first lesson.
    hidden : int
        Units.
    epochs : int
        Passes over the lessons at most.
    """

    lens: Lens | None = None
    hidden: int = HIDDEN
    epochs: int = EPOCHS
    name: str = "recurrent network"

    def fit(self, lessons: Sequence[Lesson], *, seed: int) -> RecurrentScorer:
        """Return a network trained on the rows that count; same seed, same scores.

        Raises
        ------
        NotApplicable
            When not both classes occur among rows that count.
        """
        check_both_classes(lessons)
        lens = Lens.of(lessons[0].events) if self.lens is None else self.lens
        parts = [_part(lesson, lens) for lesson in lessons if lesson.weights.any()]
        numbers = np.concatenate([part.features.numbers for part in parts]).astype(np.float64)
        spread = numbers.std(axis=0)
        ruler = Ruler(numbers.mean(axis=0), np.where(spread > 0, spread, 1.0))
        course = _joined(parts, ruler)
        with one_thread(), torch_fence(seed, "recurrent detector"):
            network = EventReader(course.features.sizes, numbers.shape[1], self.hidden)
            train(network, course, epochs=self.epochs, seed=seed)
        return RecurrentScorer(lens, ruler, network)


@dataclass(frozen=True, eq=False)
class Ruler:
    """Mean and spread that numbers are standardised by, shape (n_numbers,) each."""

    mean: Floats = field(repr=False)
    spread: Floats = field(repr=False)

    def measured(self, features: SequenceFeatures) -> SequenceFeatures:
        """Return features with their numbers standardised."""
        scaled = np.clip((features.numbers - self.mean) / self.spread, -WIDEST, WIDEST)
        return features.showing(scaled.astype(np.float32))


@dataclass(frozen=True, eq=False)
class RecurrentScorer:
    """A trained network and what its input is measured by."""

    lens: Lens
    ruler: Ruler
    network: EventReader

    def score(self, events: Events) -> Floats:
        """Return the log-odds of each row: of events, or of entities after their last event."""
        features = self.ruler.measured(sequence_features(events, self.lens.levels, dated=False))
        with one_thread():
            found = logits(self.network, features)
        return found if self.lens.level == "event" else found[events.offsets[1:] - 1]


def _part(lesson: Lesson, lens: Lens) -> Course:
    """Return the sequences of a lesson that something is learned from."""
    events, labels, weights = lesson.events, lesson.labels, lesson.weights
    if lens.level == "entity":
        last = events.offsets[1:] - 1  # the label of an entity is asked for at its last event
        labels, weights = np.zeros(events.n_events, bool), np.zeros(events.n_events)
        labels[last], weights[last] = lesson.labels, lesson.weights
    counts = np.flatnonzero(np.add.reduceat(weights, events.offsets[:-1]) > 0)
    features = sequence_features(events, lens.levels, dated=False)
    rows = features.rows(counts)
    return Course(features.take(counts), labels[rows], weights[rows])


def _joined(parts: Sequence[Course], ruler: Ruler) -> Course:
    features = [ruler.measured(part.features) for part in parts]
    ends = np.cumsum([0, *(len(part.labels) for part in parts)])
    offsets = [part.offsets[1:] + end for part, end in zip(features, ends[:-1], strict=True)]
    return Course(
        SequenceFeatures(
            np.concatenate([part.codes for part in features]),
            features[0].sizes,
            np.concatenate([part.numbers for part in features]),
            np.concatenate([[0], *offsets]).astype(np.int64),
        ),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
