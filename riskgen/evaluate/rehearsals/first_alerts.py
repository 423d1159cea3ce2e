"""When each fraud customer is first alerted, with a daily budget of alerts.

The same alerts as :meth:`riskgen.evaluate.detection.alerts.Board.recall` counts, with
the event that each is for. Knows scores and boards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.evaluate.detection.alerts import CHUNK, Board, Floats, Ints

NEVER = -1


@dataclass(frozen=True, eq=False)
class FirstAlerts:
    """The event that brought each fraud customer its first alert.

    Attributes
    ----------
    entities : ndarray of shape (k,), int64
        Fraud customers, increasing.
    row : ndarray of shape (draws, k), int64
        Place among the scored rows; ``NEVER`` where no alert came on a day that counts.
    """

    entities: Ints
    row: Ints = field(repr=False)

    @classmethod
    def of(cls, board: Board, scores: Floats, budget: float, weights: Floats) -> FirstAlerts:
        """Spend a budget of alerts on each day.

        The alert of a customer-day is for its first event that scores as high as
        the last alerted customer of the day: the day's threshold.

        Parameters
        ----------
        board : Board
        scores : ndarray of shape (n_scored,)
            Higher is more suspicious.
        budget : float
            Share of the day's active customers that is alerted; fractions are saved up.
        weights : ndarray of shape (draws, n_entities)
            How often each customer is there; the budget follows.
        """
        parts = [weights[i : i + CHUNK] for i in range(0, len(weights), CHUNK)]
        rows = [_first_rows(board, scores, budget, part) for part in parts]
        return cls(board.fraud_entities, np.concatenate(rows))


def _first_rows(board: Board, scores: Floats, budget: float, weights: Floats) -> Ints:
    case = board.case_scores(scores)
    order = np.lexsort((-case, board.day))
    day, weight = board.day[order], weights[:, board.case_owner[order]]
    begin = np.flatnonzero(np.diff(day, prepend=-1))
    active = np.add.reduceat(weight, begin, axis=1)
    alerts = np.diff(np.floor(np.cumsum(budget * active, axis=1) + 1e-9), axis=1, prepend=0.0)
    ahead = np.cumsum(weight, axis=1) - weight
    ahead -= ahead[:, begin][:, day]
    alerted = ahead < alerts[:, day]
    there = np.where(alerted & (weight > 0), case[order], np.inf)
    threshold = np.minimum.reduceat(there, begin, axis=1)
    place = np.argsort(order)  # where each customer-day stands in the day's queue
    found = np.full((len(weights), board.n_fraud), NEVER, dtype=np.int64)
    column = {int(entity): k for k, entity in enumerate(board.fraud_entities)}
    ends = np.append(board.start[1:], len(scores))
    for at in np.flatnonzero(board.counts)[::-1]:  # the earliest is written last and stays
        start, stop = int(board.start[at]), int(ends[at])
        highest = np.maximum.accumulate(scores[start:stop])
        first = np.searchsorted(highest, threshold[:, board.day[at]], side="left")
        row = start + np.minimum(first, stop - start - 1)
        k = column[int(board.case_owner[at])]
        found[:, k] = np.where(alerted[:, place[at]], row, found[:, k])
    return found
