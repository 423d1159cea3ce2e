"""What all runs together say of each arm, with everything resampled.

PROTOCOL B3: the hierarchical bootstrap draws test entities and runs; arms are paired,
since all are scored on the same entities in the same runs. Where every run has other
customers as its test, both stages see what the test drew, and intervals are too wide
rather than too narrow. Knows scores, not how detectors came about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.intervals import centred, centred_interval, one_sided_p, resampling_weights
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.arms import Kind
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import Trial
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.uint8]

Metric = Callable[[Board, Floats, Floats | None], Floats]


@dataclass(frozen=True, eq=False)
class Measured:
    """One number an arm has, run by run, and on resampled tests.

    Attributes
    ----------
    runs : ndarray of shape (n_runs,)
        On the test as it is.
    draws : ndarray of shape (n_draws,)
        Mean over resampled runs on resampled entities.
    """

    runs: Floats
    draws: Floats = field(repr=False)

    @property
    def value(self) -> float:
        """Mean over runs that have a fraud to find."""
        return float(_mean(self.runs, axis=0))

    def minus(self, other: Measured) -> Measured:
        """Return the paired difference."""
        return Measured(self.runs - other.runs, self.draws - other.draws)

    def estimate(self, n: int) -> Estimate:
        """Return the mean with its interval, centred on it; ``n`` entities.

        No BCa: recall at a budget is a rough number, and the best of several is the
        luckiest. A resample takes the luck away, which BCa reads as bias and goes on in
        the direction that the luck had.
        """
        if not np.isfinite(self.value):
            return Estimate(self.value, self.value, self.value, n=n)
        return centred_interval(self.value, self.draws, n=n)

    @property
    def p(self) -> float:
        """One-sided bootstrap p-value that it is not above zero, of the interval's draws.

        No evidence at all where the value itself is not.
        """
        return one_sided_p(centred(self.value, self.draws)) if self.value > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Standing:
    """An arm over all runs.

    Attributes
    ----------
    id, title, kind, note : str
    chosen : tuple of str
        The setting of each run.
    scores : list of ndarray of shape (n_scored,)
        Of the test rows, run by run.
    recall, precision : Measured
        Recall at the alert budget; average precision of rows.
    """

    id: str
    title: str
    kind: Kind
    note: str
    chosen: tuple[str, ...]
    scores: list[Floats] = field(repr=False)
    recall: Measured = field(repr=False)
    precision: Measured = field(repr=False)

    @property
    def name(self) -> str:
        """Identity and title, as tables show it."""
        return f"{self.id} {self.title}"


@dataclass(frozen=True, eq=False)
class Evidence:
    """All arms that every run could train.

    Attributes
    ----------
    plan : Plan
    exams : Exams
        The tests of the runs.
    standings : dict of str to Standing
        By arm, real-only ones first.
    claims : tuple of str or None
        The arm that validation put forward, run by run.
    left_out : dict of str to str
        Arms that a run could not train, with the reason.
    resampling : Resampling
        The draws that all arms share.
    """

    plan: Plan
    exams: Exams
    standings: dict[str, Standing]
    claims: tuple[str | None, ...]
    left_out: dict[str, str]
    resampling: Resampling = field(repr=False)

    @property
    def n_runs(self) -> int:
        """Independent fits of the generator."""
        return len(self.claims)

    def of_kind(self, *kinds: Kind) -> list[Standing]:
        """Return the arms of some kinds."""
        return [arm for arm in self.standings.values() if arm.kind in kinds]

    @cached_property
    def best(self) -> Standing:
        """The real-only arm with the highest recall; average precision breaks ties."""
        return max(self.of_kind("real"), key=lambda arm: (arm.recall.value, arm.precision.value))

    @cached_property
    def claim(self) -> Standing | None:
        """The arm that the question is about: in most runs validation put it forward."""
        there = [name for name in self.claims if name in self.standings]
        if not there:
            return None
        return self.standings[max(sorted(set(there)), key=there.count)]


def gather(exams: Exams, plan: Plan, trials: Sequence[Trial]) -> Evidence:
    """Return what all runs found, resampled together.

    Parameters
    ----------
    exams : Exams
        What the trials scored.
    plan : Plan
        As registered; its seed draws the resamples.
    trials : sequence of Trial
        One for each run, at least one.
    """
    resampling = Resampling.of(exams, plan, len(trials))
    left_out = {name: why for trial in reversed(trials) for name, why in trial.left_out.items()}
    found = [{outcome.id: outcome for outcome in trial.outcomes} for trial in trials]
    standings = {}
    for name, first in found[0].items():
        if not all(name in run for run in found):
            left_out.setdefault(name, "not every run could train it")
            continue
        scores = [run[name].scores for run in found]
        standings[name] = Standing(
            name,
            first.title,
            first.kind,
            first.note,
            tuple(run[name].chosen for run in found),
            scores,
            resampling.measure(lambda board, s, w: board.recall(s, plan.budget, w), scores),
            resampling.measure(Board.average_precision, scores),
        )
    claims = tuple(trial.claim for trial in trials)
    return Evidence(plan, exams, standings, claims, left_out, resampling)


@dataclass(frozen=True, eq=False)
class Resampling:
    """The draws that all arms share.

    Attributes
    ----------
    exams : Exams
    weights : ndarray of shape (n_draws, n_entities), uint8
        How often each customer of any run is there.
    runs : ndarray of shape (n_draws, n_runs)
        The runs that are there.
    """

    exams: Exams
    weights: Counts
    runs: Ints

    @classmethod
    def of(cls, exams: Exams, plan: Plan, n_runs: int) -> Resampling:
        """Return the draws of a plan; its seed decides them."""
        n = exams.n_entities
        weights = resampling_weights(n, plan.draws, stream(plan.seed, "evidence", "entities"))
        rng = stream(plan.seed, "evidence", "runs")
        runs = rng.integers(n_runs, size=(plan.draws, n_runs))
        return cls(exams, weights.astype(np.uint8), runs)

    def drawn(self, run: int, n: int) -> Floats:
        """Return the weights of a run's customers in the first ``n`` draws, times the run's."""
        often = (self.runs[:n] == run).sum(axis=1, keepdims=True)
        return np.asarray(self._of(self.weights[:n], run) * often)

    def measure(self, number: Metric, scores: Sequence[Floats]) -> Measured:
        """Return a number of each run's scores, as it is and resampled."""
        asked = [(self.exams[run].board, run, s) for run, s in enumerate(scores)]
        runs = np.array([float(number(board, s, None)) for board, _, s in asked])
        drawn = [number(board, s, self._of(self.weights, run)) for board, run, s in asked]
        draws = np.take_along_axis(np.stack(drawn, axis=1), self.runs, axis=1)
        return Measured(runs, _mean(draws, axis=1))

    def _of(self, counts: Counts, run: int) -> Floats:
        """Return the weights of the customers of a run's test."""
        return counts[:, self.exams.place(run)].astype(np.float64)


def _mean(values: Floats, axis: int) -> Floats:
    """Return the mean over runs that have a fraud to find; NaN where none has."""
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return np.asarray(total / np.where(there.any(axis=axis), there.sum(axis=axis), np.nan))
