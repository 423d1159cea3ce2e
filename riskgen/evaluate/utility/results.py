"""The evidence as results: each arm's numbers, and the change that the verdict is on."""

from __future__ import annotations

from collections.abc import Callable

from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.result import Curve, Estimate, MetricResult, Status
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.effects import Effect, effects
from riskgen.evaluate.utility.evidence import Evidence, Measured, Standing
from riskgen.evaluate.verdict import Verdict

FPR = (0.01, 0.05)  # PROTOCOL B2; 5 % as in the BAF suite (Jesus et al. 2022)


def described(evidence: Evidence, verdict: Verdict) -> list[MetricResult]:
    """Return the effects, recall and precision of every arm."""
    return [
        *_effects(evidence, verdict),
        _recall(evidence),
        _precision(evidence),
        *(_at_fpr(evidence, rate) for rate in FPR),
    ]


def _effects(evidence: Evidence, verdict: Verdict) -> list[MetricResult]:
    found, claim = effects(evidence), evidence.claim
    return [
        _effect(found[arm.id], arm, verdict if arm is claim else None)
        for arm in evidence.of_kind("synthetic")
    ]


def _effect(effect: Effect, arm: Standing, verdict: Verdict | None) -> MetricResult:
    """Return the change that an arm made; only the verdict's own arm can be green."""
    status: Status = "INCONCLUSIVE" if verdict is None else verdict.status
    if verdict is None and effect.recall.upper is not None and effect.recall.upper < 0:
        status = "FAIL"
    reason = f"Holm-adjusted p = {effect.p:.3f} against {effect.baseline} and every other baseline."
    return MetricResult(
        f"utility.effect.{arm.id}",
        f"Change of recall by {arm.title}",
        "utility",
        status,
        effect.recall,
        references={"change of average precision": effect.precision},
        goal="higher",
        threshold=bands("utility.effect").threshold(),
        reason=reason,
        method="Recall at the alert budget minus that of the best real-only arm; paired "
        "bootstrap over test entities and runs, percentiles centred on the value; p is the "
        "largest over the real-only arms (intersection-union), Holm over arms with simulated data",
    )


def _recall(evidence: Evidence) -> MetricResult:
    return _described(
        evidence,
        "utility.recall",
        f"Frauds found when {100 * evidence.plan.budget:g} % of customers are alerted",
        lambda arm: arm.recall,
        reason="Described here; the verdict is on the change.",
        method=_recall_method(evidence),
    )


def _recall_method(evidence: Evidence) -> str:
    when = (
        "each day the customers with the highest scores, up to the budget of that day's active "
        "customers; found if alerted between the first and the last day of the fraud"
        if evidence.plan.level == "event"
        else "the customers with the highest scores"
    )
    return (
        f"Alerted are {when}. Plan fixed before the test was read, SHA-256 {evidence.plan.sha256}"
    )


def _precision(evidence: Evidence) -> MetricResult:
    board = evidence.exams[0].board
    prevalence = float(board.labels.mean())
    curves: dict[str, Curve] = {
        arm.name: board.precision_recall(arm.scores[0]) for arm in evidence.standings.values()
    }
    curves["prevalence"] = {"x": [0.0, 1.0], "y": [round(prevalence, 6)] * 2}
    curves["budget"] = board.budget_line(evidence.plan.budget)
    return _described(
        evidence,
        "utility.average_precision",
        "Precision over all recalls",
        lambda arm: arm.precision,
        floor=Estimate(prevalence, n=evidence.exams.n_fraud),
        reason=f"The floor is the share of frauds among rows, {prevalence:.4%}.",
        method="Average precision (step-wise) of rows in the test window, natural prevalence; "
        "bootstrap over entities and runs. Curves are of the first run",
        curves=curves,
    )


def _described(
    evidence: Evidence,
    key: str,
    title: str,
    number: Callable[[Standing], Measured],
    *,
    reason: str,
    method: str,
    floor: Estimate | None = None,
    curves: dict[str, Curve] | None = None,
) -> MetricResult:
    n, arms = evidence.exams.n_fraud, evidence.standings.values()
    found = {arm.name: number(arm).estimate(n) for arm in arms}
    main = evidence.claim or evidence.best
    return MetricResult(
        key,
        title,
        "utility",
        "INCONCLUSIVE",
        found[main.name],
        found[evidence.best.name] if floor is None else floor,
        references=found,
        goal="higher",
        reason=reason,
        method=method,
        curves=curves or {},
    )


def _at_fpr(evidence: Evidence, rate: float) -> MetricResult:
    found = {arm.name: _found_at(evidence, arm, rate) for arm in evidence.standings.values()}
    main = evidence.claim or evidence.best
    return MetricResult(
        f"utility.recall_at_fpr.{round(100 * rate)}",
        f"Frauds found when {100 * rate:g} % of normal customers are alerted",
        "utility",
        "INCONCLUSIVE",
        found[main.name],
        Estimate(rate),
        references=found,
        goal="higher",
        reason="Described here; the verdict is on the change. The floor is guessing.",
        method="Customers by their highest score in the window; exact binomial interval of the "
        "mean over runs",
    )


def _found_at(evidence: Evidence, arm: Standing, rate: float) -> Estimate:
    found = [
        evidence.exams[run].board.recall_at_fpr(scores, rate)
        for run, scores in enumerate(arm.scores)
    ]
    hits, of = (sum(counts) for counts in zip(*found, strict=True))
    n = evidence.exams.n_fraud  # a customer asked of in every run counts once
    return clopper_pearson(round(n * hits / max(of, 1)), n)
