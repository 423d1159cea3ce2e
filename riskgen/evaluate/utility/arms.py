"""One way to train a detector: PROTOCOL B1.

Arms share detector, validation and test; only training differs. An arm says what
is taught, setting by setting; validation chooses the setting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np

from riskgen.data.events import Events
from riskgen.evaluate.detection.lesson import DetectorFamily, Floats, Lesson, Scorer

Kind = Literal["real", "placebo", "rival", "synthetic"]
"""``real``: the cheap baselines. ``placebo`` and ``rival``: what an effect must be told
from before it is anybody's merit. ``synthetic``: what riskgen offers."""

Training = Callable[[DetectorFamily, int], Scorer]
"""Trains a detector of a family with a seed."""

RATIOS = (1, 5, 20, 50)  # synthetic to real fraud entities (PROTOCOL B1, UTILITY "Ratio")


@dataclass(frozen=True, eq=False)
class Arm:
    """One way to train.

    Attributes
    ----------
    id, title : str
        ``R0`` and so on, and what it is.
    kind : str
        What the arm is for; see :data:`Kind`.
    options : dict of str to callable
        How to train in each setting; validation chooses among them.
    note : str
        What the reader must know of it.
    """

    id: str
    title: str
    kind: Kind
    options: dict[str, Training] = field(repr=False)
    note: str = ""


@dataclass(frozen=True, eq=False)
class Addition:
    """Simulated customers that can be taught in part.

    Attributes
    ----------
    lesson : Lesson
        All of them.
    rank : ndarray of shape (n_rows,)
        Place of each row's entity among those of its kind, 0 to 1.
    """

    lesson: Lesson
    rank: Floats = field(repr=False)

    @classmethod
    def of(cls, events: Events, weights: Floats | None = None, rank: Floats | None = None) -> Self:
        """Return an addition of events; entities rank in their order unless told.

        Parameters
        ----------
        events : Events
            Simulated customers.
        weights : ndarray of shape (n_rows,) or None
            As in :class:`Lesson`; every row counts once when None.
        rank : ndarray of shape (n_entities,) or None
            Place of each entity, 0 to 1.
        """
        lesson = Lesson.whole(events)
        if weights is not None:
            lesson = Lesson(events, weights)
        place = np.arange(events.n_entities) / max(1, events.n_entities) if rank is None else rank
        by_entity = events.schema.label_level == "entity"
        return cls(lesson, place if by_entity else place[events.owner])

    def leading(self, share: float) -> Lesson:
        """Return the first ``share`` (0..1) of the entities of each kind."""
        return self.lesson.weighing((self.rank < share).astype(np.float64))

    def half(self) -> Addition:
        """Return the first half of the entities of each kind, ranked anew."""
        return Addition(self.lesson.weighing((self.rank < 0.5).astype(np.float64)), 2.0 * self.rank)


def taught(lessons: Callable[[], Sequence[Lesson]]) -> Training:
    """Return training on what ``lessons`` makes, once it is asked for."""
    return lambda family, seed: family.fit(lessons(), seed=seed)


def added_to(
    real: Lesson, additions: Sequence[Addition], ratios: Sequence[int]
) -> dict[str, Training]:
    """Return the options of an arm that adds simulated customers, as many for each ratio.

    Parameters
    ----------
    real : Lesson
        What every arm learns from.
    additions : sequence of Addition
        As many as the highest ratio asks for.
    ratios : sequence of int
        Simulated to real fraud customers.
    """

    def option(ratio: int) -> Training:
        share = ratio / max(ratios)
        return taught(lambda: [real, *(item.leading(share) for item in additions)])

    return {f"{ratio}:1": option(ratio) for ratio in ratios}
