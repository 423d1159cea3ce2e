"""The verdict on usefulness, told in a sentence: PROTOCOL B4."""

from __future__ import annotations

from riskgen.evaluate.result import Estimate
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.effects import Effect, beats
from riskgen.evaluate.utility.evidence import Evidence, Standing

WHAT = {
    "S1": "simulated",
    "S2": "label-conditional simulated",
    "S3": "stress-scenario",
    "S3g": "generated stress-scenario",
    "S4": "transplanted",
    "S34": "stress-scenario and transplanted",
}


def sentence(
    evidence: Evidence, arm: Standing, effect: Effect, answer: str, simulated: bool
) -> str:
    """Return the answer with everything that it stands on."""
    exams, change, base = evidence.exams, effect.recall, evidence.best
    circular = ", mechanism check only – circular" if simulated else ""
    suffix = attribution(evidence, arm) if answer == "HELPS" else ""
    return (
        f"On {exams.n_entities:,} test entities ({exams.n_fraud:,} fraud): adding {WHAT[arm.id]} "
        f"data changed recall at {100 * evidence.plan.budget:g} % alerts from "
        f"{base.recall.value:.3f} (best of {len(evidence.of_kind('real'))} real-only baselines: "
        f"{base.title}) to {arm.recall.value:.3f}, Δ = {points(change)}, "
        f"{fits(evidence.n_runs)}, Holm p = {effect.p:.3f}. Verdict: {answer}{suffix}{circular}. "
        f"{_guard(effect) if answer == 'HURTS' else ''}{_rival(evidence, arm)}The smallest effect "
        f"this test could see was {100 * evidence.plan.detectable:.1f} pp. "
        f"Data origin: {'simulated' if simulated else 'as given by the user'}."
    )


def points(change: Estimate) -> str:
    """Return a change of a share in percentage points, with its interval."""
    low, high = change.lower, change.upper
    interval = "" if low is None or high is None else f" [{100 * low:+.1f}, {100 * high:+.1f}]"
    return f"{100 * change.value:+.1f} pp, 95 % CI{interval}"


def fits(runs: int) -> str:
    """Return a number of fits in words."""
    return "one fit" if runs == 1 else f"{runs} fits"


def attribution(evidence: Evidence, arm: Standing) -> str:
    """Say whose merit it is: the generator's only beyond placebo and rules on real normals."""
    by_rules = ("S3", "S4", "S34")
    if arm.id in by_rules:
        return " (a rule-injector achieves the same)"
    names = ("P1", "P2", *by_rules)
    others = [evidence.standings[name] for name in names if name in evidence.standings]
    if others and beats(evidence, arm, others):
        return " (attributable to the generator)"
    return " (a rule-injector achieves the same)"


def _rival(evidence: Evidence, arm: Standing) -> str:
    """Name the cheap rival that does as well, if one does."""
    least = max(arm.recall.value, 1e-9)  # nothing found is nothing to be proud of
    others = [s for s in evidence.of_kind("rival", "placebo") if s.recall.value >= least]
    if not others:
        return ""
    best = max(others, key=lambda other: other.recall.value)
    return f"As good or better without any scenario: {best.title}, {best.recall.value:.3f}. "


def _guard(effect: Effect) -> str:
    """Say which guard-rail broke where the recall itself could not decide."""
    if effect.recall.upper is not None and effect.recall.upper < 0.0:
        return ""
    margin = bands("utility.margin").green
    broke = [
        f"{name} that fell: {points(change)}"
        for name, change in effect.guards.items()
        if change.upper is not None and change.upper < -margin
    ]
    return f"It is {' and '.join(broke)}. " if broke else ""
