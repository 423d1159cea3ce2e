"""Whom alerts find and whom they bother, segment by segment of the customers.

A detector may find as many frauds as before and find them among other people.
Segments are levels of a column; a level with too few entities is withheld. Knows
boards, scores and which segment each entity is in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.errors import DataError
from riskgen.evaluate.detection.alerts import CHUNK, Board
from riskgen.evaluate.features.per_event import HELD_BY, category_channels
from riskgen.evaluate.intervals import LEVEL, holm, percentile_interval, wilson
from riskgen.evaluate.result import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEASURES = ("recall", "false_alarm_rate", "friction")
PER = 10_000.0  # honest customer-days that friction is told for


@dataclass(frozen=True, eq=False)
class Segments:
    """Which segment each entity is in.

    Attributes
    ----------
    column : str
    names : tuple of str
        Levels that at least 11 entities of the board hold.
    code : ndarray of shape (n_entities,), int64
        Place in ``names``; -1 where the level is withheld or missing.
    withheld : int
        Levels that fewer entities hold.
    """

    column: str
    names: tuple[str, ...]
    code: Ints = field(repr=False)
    withheld: int

    @classmethod
    def of(cls, events: Events, column: str, board: Board) -> Segments:
        """Read the segment of each entity off its first event.

        Raises
        ------
        DataError
            When the table has no such column of categories.
        """
        known = [channel.name for channel in category_channels(events.schema)]
        if column not in known:
            raise DataError(
                f"Customers cannot be grouped by {column!r}: the table has no such column of "
                f"categories. Choose from: {', '.join(known) or 'none'}."
            )
        codes, levels = events.codes(column)
        code = codes[events.offsets[:-1]]
        active = np.unique(board.owner)
        held = np.bincount(code[active][code[active] >= 0], minlength=len(levels))
        kept = np.flatnonzero(held >= HELD_BY)
        place = np.full(len(levels) + 1, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        names = tuple(levels[i] for i in kept)
        return cls(column, names, place[code], int(np.sum((held > 0) & (held < HELD_BY))))


@dataclass(frozen=True, eq=False)
class Treatment:
    """What alerts did to each segment, as measured and on resampled entities.

    Attributes
    ----------
    segments : Segments
    values : dict of str to ndarray of shape (n_segments,)
        ``recall``: share of fraud customers found; ``false_alarm_rate``: share of
        honest customers ever alerted; ``friction``: alerted customer-days of honest
        customers in 10,000. NaN where fewer than 11 entities stand behind it.
    replicates : dict of str to ndarray of shape (draws, n_segments)
    counts : dict of str to ndarray of shape (n_segments,), int64
        Entities behind each value.
    """

    segments: Segments
    values: dict[str, Floats] = field(repr=False)
    replicates: dict[str, Floats] = field(repr=False)
    counts: dict[str, Ints] = field(repr=False)

    def estimates(self, measure: str) -> dict[str, Estimate]:
        """Return a measure of each segment with its interval, withheld ones left out.

        Shares of customers have Wilson's interval, which 11 of 11 do not shrink to
        nothing; friction has the percentile interval of resampled entities.
        """
        found = {}
        for i, name in enumerate(self.segments.names):
            value, n = float(self.values[measure][i]), int(self.counts[measure][i])
            if not np.isfinite(value):
                continue
            if measure == "friction":
                found[name] = percentile_interval(value, self.replicates[measure][:, i], n=n)
            else:
                found[name] = wilson(round(value * n), n)
        return found


def treatment(
    board: Board, scores: Floats, budget: float, segments: Segments, weights: Floats
) -> Treatment:
    """Return what alerts with a daily budget do to each segment.

    Parameters
    ----------
    scores, budget
        As of :meth:`~riskgen.evaluate.detection.alerts.Board.recall`.
    weights : ndarray of shape (draws, n_entities)
        Of resampled entities; the same for two detectors that are compared.
    """
    everyone = np.ones((1, board.n_entities))
    values = {name: found[0] for name, found in _rates(board, scores, budget, segments, everyone)}
    parts = [
        dict(_rates(board, scores, budget, segments, weights[i : i + CHUNK]))
        for i in range(0, len(weights), CHUNK)
    ]
    replicates = {name: np.concatenate([part[name] for part in parts]) for name in MEASURES}
    counts = _counts(board, segments)
    for name in MEASURES:
        values[name] = np.where(counts[name] >= HELD_BY, values[name], np.nan)
    return Treatment(segments, values, replicates, counts)


@dataclass(frozen=True)
class GapChange:
    """How an arm moved a segment against all others, beyond what it did to everybody.

    Attributes
    ----------
    change : Estimate
        (arm - baseline) of the segment minus (arm - baseline) of the rest.
    p : float
        Two-sided, from the paired bootstrap, Holm-adjusted over segments.
    """

    change: Estimate
    p: float


def gap_changes(
    arm: Treatment, baseline: Treatment, measure: str, level: float = LEVEL
) -> dict[str, GapChange]:
    """Return the change of the gap between each segment and the mean of the others.

    Parameters
    ----------
    arm, baseline : Treatment
        Of the same board, segments and weights, so that entities are paired.
    measure : str
        ``recall``, ``false_alarm_rate`` or ``friction``.

    Returns
    -------
    dict of segment to GapChange
        Empty with fewer than two segments that are not withheld.
    """
    moved = arm.values[measure] - baseline.values[measure]
    drawn = arm.replicates[measure] - baseline.replicates[measure]
    kept = np.flatnonzero(np.isfinite(moved))
    if len(kept) < 2:
        return {}
    change, changes = _against_others(moved[None, kept])[0], _against_others(drawn[:, kept])
    names = [arm.segments.names[i] for i in kept]
    ps = holm({name: _two_sided(changes[:, i]) for i, name in enumerate(names)})
    n = arm.counts[measure][kept]
    return {
        name: GapChange(
            percentile_interval(float(change[i]), changes[:, i], level, int(n[i])), ps[name]
        )
        for i, name in enumerate(names)
    }


def worst(changes: Mapping[str, GapChange]) -> tuple[str, GapChange] | None:
    """Return the segment with the smallest p, the larger change first; None where there is none."""
    if not changes:
        return None
    return min(changes.items(), key=lambda item: (item[1].p, -abs(item[1].change.value)))


def _rates(
    board: Board, scores: Floats, budget: float, segments: Segments, weights: Floats
) -> list[tuple[str, Floats]]:
    """Return each measure of each segment, shape (draws, n_segments)."""
    alerted = board.alerted(scores, budget, weights)
    who = board.case_owner
    fraud = np.zeros(board.n_entities, dtype=bool)
    fraud[board.fraud_entities] = True
    caught = _ever(alerted * board.counts, who, board.n_entities)
    bothered = _ever(alerted, who, board.n_entities)
    days = _summed(alerted, who, board.n_entities)
    n_days = np.bincount(who, minlength=board.n_entities).astype(np.float64)
    present = n_days > 0
    return [
        ("recall", _mean(caught, fraud.astype(np.float64), fraud, segments, weights)),
        (
            "false_alarm_rate",
            _mean(bothered, present.astype(np.float64), ~fraud, segments, weights),
        ),
        ("friction", PER * _mean(days, n_days, ~fraud, segments, weights)),
    ]


def _counts(board: Board, segments: Segments) -> dict[str, Ints]:
    fraud = np.zeros(board.n_entities, dtype=bool)
    fraud[board.fraud_entities] = True
    present = np.zeros(board.n_entities, dtype=bool)
    present[board.owner] = True
    bad, good = (
        np.bincount(segments.code[rows & (segments.code >= 0)], minlength=len(segments.names))
        for rows in (fraud, present & ~fraud)
    )
    return {"recall": bad, "false_alarm_rate": good, "friction": good}


def _mean(
    values: Floats, size: Floats, rows: NDArray[np.bool_], segments: Segments, weights: Floats
) -> Floats:
    """Return the sum of values over the sum of sizes, of entities ``rows`` of each segment."""
    inside = segments.code[:, None] == np.arange(len(segments.names))
    inside = inside & rows[:, None]
    total = (weights * size) @ inside
    part = (weights * values) @ inside
    return np.where(total > 0, part / np.where(total > 0, total, 1.0), np.nan)


def _ever(alerted: Floats, owner: Ints, n: int) -> Floats:
    """Return whether any customer-day of each entity is alerted, shape (draws, n)."""
    return (_summed(alerted > 0, owner, n) > 0).astype(np.float64)


def _summed(values: NDArray[np.generic], owner: Ints, n: int) -> Floats:
    """Return the sum over the customer-days of each entity, which lie together."""
    total = np.zeros((len(values), n))
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(first):
        total[:, owner[first]] = np.add.reduceat(values.astype(np.float64), first, axis=1)
    return total


def _against_others(values: Floats) -> Floats:
    """Return each column minus the mean of the other columns."""
    k = values.shape[1]
    return np.asarray(values - (values.sum(axis=1, keepdims=True) - values) / (k - 1))


def _two_sided(replicates: Floats) -> float:
    """Return the bootstrap p-value of no change; ties count on both sides (Davison & Hinkley)."""
    kept = replicates[np.isfinite(replicates)]
    tails = 1 + np.sum(kept <= 0.0), 1 + np.sum(kept >= 0.0)
    return min(1.0, 2.0 * float(min(tails)) / (1 + len(kept)))
