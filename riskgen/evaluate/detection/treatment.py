"""Whom alerts find and whom they bother, segment by segment of the customers.

A detector may find as many frauds as before and find them among other people.
Knows exams, scores and which segment each entity is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.alerts import CHUNK, Board
from riskgen.evaluate.detection.exam import Exam, Exams
from riskgen.evaluate.detection.segments import Segments
from riskgen.evaluate.features.per_event import HELD_BY
from riskgen.evaluate.intervals import LEVEL, holm, percentile_interval, wilson
from riskgen.evaluate.result import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEASURES = ("recall", "false_alarm_rate", "friction")
PER = 10_000.0  # honest customer-days that friction is told for


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
    exams: Exams,
    scores: Sequence[Floats],
    budget: float,
    segments: Segments,
    weights: Sequence[Floats],
) -> Treatment:
    """Return what alerts with a daily budget do to each segment, all runs together.

    Parameters
    ----------
    exams : Exams
        What each run was asked.
    scores : sequence of ndarray of shape (n_scored,)
        By run, as of :meth:`~riskgen.evaluate.detection.alerts.Board.recall`.
    budget : float
        Share of customers alerted.
    segments : Segments
    weights : sequence of ndarray of shape (draws, n_entities)
        By run, of resampled entities; the same for two detectors that are compared.
    """
    once, drawn = _Sums(len(segments.names)), _Sums(len(segments.names))
    for run, (found, weight) in enumerate(zip(scores, weights, strict=True)):
        asked = (exams[run].board, found, budget, segments[run])
        once.add(_sums(*asked, len(segments.names), np.ones((1, weight.shape[1]))))
        drawn.add(_sums(*asked, len(segments.names), weight))
    counts = _counts(exams, segments, len(scores))
    values = {
        name: np.where(counts[name] >= HELD_BY, rate[0], np.nan)
        for name, rate in once.rates().items()
    }
    return Treatment(segments, values, drawn.rates(), counts)


@dataclass
class _Sums:
    """Numerators and denominators of each measure, over runs."""

    n_segments: int
    of: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)

    def add(self, more: dict[str, tuple[Floats, Floats]]) -> None:
        for name, (part, total) in more.items():
            before = self.of.get(name, (0.0, 0.0))
            self.of[name] = (before[0] + part, before[1] + total)

    def rates(self) -> dict[str, Floats]:
        """Return each measure of each segment, shape (draws, n_segments)."""
        return {
            name: (PER if name == "friction" else 1.0)
            * np.where(total > 0, part / np.where(total > 0, total, 1.0), np.nan)
            for name, (part, total) in self.of.items()
        }


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


def _sums(
    board: Board, scores: Floats, budget: float, code: Ints, n_segments: int, weights: Floats
) -> dict[str, tuple[Floats, Floats]]:
    """Return numerator and denominator of each measure, each of shape (draws, n_segments)."""
    parts = [
        _chunk(board, scores, budget, code, n_segments, weights[i : i + CHUNK])
        for i in range(0, len(weights), CHUNK)
    ]
    return {
        name: (
            np.concatenate([part[name][0] for part in parts]),
            np.concatenate([part[name][1] for part in parts]),
        )
        for name in MEASURES
    }


def _chunk(
    board: Board, scores: Floats, budget: float, code: Ints, n_segments: int, weights: Floats
) -> dict[str, tuple[Floats, Floats]]:
    alerted = board.alerted(scores, budget, weights)
    who = board.case_owner
    fraud = _flagged(board.fraud_entities, board.n_entities)
    caught = _ever(alerted * board.counts, who, board.n_entities)
    bothered = _ever(alerted, who, board.n_entities)
    days = _summed(alerted, who, board.n_entities)
    n_days = np.bincount(who, minlength=board.n_entities).astype(np.float64)
    inside = code[:, None] == np.arange(n_segments)
    bad, good = inside & fraud[:, None], inside & ~fraud[:, None]
    return {
        "recall": ((weights * caught) @ bad, (weights * fraud) @ bad),
        "false_alarm_rate": ((weights * bothered) @ good, (weights * (n_days > 0)) @ good),
        "friction": ((weights * days) @ good, (weights * n_days) @ good),
    }


def _counts(exams: Exams, segments: Segments, runs: int) -> dict[str, Ints]:
    """Return the entities behind each measure; one that several runs are asked of counts once."""
    bad, good = (_holders(exams, segments, runs, fraud) for fraud in (True, False))
    return {"recall": bad, "false_alarm_rate": good, "friction": good}


def _holders(exams: Exams, segments: Segments, runs: int, fraud: bool) -> Ints:
    who: list[set[int]] = [set() for _ in segments.names]
    for run in range(min(runs, len(exams.each))):
        exam, code = exams[run], segments[run]
        for entity in _asked(exam, fraud):
            if code[entity] >= 0:
                who[code[entity]].add(int(exam.keys[entity]))
    return np.array([len(held) for held in who], dtype=np.int64)


def _asked(exam: Exam, fraud: bool) -> Ints:
    """Return the fraud customers of an exam, or the honest ones who have rows in it."""
    bad = exam.board.fraud_entities
    return bad if fraud else np.setdiff1d(np.unique(exam.board.owner), bad)


def _flagged(entities: Ints, n: int) -> NDArray[np.bool_]:
    flags = np.zeros(n, dtype=bool)
    flags[entities] = True
    return flags


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
