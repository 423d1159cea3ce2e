"""What a detector's scores are worth to the people who work its alerts.

PROTOCOL B2: a budget of alerts a day, natural prevalence, customers as units.
Knows scores and who is whose, not features, models or arms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.evaluate.detection.race import Race, counted, precision_area
from riskgen.evaluate.result import Curve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Window = tuple[float, float]

CHUNK = 50  # resamples held in memory together, each with all customer-days
MANY = 500  # the same where only counts between hits are held


@dataclass(frozen=True, eq=False)
class Board:
    """Rows that are scored, and the customer-days that alerts are raised for.

    An alert counts as a detection when it is raised for a fraud customer on a
    day from the first to the last of its fraudulent events inside the window;
    an alert before, or long after, is no merit of the detector.

    Attributes
    ----------
    scored : ndarray of shape (n_rows,), bool
        Which rows of the features are inside the window.
    labels : ndarray of shape (n_scored,), bool
    owner : ndarray of shape (n_scored,), int64
        Entity of each scored row.
    start : ndarray of shape (n_cases,), int64
        First scored row of each customer-day; rows of one lie together.
    day : ndarray of shape (n_cases,), int64
        Day of each customer-day, numbered from 0 without holes.
    counts : ndarray of shape (n_cases,), bool
        Whether an alert for it is a detection.
    n_entities : int
        Entities of the partition; resampling weights are for these.
    """

    scored: Flags
    labels: Flags
    owner: Ints
    start: Ints
    day: Ints
    counts: Flags
    n_entities: int

    @classmethod
    def of_events(cls, events: Events, window: Window) -> Board:
        """Lay out the events inside ``window`` (seconds: start < time <= end)."""
        seconds = events.seconds()
        scored = (seconds > window[0]) & (seconds <= window[1])
        owner, labels = events.owner[scored], events.event_label()[scored]
        days = np.floor(seconds[scored] / SECONDS_PER_DAY).astype(np.int64)
        fresh = np.ones(len(owner), dtype=bool)
        fresh[1:] = (owner[1:] != owner[:-1]) | (days[1:] != days[:-1])
        start = np.flatnonzero(fresh)
        _, day = np.unique(days[start], return_inverse=True)
        first, last = _fraud_days(owner, days, labels, events.n_entities)
        at, who = days[start], owner[start]
        counts = (at >= first[who]) & (at <= last[who])
        return cls(scored, labels, owner, start, day.astype(np.int64), counts, events.n_entities)

    @classmethod
    def of_entities(cls, events: Events) -> Board:
        """Lay out one row for each entity, all of them alerted for at once."""
        n, labels = events.n_entities, events.entity_label()
        everyone = np.arange(n)
        day = np.zeros(n, dtype=np.int64)
        return cls(np.ones(n, dtype=bool), labels, everyone, everyone, day, labels, n)

    @classmethod
    def of_partition(cls, events: Events, window: Window) -> Board:
        """Lay out events, or entities where the label is one for an entity."""
        if events.schema.label_level == "entity":
            return cls.of_entities(events)
        return cls.of_events(events, window)

    @property
    def n_fraud(self) -> int:
        """Fraud customers inside the window."""
        return len(self.fraud_entities)

    @property
    def fraud_entities(self) -> Ints:
        """Entities with a fraudulent event inside the window."""
        return np.unique(self.owner[self.labels])

    @property
    def case_owner(self) -> Ints:
        """Entity of each customer-day."""
        return self.owner[self.start]

    def budget_line(self, budget: float) -> dict[str, list[float]]:
        """Return the precision and recall of rows at which the alerts are used up.

        With K alerts and P fraudulent rows, ``precision = recall * P / K``.
        """
        alerts = max(np.floor(budget * len(self.start) + 1e-9), 1.0)
        positives = max(float(self.labels.sum()), 1.0)
        reach = min(1.0, alerts / positives)
        return {"x": [0.0, reach], "y": [0.0, reach * positives / alerts]}

    def case_scores(self, scores: Floats) -> Floats:
        """Return the highest score of each customer-day."""
        return np.asarray(np.maximum.reduceat(scores, self.start))

    def recall(self, scores: Floats, budget: float, weights: Floats | None = None) -> Floats:
        """Return the share of fraud customers found with a daily budget of alerts.

        Parameters
        ----------
        scores : ndarray of shape (n_scored,)
            Higher is more suspicious.
        budget : float
            Share of the day's active customers that is alerted. Fractions of an
            alert are saved up from day to day.
        weights : ndarray of shape (draws, n_entities) or None
            How often each customer is there; the budget follows.

        Returns
        -------
        ndarray of shape () or (draws,)
            NaN where no fraud customer is there.
        """
        race = self._race(scores)
        if weights is None:
            return race.recall(budget, np.ones((1, self.n_entities))).reshape(())
        parts = [weights[i : i + MANY] for i in range(0, len(weights), MANY)]
        return np.concatenate([race.recall(budget, part) for part in parts])

    def alerted(self, scores: Floats, budget: float, weights: Floats | None = None) -> Floats:
        """Return how much of each customer-day is alerted with a daily budget of alerts.

        Parameters
        ----------
        scores, budget, weights
            As of :meth:`recall`.

        Returns
        -------
        ndarray of shape (n_cases,) or (draws, n_cases)
            0 or 1; between them where a customer is there more than once and
            alerts run out among the copies.
        """
        if weights is None:
            return np.asarray(self._alerted(scores, budget, np.ones((1, self.n_entities)))[0])
        return self._alerted(scores, budget, weights)

    def _alerted(self, scores: Floats, budget: float, weights: Floats) -> Floats:
        case = self.case_scores(scores)
        order = np.lexsort((-case, self.day))
        owner, day = self.case_owner[order], self.day[order]
        begin = np.flatnonzero(np.diff(day, prepend=-1))
        weight = weights[:, owner]
        active = np.add.reduceat(weight, begin, axis=1)
        alerts = np.diff(np.floor(np.cumsum(budget * active, axis=1) + 1e-9), axis=1, prepend=0.0)
        ahead = np.cumsum(weight, axis=1) - weight
        ahead -= ahead[:, begin][:, day]
        found = np.empty(weight.shape)
        found[:, order] = np.clip(alerts[:, day] - ahead, 0.0, weight) / np.maximum(weight, 1.0)
        return found

    def _race(self, scores: Floats) -> Race:
        """Return who is ahead of the customer-days that count."""
        case = self.case_scores(scores)
        order = np.lexsort((-case, self.day))
        owner, day = self.case_owner[order], self.day[order]
        hits = np.flatnonzero(self.counts[order])
        # Each case is ahead of the next hit of its day, and so of all later ones.
        following = np.searchsorted(hits, np.arange(len(order)), side="right")
        near = np.flatnonzero(following < len(hits))
        near = near[day[hits[following[near]]] == day[near]]
        n = self.n_entities
        return Race(
            counted(owner, day, (n, int(day.max(initial=-1)) + 1)),
            counted(owner[near], following[near], (n, len(hits))),
            owner[hits],
            day[hits],
            self.fraud_entities,
        )

    def average_precision(self, scores: Floats, weights: Floats | None = None) -> Floats:
        """Return the step-wise area under precision and recall of rows, ties together."""
        every, true = self._between_hits(scores)
        if weights is None:
            return precision_area(every, true, np.ones((1, self.n_entities))).reshape(())
        return precision_area(every, true, weights)

    def _between_hits(self, scores: Floats) -> tuple[Any, Any]:
        """Return rows, and labelled rows, of each entity between thresholds that find something.

        Precision is needed only where recall rises. Counting by entity makes a
        resampled population a product of matrices, shape (n_entities, n_thresholds).
        """
        order = np.argsort(-scores, kind="stable")
        ordered, hit = scores[order], self.labels[order]
        group = np.concatenate([[0], np.cumsum(np.diff(ordered) != 0)]).astype(np.int64)
        finding = np.unique(group[hit])
        place = np.searchsorted(finding, group)
        seen = place < len(finding)
        shape = (self.n_entities, len(finding))

        owner = self.owner[order]
        kept = (np.flatnonzero(rows) for rows in (seen, seen & hit))
        every, true = (counted(owner[rows], place[rows], shape) for rows in kept)
        return every, true

    def recall_at_fpr(self, scores: Floats, rate: float) -> tuple[int, int]:
        """Return fraud customers found, and all, when a share of the others is alerted.

        A customer's score is its highest; a fraud customer's is the highest on
        the days that count.
        """
        case, who = self.case_scores(scores), self.case_owner
        fraud = np.isin(who, self.fraud_entities)
        usable = ~fraud | self.counts
        top = np.full(self.n_entities, -np.inf)
        np.maximum.at(top, who[usable], case[usable])
        others = top[np.setdiff1d(np.unique(who), self.fraud_entities)]
        bound = np.quantile(others, 1.0 - rate, method="higher") if len(others) else np.inf
        return int(np.sum(top[self.fraud_entities] > bound)), self.n_fraud

    def precision_recall(self, scores: Floats, points: int = 100) -> Curve:
        """Return precision at evenly spaced recalls of rows."""
        order = np.argsort(-scores, kind="stable")
        true = np.cumsum(self.labels[order])
        precision = true / np.arange(1, len(order) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        recall = np.linspace(0.01, 1.0, points)
        place = np.searchsorted(true, np.ceil(recall * true[-1]))
        y = best[np.minimum(place, len(order) - 1)]
        return {"x": [round(float(r), 4) for r in recall], "y": [round(float(p), 5) for p in y]}


def _fraud_days(owner: Ints, days: Ints, labels: Flags, n_entities: int) -> tuple[Ints, Ints]:
    """Return the first and last day with a fraudulent event; never, where there is none."""
    first = np.full(n_entities, np.iinfo(np.int64).max)
    last = np.full(n_entities, np.iinfo(np.int64).min)
    np.minimum.at(first, owner[labels], days[labels])
    np.maximum.at(last, owner[labels], days[labels])
    return first, last
