"""How a detector does on the real test: what the rehearsals are to be read beside.

Knows scores of one partition, not whose they are. Nothing is tuned on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.data.split import Window
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.detection.alerts import Board, Floats
from riskgen.evaluate.intervals import percentile_interval, resampling_weights
from riskgen.evaluate.rehearsals.breaking_point import FEWEST_CASES
from riskgen.evaluate.rehearsals.first_alerts import FirstAlerts
from riskgen.evaluate.rehearsals.judge import CHANCE_DRAWS
from riskgen.evaluate.rehearsals.toll import Aftermath, Toll, centred, plain_estimate
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream

DRAWS = 1_000


@dataclass(frozen=True)
class RealTest:
    """What a detector finds of the real frauds of the test.

    Attributes
    ----------
    recall, chance, gain : Estimate
        Share of fraud customers found with the alert budget; by drawn scores; the difference.
    precision : Estimate
        Average precision of rows; ``prevalence`` is what drawn scores have.
    prevalence : float
    n_entities : int
        Customers of the test.
    budget : float
        Share of (the day's active) customers that is alerted.
    toll : Toll or None
        What had happened by the first alert, where the table has events and amounts.
    """

    recall: Estimate
    chance: Estimate
    gain: Estimate
    precision: Estimate
    prevalence: float
    n_entities: int
    budget: float
    toll: Toll | None

    @property
    def n_fraud(self) -> int:
        """Fraud customers in the window."""
        return self.recall.n or 0

    def sentence(self) -> str:
        """Say what was found, beside chance."""
        seen, blind = self.recall, self.chance
        text = (
            f"On the real test ({self.n_entities:,} customers, {self.n_fraud} of them fraud), with "
            f"{self.budget:.2%} alerted, it finds {seen.value:.2f} [{seen.lower:.2f}, "
            f"{seen.upper:.2f}] of them; drawn scores find {blind.value:.2f}."
        )
        if self.n_fraud < FEWEST_CASES:
            return f"{text} Too few to say more: at least {FEWEST_CASES} are needed."
        better = self.gain.lower is not None and self.gain.lower > 0
        return text if better else f"{text} The interval does not rule out chance."

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        names = ("recall", "chance", "gain", "precision")
        return {
            **{name: plain_estimate(getattr(self, name)) for name in names},
            "prevalence": self.prevalence,
            "n_entities": self.n_entities,
            "n_fraud": self.n_fraud,
            "budget": self.budget,
            "toll": None if self.toll is None else self.toll.facts(),
            "sentence": self.sentence(),
        }


def real_test(
    events: Events, window: Window, scores: Floats, *, budget: float, seed: int
) -> RealTest:
    """Meet the real test with scores.

    Parameters
    ----------
    events : Events
        The test, with labels.
    window : tuple of float
        Seconds since 1970 in which alerts count, where labels are by event.
    scores : ndarray of shape (n_events,) or (n_entities,)
        One for each event, or for each entity where the label is one for an entity.
    budget : float
        Share of (the day's active) customers that is alerted.
    seed : int
        Same seed, same intervals.

    Raises
    ------
    NotApplicable
        When no labelled customer falls into the window.
    """
    by_event = events.schema.label_level == "event"
    board = Board.of_events(events, window) if by_event else Board.of_entities(events)
    if board.n_fraud == 0:
        raise NotApplicable("No labelled customer falls into the test window.")
    seen, n = scores[board.scored], board.n_entities
    drawn = resampling_weights(n, DRAWS, stream(seed, "real test"))
    weights = np.concatenate([np.ones((1, n)), drawn])
    rng = stream(seed, "real test", "chance")
    blind = np.array(
        [float(board.recall(rng.random(len(seen)), budget)) for _ in range(CHANCE_DRAWS)]
    )
    recalls = board.recall(seen, budget, weights)
    chance = Estimate(float(blind.mean()), n=board.n_fraud)
    precision = board.average_precision(seen, weights)
    return RealTest(
        centred(recalls, board.n_fraud, most=1.0),
        chance,
        centred(recalls - chance.value, board.n_fraud, least=-1.0, most=1.0),
        percentile_interval(float(precision[0]), precision[1:], n=board.n_fraud),
        float(board.labels.mean()),
        n,
        budget,
        _toll(events, board, seen, budget, weights) if by_event else None,
    )


def _toll(
    events: Events, board: Board, scores: Floats, budget: float, weights: Floats
) -> Toll | None:
    try:
        first = FirstAlerts.of(board, scores, budget, weights)
        return Aftermath.of(events, board, first, weights).toll
    except ScenarioError:  # no column means an amount
        return None
