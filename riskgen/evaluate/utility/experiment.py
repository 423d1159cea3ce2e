"""Does simulated data help the detector: runs, evidence, checks and the verdict.

PROTOCOL B. The prior of this experiment is no effect, and it may say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.detection.lesson import DetectorFamily
from riskgen.evaluate.result import MetricResult, declined
from riskgen.evaluate.utility.calibration import measure_calibration
from riskgen.evaluate.utility.checks import measure_checks, passed, together
from riskgen.evaluate.utility.evidence import Evidence, gather
from riskgen.evaluate.utility.groups import measure_groups, widened
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.results import described
from riskgen.evaluate.utility.ruling import utility_verdict
from riskgen.evaluate.utility.trial import Trial, check, run_trial
from riskgen.evaluate.utility.worth import measure_worth
from riskgen.evaluate.verdict import Verdict
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario

OnPlan = Callable[[Plan], int]


@dataclass(frozen=True)
class Utility:
    """Results, verdict and facts of the utility experiment."""

    metrics: list[MetricResult]
    verdict: Verdict
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RunFound:
    """What one run of the experiment leaves behind.

    Attributes
    ----------
    trial : Trial
        Scores of every arm on the test.
    checks : list of MetricResult
        Leaks and shortcuts.
    calibration : MetricResult
        What the gate found.
    """

    trial: Trial
    checks: list[MetricResult]
    calibration: MetricResult


def judge_utility(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    *,
    seed: int,
    simulated: bool,
    quick: bool = False,
    budget: float | None = None,
    on_plan: OnPlan | None = None,
    groups: Sequence[str] = (),
) -> Utility:
    """Run the utility experiment once and rule on it; one run cannot say that it helps.

    Parameters
    ----------
    split : Split
        Training on ``generator``, choices on ``validation``, one look at ``test``.
    sampler : Sampler
        The fitted generator, or a control in its place.
    scenarios : sequence of StressScenario
        What the stress arms may use.
    seed : int
        Same seed, same results.
    simulated : bool
        Whether the frauds of the table come from a simulator; caps the verdict.
    quick : bool
        One ratio only and fewer negatives.
    budget : float or None
        Share of customers alerted; the default of the label's level when None.
    on_plan : callable or None
        Writes the plan down before the test is read, and returns how many different
        plans have looked at it.
    groups : sequence of str
        Columns of categories by which customers are told apart.
    """
    try:
        check(split)
        plan = Plan.of(split, scenarios, seed=seed, quick=quick, budget=budget, groups=groups)
        openings = 1 if on_plan is None else on_plan(plan)
        found = run_once(split, sampler, scenarios, plan, seed=seed)
    except NotApplicable as reason:
        return declined_utility(str(reason))
    return conclude(Exams.of(split), plan, [found], simulated=simulated, openings=openings)


def run_once(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    plan: Plan,
    *,
    seed: int,
    family: DetectorFamily | None = None,
) -> RunFound:
    """Return one run with its checks; parameters and errors are those of :func:`run_trial`."""
    trial = run_trial(split, sampler, scenarios, plan, seed=seed, family=family)
    checks = measure_checks(trial, split, sampler, seed=seed, quick=plan.quick)
    reason = trial.left_out.get("S3", "No scenario marks events of this table.")
    return RunFound(trial, checks, measure_calibration(trial.calibration, reason))


def conclude(
    exams: Exams,
    plan: Plan,
    runs: Sequence[RunFound],
    *,
    simulated: bool,
    openings: int = 1,
) -> Utility:
    """Rule on what all runs found.

    Parameters
    ----------
    exams : Exams
        What the runs scored.
    plan : Plan
        As registered.
    runs : sequence of RunFound
        At least one.
    simulated : bool
        Whether the frauds of the table come from a simulator; caps the verdict.
    openings : int
        How often the test was looked at, this time included.
    """
    evidence = gather(exams, plan, [run.trial for run in runs])
    checks = together([run.checks for run in runs])
    verdict = utility_verdict(
        evidence, checks_pass=passed(checks), simulated=simulated, openings=openings
    )
    grouped = measure_groups(evidence, plan.groups)
    verdict = replace(verdict, caveats=[*verdict.caveats, *widened(grouped)])
    worth = measure_worth(evidence)
    metrics = [*described(evidence, verdict), *worth, *grouped, *checks, runs[0].calibration]
    return Utility(metrics, verdict, _facts(evidence, runs[0].trial, openings))


def declined_utility(reason: str) -> Utility:
    """Return the answer where the question cannot be asked."""
    metric = declined("utility.recall", "Frauds found with the alert budget", "utility", reason)
    verdict = Verdict("utility", "NOT APPLICABLE", reason, "NOT_APPLICABLE")
    return Utility([metric], verdict)


def _facts(evidence: Evidence, first: Trial, openings: int) -> dict[str, Any]:
    plan = evidence.plan
    return {
        "preregistration": {"sha256": plan.sha256, "plan": plan.to_json()},
        "runs": evidence.n_runs,
        "test openings": openings,
        "arms": {
            arm.id: {
                "title": arm.title,
                "kind": arm.kind,
                "chosen on validation": _tallied(arm.chosen),
                "note": arm.note,
            }
            for arm in evidence.standings.values()
        },
        "arms left out": evidence.left_out,
        "put forward by validation": _tallied([name or "none" for name in evidence.claims]),
        "gate": first.gate,
        "test entities": evidence.exams.n_entities,
        "test fraud entities": evidence.exams.n_fraud,
    }


def _tallied(chosen: Sequence[str]) -> str:
    """Return one word where all runs agree, else how often each was chosen."""
    if len(set(chosen)) == 1:
        return chosen[0]
    return ", ".join(f"{name} ({chosen.count(name)})" for name in sorted(set(chosen)))
