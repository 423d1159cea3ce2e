"""How a detector does on a rehearsed scenario, and how chance does.

Knows scores and boards, not which severity it looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from riskgen.evaluate.detection.alerts import Board, Floats
from riskgen.evaluate.rehearsals.cases import Ground, Part, touched
from riskgen.evaluate.rehearsals.first_alerts import NEVER, FirstAlerts
from riskgen.evaluate.rehearsals.rating import Rating
from riskgen.evaluate.rehearsals.rehearsal import marked
from riskgen.evaluate.rehearsals.toll import Aftermath, Toll, centred, mean_of
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.stressed import Stressed

Rounds = Sequence[tuple[Part, Stressed]]

CHANCE_DRAWS = 20  # sets of drawn scores that chance is the mean of [J]


@dataclass(frozen=True)
class Finding:
    """What was found of the cases of one severity.

    Attributes
    ----------
    recall : Estimate
        Share of the scenario's customers found with the alert budget.
    chance : Estimate
        The same by scores that are drawn: more events are more chances to be alerted.
    gain : Estimate
        The difference of the two on the same customers.
    toll : Toll or None
        What had happened by the first alert.
    """

    recall: Estimate
    chance: Estimate
    gain: Estimate
    toll: Toll | None = None


@dataclass(frozen=True, eq=False)
class Judge:
    """Scores, and what their alerts are counted by.

    Attributes
    ----------
    ground : Ground
        Customers, window and budget.
    rating : Rating
        Where scores come from.
    """

    ground: Ground
    rating: Rating = field(repr=False)

    def finding(self, rounds: Rounds) -> Finding:
        """Return what is found of the cases of all rounds, with intervals over customers."""
        parts, guessed = [], []
        for part, run in rounds:
            board = Board.of_events(marked(run), self.ground.window)
            parts.append(self._aftermath(board, part, run))
            guessed.append(self._guessed(board, part))
        seen = Aftermath.together(parts)
        by_chance = mean_of(np.concatenate(guessed), seen.weights)
        gain = mean_of(seen.found, seen.weights) - by_chance
        return Finding(
            seen.recall,
            centred(by_chance, seen.n, most=1.0),
            centred(gain, seen.n, least=-1.0, most=1.0),
            seen.toll,
        )

    def scores(self, part: Part, run: Stressed) -> Floats:
        """Return the score of every event; those of untouched customers are as before."""
        base, scores = self.ground.base, np.empty(run.events.n_events)
        anew = run.touched[run.events.owner]
        scores[~anew] = self.rating.calm[~run.touched[base.owner]]
        if anew.any():
            scores[anew] = self.rating.anew(part, touched(run))
        return scores

    def _aftermath(self, board: Board, part: Part, run: Stressed) -> Aftermath:
        scores, weights = self.scores(part, run)[board.scored], self.ground.weights
        first = FirstAlerts.of(board, scores, self.ground.budget, weights)
        return Aftermath.of(run.events, board, first, weights)

    def _guessed(self, board: Board, part: Part) -> Floats:
        """Return how often drawn scores find each case, shape (k,)."""
        rng = stream(self.ground.seed, "chance", part.scenario, str(part.severity), part.round)
        everyone, found = self.ground.weights[:1], np.zeros(board.n_fraud)
        for _ in range(CHANCE_DRAWS):
            scores = rng.random(len(board.owner))
            first = FirstAlerts.of(board, scores, self.ground.budget, everyone)
            found += first.row[0] != NEVER
        return found / CHANCE_DRAWS
