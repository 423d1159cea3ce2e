"""Card precision: what a team finds that looks at a fixed number of cards every day.

Fraud Detection Handbook (Le Borgne et al. 2022), chapter 4. Knows boards and scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.alerts import CHUNK, Board

Floats = NDArray[np.float64]

CARDS = 100  # looked at every day (Fraud Detection Handbook, ch. 4)
SHARE = 0.01  # of those active, if fewer: a hundred of five hundred is no choice [J]


def card_precision(
    board: Board, scores: Floats, cards: int = CARDS, weights: Floats | None = None
) -> Floats:
    """Return the mean over days of the share of frauds among the cards looked at.

    Every day the cards with the highest scores are looked at. One that has a
    fraudulent event that day is a hit, and is gone from the next day on.

    Parameters
    ----------
    board : Board
        Days and the cards active on them.
    scores : ndarray of shape (n_scored,)
        Higher is more suspicious.
    cards : int
        Looked at every day. On a day with fewer, all are, and the precision is
        the share of frauds among them: guessing does as well there.
    weights : ndarray of shape (draws, n_entities) or None
        How often each card is there.

    Returns
    -------
    ndarray of shape () or (draws,)
        NaN where no card is active on any day.
    """
    if weights is None:
        return _precision(board, scores, cards, np.ones((1, board.n_entities))).reshape(())
    parts = [weights[i : i + CHUNK] for i in range(0, len(weights), CHUNK)]
    return np.concatenate([_precision(board, scores, cards, part) for part in parts])


def cards_a_day(boards: Sequence[Board]) -> int:
    """Return how many cards are looked at each day: 100, or 1 % of those active if fewer."""
    active = [len(board.start) / max(1, int(board.day.max(initial=0)) + 1) for board in boards]
    return int(min(CARDS, max(1, round(SHARE * float(np.mean(active))))))


def short_days(board: Board, cards: int = CARDS) -> float:
    """Return the share of days with no more active cards than are looked at.

    Nothing is chosen on them; where it is large, card precision says little.
    """
    return float(np.mean(np.bincount(board.day) <= cards))


def _precision(board: Board, scores: Floats, cards: int, weights: Floats) -> Floats:
    case, owner = board.case_scores(scores), board.case_owner
    is_fraud = np.maximum.reduceat(board.labels, board.start)
    order = np.lexsort((-case, board.day))
    ends = np.flatnonzero(np.diff(board.day[order], append=np.iinfo(np.int64).max)) + 1
    left = weights.copy()  # cards that have not been caught
    total, n_days = np.zeros(len(weights)), np.zeros(len(weights))
    for rows in np.split(order, ends[:-1]):
        weight = left[:, owner[rows]]
        ahead = np.cumsum(weight, axis=1) - weight
        seen = np.clip(cards - ahead, 0.0, weight)
        hits = seen * is_fraud[rows]
        looked = seen.sum(axis=1)
        total += hits.sum(axis=1) / np.maximum(looked, 1.0)
        n_days += looked > 0
        left[:, owner[rows]] -= hits
    return np.where(n_days > 0, total / np.maximum(n_days, 1.0), np.nan)
