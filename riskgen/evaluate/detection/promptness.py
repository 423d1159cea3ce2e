"""How long a fraud goes on before somebody is told, and what it takes until then.

Knows boards, scores, times and amounts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.alerts import Board

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Promptness:
    """When each fraud customer of the window was found.

    Attributes
    ----------
    entities : ndarray of shape (n_fraud,), int64
    found : ndarray of shape (n_fraud,), bool
        The others are censored: nobody knows when they would have been found.
    events : ndarray of shape (n_fraud,)
        Events of the customer from the first fraudulent one to the alert; 0 when
        that one raised it. NaN where not found.
    hours : ndarray of shape (n_fraud,)
        The same in hours.
    lost, money : ndarray of shape (n_fraud,)
        Fraudulent money moved before the event that raised the alert, all of it
        where not found; and in the whole window.
    """

    entities: Ints = field(repr=False)
    found: Flags = field(repr=False)
    events: Floats = field(repr=False)
    hours: Floats = field(repr=False)
    lost: Floats = field(repr=False)
    money: Floats = field(repr=False)

    def undetected(self, weights: Floats | None = None) -> Floats:
        """Return the share of fraud customers never found; NaN where there are none.

        Parameters
        ----------
        weights : ndarray of shape (draws, n_entities) or None
            How often each entity of the partition is there. Alerts stay as they
            were raised in the whole partition.

        Returns
        -------
        ndarray of shape () or (draws,)
        """
        return self._share((~self.found).astype(np.float64), np.ones(len(self.found)), weights)

    def money_lost(self, weights: Floats | None = None) -> Floats:
        """Return the share of fraudulent money that was gone before the first alert."""
        return self._share(self.lost, self.money, weights)

    def median_events(self, weights: Floats | None = None) -> Floats:
        """Return the median number of events until the alert, among customers found."""
        return self._median(self.events, weights)

    def median_hours(self, weights: Floats | None = None) -> Floats:
        """Return the median hours until the alert, among customers found."""
        return self._median(self.hours, weights)

    def _weights(self, weights: Floats | None) -> Floats:
        return np.ones((1, len(self.found))) if weights is None else weights[:, self.entities]

    def _share(self, part: Floats, whole: Floats, weights: Floats | None) -> Floats:
        weight = self._weights(weights)
        total = weight @ whole
        share = np.where(total > 0, weight @ part / np.where(total > 0, total, 1.0), np.nan)
        return share.reshape(()) if weights is None else share

    def _median(self, values: Floats, weights: Floats | None) -> Floats:
        order = np.flatnonzero(self.found)[np.argsort(values[self.found], kind="stable")]
        weight = self._weights(weights)[:, order]
        if not len(order):
            medians = np.full(len(weight), np.nan)
        else:
            medians = _weighted_median(values[order], weight)
        return medians.reshape(()) if weights is None else medians


def promptness(
    board: Board, scores: Floats, seconds: Floats, amounts: Floats, budget: float
) -> Promptness:
    """Return when each fraud customer was found with a daily budget of alerts.

    A day's alerts go to the customers above some score; a customer is found by
    the first event, not before the first fraudulent one, that reaches it on a day
    that counts. An earlier event of the same day that did so found the customer at once.

    Parameters
    ----------
    scores, seconds, amounts : ndarray of shape (n_scored,)
        Of the scored rows; times in seconds since 1970.
    budget : float
        As of :meth:`~riskgen.evaluate.detection.alerts.Board.recall`.
    """
    first = _first_fraud(board)
    raising = _raising(board, scores, budget)
    raising = np.where(raising < 0, -1, np.maximum(raising, first))
    found = raising >= 0
    moved = np.abs(np.nan_to_num(amounts)) * board.labels
    total = np.concatenate([[0.0], np.cumsum(moved)])
    who = board.fraud_entities
    begin = np.searchsorted(board.owner, who)
    end = np.searchsorted(board.owner, who, side="right")
    until = np.where(found, raising, end)
    hours = (seconds[np.maximum(raising, 0)] - seconds[first]) / 3_600.0
    return Promptness(
        entities=who,
        found=found,
        events=np.where(found, raising - first, np.nan).astype(np.float64),
        hours=np.where(found, hours, np.nan),
        lost=total[until] - total[begin],
        money=total[end] - total[begin],
    )


def _first_fraud(board: Board) -> Ints:
    """Return the row of the first fraudulent event of each fraud entity."""
    rows = np.flatnonzero(board.labels)
    _, place = np.unique(board.owner[rows], return_index=True)
    return np.asarray(rows[place], dtype=np.int64)


def _raising(board: Board, scores: Floats, budget: float) -> Ints:
    """Return the row that raised the first alert of each fraud entity, -1 if none did."""
    case, alerted = board.case_scores(scores), board.alerted(scores, budget) > 0
    bound = np.full(int(board.day.max(initial=-1)) + 1, np.inf)
    np.minimum.at(bound, board.day[alerted], case[alerted])
    ends = np.append(board.start[1:], len(board.owner))
    of_row = np.repeat(np.arange(len(case)), ends - board.start)
    usable = (alerted & board.counts)[of_row] & (scores >= bound[board.day[of_row]])
    rows = np.flatnonzero(usable)
    found = np.full(board.n_entities, -1, dtype=np.int64)
    who, place = np.unique(board.owner[rows], return_index=True)
    found[who] = rows[place]
    return found[board.fraud_entities]


def _weighted_median(values: Floats, weight: Floats) -> Floats:
    """Return the middle of sorted values for each row of weights; NaN without weight."""
    total, running = weight.sum(axis=1), np.cumsum(weight, axis=1)
    low = np.argmax(running >= total[:, None] / 2, axis=1)
    high = np.argmax(running > total[:, None] / 2, axis=1)
    middle = (values[low] + values[high]) / 2
    return np.where(total > 0, middle, np.nan)
