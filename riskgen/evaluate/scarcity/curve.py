"""Recall against the number of known frauds, and how many real ones the claim is worth.

Every size is met by the same test, resampled by the same draws, so that curves are paired
from size to size. Knows evidence, not how arms were trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.intervals import holm, percentile_interval
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.scarcity.equivalent import equivalent
from riskgen.evaluate.scarcity.facts import estimate_facts
from riskgen.evaluate.scarcity.limits import caveats_of, told
from riskgen.evaluate.utility.effects import ALPHA, effects
from riskgen.evaluate.utility.evidence import Evidence, Standing, gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import LEAST_RUNS, LEAST_TEST_FRAUDS
from riskgen.evaluate.utility.trial import Trial

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScarcityCurve:
    """All sizes together.

    Attributes
    ----------
    by_size : dict of int to Evidence
        Rising; the last one knows all frauds and is the oracle.
    worth : dict of int to Estimate
        Real frauds that the claim's recall at each size is worth; absent without a claim.
    p : dict of int to float
        That the claim beats no real-only arm by chance, Holm over arms and sizes.
    """

    by_size: dict[int, Evidence] = field(repr=False)
    worth: dict[int, Estimate]
    p: dict[int, float]

    @classmethod
    def of(cls, exams: Exams, plan: Plan, trials: Mapping[int, Sequence[Trial]]) -> ScarcityCurve:
        """Return the curve of the trials of each size, as many draws of every one."""
        by_size = {n: gather(exams, plan, trials[n]) for n in sorted(trials)}
        sizes = list(by_size)
        real = [found.best.recall for found in by_size.values()]
        curves = np.stack([np.append(item.draws, item.value) for item in real], axis=1)
        worth, raw = dict[int, Estimate](), dict[str, float]()
        for n, found in by_size.items():
            if found.claim is None:
                continue
            recall = found.claim.recall
            drawn = equivalent(sizes, curves, np.append(recall.draws, recall.value))
            worth[n] = percentile_interval(float(drawn[-1]), drawn[:-1], n=exams.n_fraud)
            if n != sizes[-1]:  # with all frauds known there is no real one to compare with
                raw[str(n)] = effects(found)[found.claim.id].p
        adjusted = holm(raw)
        return cls(by_size, worth, {n: adjusted[str(n)] for n in by_size if str(n) in adjusted})

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of known frauds, rising."""
        return tuple(self.by_size)

    @property
    def gains(self) -> tuple[int, ...]:
        """Sizes at which the claim is worth more real frauds than are known."""
        return tuple(
            n
            for n, p in self.p.items()
            if p < ALPHA and (self.worth[n].lower or 0.0) > n and self._seen(n)
        )

    def _seen(self, n: int) -> bool:
        found = self.by_size[n]
        return found.n_runs >= LEAST_RUNS and found.exams.n_fraud >= LEAST_TEST_FRAUDS

    def words(self, n: int) -> str:
        """Return what the claim at a size is worth, with its interval."""
        worth, low, high = self.worth[n], self.sizes[0], self.sizes[-1]
        return (
            f"{_bounded(worth.value, low, high)} "
            f"[{_bounded(worth.lower, low, high)}, {_bounded(worth.upper, low, high)}]"
        )

    def sentence(self) -> str:
        """Return the answer in one sentence, gains only where there are any."""
        if not self.worth:
            return "No arm with scenarios could be run, so nothing is said of their worth."
        if not self.gains:
            return (
                f"No gain was seen at any number of known frauds from {self.sizes[0]} to "
                f"{self.sizes[-1]}."
            )
        parts = [
            f"with {n} known frauds the scenarios were worth {self.words(n)} real ones"
            for n in self.gains
        ]
        text = "; ".join(parts)
        return f"{text[0].upper()}{text[1:]}."

    def facts(self, *, simulated: bool, openings: int) -> dict[str, Any]:
        """Return everything as JSON values."""
        last = self.by_size[self.sizes[-1]]
        answer = "GAIN" if self.gains else "NO GAIN SEEN"
        return {
            **told(answer, self.sentence(), simulated=simulated),
            "sizes": list(self.sizes),
            "draws": last.n_runs,
            "budget": last.plan.budget,
            "test entities": last.exams.n_entities,
            "test fraud entities": last.exams.n_fraud,
            "oracle": estimate_facts(last.best.recall.estimate(last.exams.n_fraud)),
            "points": [self._point(n) for n in self.sizes],
            "caveats": caveats_of(last, simulated=simulated, openings=openings),
        }

    def _point(self, n: int) -> dict[str, Any]:
        found = self.by_size[n]
        claim = found.claim
        return {
            "known": n,
            "best": found.best.id,
            "claim": None if claim is None else claim.id,
            "worth": estimate_facts(self.worth[n]) if n in self.worth else None,
            "worth in words": self.words(n) if n in self.worth else "–",
            "p": self.p.get(n),
            "gain": n in self.gains,
            "arms": {arm.id: arm_facts(arm, found) for arm in found.standings.values()},
            "left_out": found.left_out,
        }


def arm_facts(arm: Standing, found: Evidence) -> dict[str, Any]:
    """Return an arm's recall and average precision as JSON values."""
    n = found.exams.n_fraud
    return {
        "title": arm.title,
        "kind": arm.kind,
        "recall": estimate_facts(arm.recall.estimate(n)),
        "precision": estimate_facts(arm.precision.estimate(n)),
    }


def _bounded(value: float | None, low: int, high: int) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    if value >= high * (1 - 1e-9):
        return f"≥ {high}"
    return f"≤ {low}" if value <= low * (1 + 1e-9) else f"{value:.0f}"
