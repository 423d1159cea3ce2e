"""Frauds found against frauds known, with and without simulated ones, and what these are worth.

PROTOCOL B6. All sizes are asked on the same resampled customers, so that the number of
real frauds which does as well has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import holm, percentile_interval
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.effects import Effect, effects
from riskgen.evaluate.utility.evidence import Evidence, Measured, Standing

Floats = NDArray[np.float64]
OFFERED = ("S3", "S4", "S34", "S2")


@dataclass(frozen=True, eq=False)
class Point:
    """All draws with one number of known frauds.

    Attributes
    ----------
    known : int
        Fraud customers to learn from.
    evidence : Evidence
        Of the draws.
    """

    known: int
    evidence: Evidence = field(repr=False)

    @property
    def best(self) -> Standing:
        """The real-only arm that found most here."""
        return self.evidence.best

    @property
    def claim(self) -> Standing | None:
        """The arm that validation put forward."""
        return self.evidence.claim

    @cached_property
    def effect(self) -> Effect | None:
        """What the claim changed against the best real-only arm."""
        return None if self.claim is None else effects(self.evidence)[self.claim.id]


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of increasing numbers of known frauds.

    Attributes
    ----------
    points : tuple of Point
        At least two, asked on the same resampled customers.
    """

    points: tuple[Point, ...]

    @property
    def n_fraud(self) -> int:
        """Fraud customers of the tests."""
        return self.points[0].evidence.exams.n_fraud

    @cached_property
    def p(self) -> dict[int, float]:
        """By known frauds, the p-value of a gain, Holm-adjusted over arms and over sizes."""
        raw = {str(pt.known): pt.effect.p for pt in self.points if pt.effect is not None}
        return {int(known): p for known, p in holm(raw).items()}

    @cached_property
    def equivalents(self) -> dict[int, Estimate]:
        """By known frauds, how many real ones do as well as these with simulated ones.

        Never more than all: the curve does not say what more would do.
        """
        known = np.array([point.known for point in self.points], dtype=np.float64)
        found = {}
        for point in self.points[:-1]:
            if point.claim is None:
                continue
            value = reached(known, self._best(), np.array([point.claim.recall.value]))[0]
            draws = reached(known, self._best_draws, point.claim.recall.draws)
            found[point.known] = percentile_interval(float(value), draws, n=self.n_fraud)
        return found

    def _best(self) -> Floats:
        return np.array([[point.best.recall.value for point in self.points]])

    @cached_property
    def _best_draws(self) -> Floats:
        return np.stack([point.best.recall.draws for point in self.points], axis=1)

    def of(self, name: str) -> list[tuple[int, Measured]]:
        """Return known frauds and recall of an arm, where it could be trained."""
        return [
            (point.known, point.evidence.standings[name].recall)
            for point in self.points
            if name in point.evidence.standings
        ]


def reached(known: Floats, found: Floats, target: Floats) -> Floats:
    """Return how many known frauds it takes to find as much as ``target``.

    Interpolated in the logarithm of known frauds, on the curve made increasing. Where
    it is flat, the middle of all that do as well.

    Parameters
    ----------
    known : ndarray of shape (k,)
        Increasing.
    found : ndarray of shape (draws, k)
        Recall with so many.
    target : ndarray of shape (draws,)

    Returns
    -------
    ndarray of shape (draws,)
        From the first of ``known`` to the last, which stands for "or more".
    """
    rising, log = np.maximum.accumulate(found, axis=1), np.log(known)
    first = [_crossing(row, log, level) for row, level in zip(rising, target, strict=True)]
    last = [
        -_crossing(-row[::-1], -log[::-1], -level)
        for row, level in zip(rising, target, strict=True)
    ]
    middle = np.exp((np.array(first) + np.array(last)) / 2.0)
    return np.asarray(np.round(middle, 6))  # out and back of the logarithm is not exact


def _crossing(rising: Floats, at: Floats, level: float) -> float:
    """Return where an increasing curve first is as high as ``level``; its ends where never."""
    place = int(np.searchsorted(rising, level, side="left"))
    if place == 0 or place == len(rising):
        return float(at[min(place, len(at) - 1)])
    low, high = rising[place - 1], rising[place]
    part = (level - low) / (high - low)
    return float(at[place - 1] + part * (at[place] - at[place - 1]))


def gains(curve: Curve, level: float = 0.05) -> Sequence[int]:
    """Return the numbers of known frauds at which simulated ones surely found more."""
    return [
        point.known
        for point in curve.points
        if point.effect is not None
        and point.effect.recall.value > 0
        and curve.p[point.known] < level
    ]
