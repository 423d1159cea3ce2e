"""Typologies that nobody knows, or of which a few cases are known: what finds them.

PROTOCOL B6, leave one typology out. Recall is of one typology's customers while all others
compete for the same alerts, and of the others: a budget that goes to the new is taken from
the old. Knows evidence, not how arms were trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.intervals import holm
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.scarcity.facts import estimate_facts
from riskgen.evaluate.scarcity.limits import caveats_of, told
from riskgen.evaluate.utility.effects import ALPHA
from riskgen.evaluate.utility.evidence import Evidence, Measured, gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import LEAST_RUNS, LEAST_TEST_FRAUDS
from riskgen.evaluate.utility.trial import Trial


@dataclass(frozen=True, eq=False)
class Found:
    """What the runs of one typology found.

    Attributes
    ----------
    own, others : Evidence
        Of its customers, and of all other fraud customers.
    """

    own: Evidence = field(repr=False)
    others: Evidence = field(repr=False)

    @classmethod
    def of(cls, exams: tuple[Exams, Exams], plan: Plan, trials: Sequence[Trial]) -> Found:
        """Return what trials found, on both tests of :meth:`Typologies.asked`."""
        own, others = (gather(exam, plan, trials) for exam in exams)
        return cls(own, others)

    def gain(self, arm: str) -> Measured:
        """Return the change of recall against the best real-only arm on the typology."""
        return self.own.standings[arm].recall.minus(self.own.best.recall)

    def displaced(self, arm: str) -> Measured:
        """Return the change of recall on the others, against the same real-only arm."""
        standings = self.others.standings
        return standings[arm].recall.minus(standings[self.own.best.id].recall)

    def p(self, arm: str) -> float:
        """Return the largest one-sided p over the real-only arms (intersection-union)."""
        recall = self.own.standings[arm].recall
        return max(recall.minus(base.recall).p for base in self.own.of_kind("real"))

    @property
    def seen(self) -> bool:
        """Whether there are runs and frauds enough to claim anything."""
        return self.own.n_runs >= LEAST_RUNS and self.own.exams.n_fraud >= LEAST_TEST_FRAUDS

    def arms(self) -> dict[str, dict[str, Any]]:
        """Return each arm's recalls as JSON values."""
        counts = self.own.exams.n_fraud, self.others.exams.n_fraud
        return {
            arm.id: {
                "title": arm.title,
                "kind": arm.kind,
                "own": estimate_facts(arm.recall.estimate(counts[0])),
                "others": estimate_facts(self.others.standings[arm.id].recall.estimate(counts[1])),
            }
            for arm in self.own.standings.values()
        }


def mean_of(parts: Sequence[Measured]) -> Measured:
    """Return the mean over typologies, resampled together."""
    return Measured(
        np.mean([part.runs for part in parts], axis=0),
        np.mean([part.draws for part in parts], axis=0),
    )


def unseen_facts(found: Mapping[str, Found], *, simulated: bool, openings: int) -> dict[str, Any]:
    """Return the answer over all typologies that were left out, as JSON values."""
    informed = {k: item for k, item in found.items() if "INF" in item.own.standings}
    adjusted = holm({k: item.p("INF") for k, item in informed.items()})
    macro = {arm: _macro(found, arm) for arm in ("INF", "MIS1", "MIS2", "WRONG", "E1", "E2")}
    wins = [k for k, p in adjusted.items() if p < ALPHA and informed[k].seen]
    first = next(iter(found.values())).own
    return {
        **told("GAIN" if wins else "NO GAIN SEEN", _sentence(informed, wins), simulated=simulated),
        "draws": first.n_runs,
        "budget": first.plan.budget,
        "typologies": [
            {
                "typology": k,
                "frauds": item.own.exams.n_fraud,
                "best": item.own.best.id,
                "arms": item.arms(),
                "p": adjusted.get(k),
                "gain": k in wins,
                "left_out": item.own.left_out,
            }
            for k, item in found.items()
        ],
        "macro": {arm: facts for arm, facts in macro.items() if facts is not None},
        "caveats": caveats_of(first, simulated=simulated, openings=openings),
    }


def emerging_facts(
    found: Mapping[tuple[str, int], Found], *, simulated: bool, openings: int
) -> dict[str, Any]:
    """Return the answer over typologies and numbers of known cases, as JSON values."""
    named = {f"{k}: {n}": item for (k, n), item in found.items() if "S3" in item.own.standings}
    adjusted = holm({name: item.p("S3") for name, item in named.items()})
    wins = [name for name, p in adjusted.items() if p < ALPHA and named[name].seen]
    first = next(iter(found.values())).own
    text = (
        f"The scenario found more than every real-only arm for {', '.join(wins)} known cases."
        if wins
        else "No gain was seen at any number of known cases."
    )
    return {
        **told("GAIN" if wins else "NO GAIN SEEN", text, simulated=simulated),
        "draws": first.n_runs,
        "budget": first.plan.budget,
        "points": [
            {
                "typology": k,
                "cases": n,
                "frauds": item.own.exams.n_fraud,
                "best": item.own.best.id,
                "arms": item.arms(),
                "p": adjusted.get(f"{k}: {n}"),
                "left_out": item.own.left_out,
            }
            for (k, n), item in found.items()
        ],
        "caveats": caveats_of(first, simulated=simulated, openings=openings),
    }


def _macro(found: Mapping[str, Found], arm: str) -> dict[str, Any] | None:
    there = [item for item in found.values() if arm in item.own.standings]
    if not there:
        return None
    n = sum(item.own.exams.n_fraud for item in there)
    return {
        "typologies": len(there),
        "gain": estimate_facts(mean_of([item.gain(arm) for item in there]).estimate(n)),
        "displaced": estimate_facts(mean_of([item.displaced(arm) for item in there]).estimate(n)),
    }


def _sentence(informed: Mapping[str, Found], wins: Sequence[str]) -> str:
    if not informed:
        return "No scenario for a left-out typology could be run, so nothing is said of it."
    parts = list(informed.values())
    gain = mean_of([item.gain("INF") for item in parts])
    lost = mean_of([item.displaced("INF") for item in parts])
    n = sum(item.own.exams.n_fraud for item in parts)
    won = ", ".join(wins) if wins else "none"
    return (
        f"Of typologies that nobody knew, the scenario changed recall by "
        f"{_points(gain.estimate(n))} on average over {len(parts)}, and that of the others by "
        f"{_points(lost.estimate(n))}; a gain beyond chance (Holm) for: {won}."
    )


def _points(change: Estimate) -> str:
    low, high = change.lower, change.upper
    ends = "" if low is None or high is None else f" [{100 * low:+.1f}, {100 * high:+.1f}]"
    return f"{100 * change.value:+.1f} pp{ends}"
