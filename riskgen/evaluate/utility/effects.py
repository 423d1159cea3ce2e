"""What each arm with simulated data changed against real-only training: PROTOCOL B3."""

from __future__ import annotations

from dataclasses import dataclass

from riskgen.evaluate.intervals import holm
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.evidence import Evidence, Standing


@dataclass(frozen=True)
class Effect:
    """What one arm changed.

    Attributes
    ----------
    arm, baseline : str
        The arm, and the real-only arm with the highest recall on the test.
    recall : Estimate
        Change of recall at the alert budget, as a fraction.
    precision : Estimate
        Change of average precision, a guard-rail.
    p : float
        Largest one-sided p over all real-only arms (intersection-union), Holm-adjusted.
    agree : float
        Share of runs in which recall rose.
    cards : Estimate or None
        Change of card precision, a guard-rail; of the arm in question only.
    """

    arm: str
    baseline: str
    recall: Estimate
    precision: Estimate
    p: float
    agree: float = 1.0
    cards: Estimate | None = None

    @property
    def guards(self) -> dict[str, Estimate]:
        """The changes that must not be for the worse, by name."""
        named = {"average precision": self.precision, "card precision": self.cards}
        return {name: change for name, change in named.items() if change is not None}


def effects(evidence: Evidence) -> dict[str, Effect]:
    """Return the effect of each arm that riskgen offers."""
    offered, baselines = evidence.of_kind("synthetic"), evidence.of_kind("real")
    raw = {arm.id: max(arm.recall.minus(base.recall).p for base in baselines) for arm in offered}
    adjusted = holm(raw)
    return {arm.id: effect_of(evidence, arm, adjusted[arm.id]) for arm in offered}


def effect_of(evidence: Evidence, arm: Standing, p: float) -> Effect:
    """Return what an arm changed against the best real-only one; ``p`` is as adjusted."""
    best, n = evidence.best, evidence.exams.n_fraud
    recall = arm.recall.minus(best.recall)
    precision = arm.precision.minus(best.precision)
    return Effect(
        arm.id,
        best.id,
        recall.estimate(n),
        precision.estimate(n),
        p,
        float((recall.runs > 0).mean()),
    )


def beats(evidence: Evidence, arm: Standing, others: list[Standing]) -> bool:
    """Whether an arm finds more than each of others, p < .05 one-sided (B4, attribution)."""
    return all(arm.recall.minus(other.recall).p < ALPHA for other in others)


ALPHA = 0.05
