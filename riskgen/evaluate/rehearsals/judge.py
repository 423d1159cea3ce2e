"""How a detector does on a rehearsed scenario, and how chance does.

Knows scores and boards, not which severity it looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Window
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.detector import Detector
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.intervals import percentile_interval
from riskgen.evaluate.rehearsals.rehearsal import marked
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.stressed import Stressed

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judge:
    """The detector and what its alerts are counted by.

    Attributes
    ----------
    lens, model : Lens, Detector
        What turns events into scores.
    base : Events
        The customers before anything happens.
    window : tuple of float
        Seconds since 1970 in which alerts count.
    budget : float
        Share of the day's active customers that is alerted.
    weights : ndarray of shape (n_draws, n_entities)
        How often each customer is drawn, for intervals.
    """

    lens: Lens
    model: Detector
    base: Events
    window: Window
    budget: float
    weights: Floats

    @cached_property
    def calm(self) -> Floats:
        """The detector's score of every event of the base."""
        return self._scores(self.base)

    def seen(self, run: Stressed) -> Floats:
        """Return the detector's score of every event; only the touched are scored anew."""
        scores = np.empty(run.events.n_events)
        anew = run.touched[run.events.owner]
        scores[~anew] = self.calm[~run.touched[self.base.owner]]
        if anew.any():
            scores[anew] = self._scores(run.events.take(np.flatnonzero(run.touched)))
        return scores

    def _scores(self, events: Events) -> Floats:
        return self.model.score(self.lens.features(events))

    def recall(self, runs: Sequence[Stressed], score: Callable[[Stressed], Floats]) -> Estimate:
        """Return the mean recall over rounds, and its interval over customers."""
        boards = [Board.of_events(marked(run), self.window) for run in runs]
        scores = [score(run)[board.scored] for run, board in zip(runs, boards, strict=True)]
        pairs = list(zip(boards, scores, strict=True))
        values = [float(board.recall(found, self.budget)) for board, found in pairs]
        draws = np.stack([board.recall(found, self.budget, self.weights) for board, found in pairs])
        n = len(np.unique(np.concatenate([board.fraud_entities for board in boards])))
        known = [value for value in values if np.isfinite(value)]
        value = float(np.mean(known)) if known else float("nan")
        return percentile_interval(value, _mean_known(draws), n=n)


def drawn_scores(seed: int) -> Callable[[Stressed], Floats]:
    """Return a detector that knows nothing."""
    rng = stream(seed, "breaking point", "chance")
    return lambda run: rng.random(run.events.n_events)


def _mean_known(draws: Floats) -> Floats:
    """Return the mean over rounds (first axis) of what is known; NaN where nothing is."""
    known = np.isfinite(draws)
    count = known.sum(axis=0)
    total = np.where(known, draws, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
