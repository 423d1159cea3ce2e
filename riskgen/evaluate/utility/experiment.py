"""Does simulated data help the detector: arms, effects, checks and the verdict.

PROTOCOL B. The prior of this experiment is no effect, and it may say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.intervals import clopper_pearson, percentile_interval
from riskgen.evaluate.result import Estimate, MetricResult, Status, Threshold, declined
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.calibration import measure_calibration
from riskgen.evaluate.utility.ruling import Effect, effects, primary, utility_verdict
from riskgen.evaluate.utility.shortcuts import measure_shortcuts
from riskgen.evaluate.utility.trial import Outcome, Trial, run_trial
from riskgen.evaluate.verdict import Verdict
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario


@dataclass(frozen=True)
class Utility:
    """Results, verdict and facts of the utility experiment."""

    metrics: list[MetricResult]
    verdict: Verdict
    facts: dict[str, Any] = field(default_factory=dict)


def measure_utility(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    *,
    seed: int,
    simulated: bool,
    quick: bool = False,
) -> list[MetricResult]:
    """Return the results of :func:`judge_utility` without its verdict."""
    return judge_utility(
        split, sampler, scenarios, seed=seed, simulated=simulated, quick=quick
    ).metrics


def judge_utility(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    *,
    seed: int,
    simulated: bool,
    quick: bool = False,
) -> Utility:
    """Run the utility experiment and rule on it.

    Parameters
    ----------
    split : Split
        Training on ``generator``, choices on ``validation``, one look at ``test``.
    sampler : Sampler
        The fitted generator, or a control in its place.
    scenarios : sequence of StressScenario
        What arm S3 may use.
    seed : int
        Same seed, same results.
    simulated : bool
        Whether the frauds of the table come from a simulator; caps the verdict.
    quick : bool
        One ratio only and fewer negatives.
    """
    try:
        trial = run_trial(split, sampler, scenarios, seed=seed, quick=quick)
    except NotApplicable as reason:
        return _declined(str(reason))
    checks = measure_shortcuts(trial, split, sampler, seed=seed)
    passed = all(check.status == "PASS" for check in checks)
    verdict = utility_verdict(trial, checks_pass=passed, simulated=simulated)
    metrics = [
        *_effects(trial, verdict),
        _recall(trial),
        _precision(trial),
        *(_at_fpr(trial, rate) for rate in (0.01, 0.05)),
        *checks,
        measure_calibration(split, trial.lens, scenarios, seed=seed),
    ]
    return Utility(metrics, verdict, _facts(trial))


def _declined(reason: str) -> Utility:
    metric = declined("utility.recall", "Frauds found with the alert budget", "utility", reason)
    verdict = Verdict("utility", "NOT APPLICABLE", reason, "NOT_APPLICABLE")
    return Utility([metric], verdict)


def _facts(trial: Trial) -> dict[str, Any]:
    return {
        "preregistration": {"sha256": trial.plan_hash, "plan": trial.plan},
        "arms": {
            o.id: {"title": o.title, "chosen on validation": o.chosen, "note": o.note}
            for o in trial.outcomes
        },
        "arms left out": trial.left_out,
        "test entities": trial.board.n_entities,
        "test fraud entities": trial.board.n_fraud,
    }


def _effects(trial: Trial, verdict: Verdict) -> list[MetricResult]:
    found = effects(trial)
    main = primary(trial)
    return [
        _effect(effect, outcome, verdict if outcome is main else None)
        for outcome in trial.rivals
        for effect in [found[outcome.id]]
    ]


def _effect(effect: Effect, outcome: Outcome, verdict: Verdict | None) -> MetricResult:
    """Return the change that an arm made; only the verdict's own arm can be green."""
    status: Status = "INCONCLUSIVE" if verdict is None else verdict.status
    if verdict is None and effect.recall.upper is not None and effect.recall.upper < 0:
        status = "FAIL"
    reason = f"Holm-adjusted p = {effect.p:.3f} against {effect.baseline} and every other baseline."
    return MetricResult(
        f"utility.effect.{outcome.id}",
        f"Change of recall by {outcome.title}",
        "utility",
        status,
        effect.recall,
        references={"change of average precision": effect.precision},
        goal="higher",
        threshold=_smallest_effect(),
        reason=reason,
        method="Recall at the alert budget minus that of the best real-only arm; paired "
        "bootstrap over test entities; p is the largest over the real-only arms "
        "(intersection-union), Holm over arms with simulated data",
    )


def _smallest_effect() -> Threshold:
    return bands("utility.effect").threshold()


def _recall(trial: Trial) -> MetricResult:
    main = primary(trial) or trial.best
    n = trial.board.n_fraud
    arms = {_name(o): percentile_interval(o.recall, o.recalls, n=n) for o in trial.outcomes}
    budget = 100 * trial.plan["budget"]
    return MetricResult(
        "utility.recall",
        f"Frauds found when {budget:g} % of customers are alerted",
        "utility",
        "INCONCLUSIVE",
        arms[_name(main)],
        arms[_name(trial.best)],
        references=arms,
        goal="higher",
        reason="Described here; the verdict is on the change.",
        method=_recall_method(trial),
    )


def _recall_method(trial: Trial) -> str:
    when = (
        "each day the customers with the highest scores, up to the budget of that day's active "
        "customers; found if alerted between the first and the last day of the fraud"
        if trial.lens.level == "event"
        else "the customers with the highest scores"
    )
    return f"Alerted are {when}. Plan fixed before the test was read, SHA-256 {trial.plan_hash}"


def _precision(trial: Trial) -> MetricResult:
    n = trial.board.n_fraud
    main = primary(trial) or trial.best
    arms = {_name(o): percentile_interval(o.precision, o.precisions, n=n) for o in trial.outcomes}
    curves = {_name(o): trial.board.precision_recall(o.scores) for o in trial.outcomes}
    prevalence = float(trial.board.labels.mean())
    curves["prevalence"] = {"x": [0.0, 1.0], "y": [round(prevalence, 6)] * 2}
    curves["budget"] = trial.board.budget_line(trial.plan["budget"])
    return MetricResult(
        "utility.average_precision",
        "Precision over all recalls",
        "utility",
        "INCONCLUSIVE",
        arms[_name(main)],
        Estimate(prevalence, n=n),
        references=arms,
        goal="higher",
        reason=f"The floor is the share of frauds among rows, {prevalence:.4%}.",
        method="Average precision (step-wise) of rows in the test window, natural prevalence; "
        "bootstrap over entities",
        curves=curves,
    )


def _at_fpr(trial: Trial, rate: float) -> MetricResult:
    found = {
        _name(o): clopper_pearson(*trial.board.recall_at_fpr(o.scores, rate))
        for o in trial.outcomes
    }
    main = primary(trial) or trial.best
    return MetricResult(
        f"utility.recall_at_fpr.{round(100 * rate)}",
        f"Frauds found when {100 * rate:g} % of normal customers are alerted",
        "utility",
        "INCONCLUSIVE",
        found[_name(main)],
        Estimate(rate),
        references=found,
        goal="higher",
        reason="Described here; the verdict is on the change. The floor is guessing.",
        method="Customers by their highest score in the window; exact binomial interval",
    )


def _name(outcome: Outcome) -> str:
    return f"{outcome.id} {outcome.title}"
