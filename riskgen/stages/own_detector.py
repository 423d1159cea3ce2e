"""From a detector of the user's own to the tables that riskgen's detector gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from riskgen.data.split import Split
from riskgen.errors import NotApplicable, RiskgenError
from riskgen.evaluate.rehearsals.real_test import RealTest, real_test
from riskgen.evaluate.utility.plan import BUDGETS
from riskgen.runs import write_json
from riskgen.stages.breaking_point import (
    BreakingPointRequest,
    Encounters,
    breaking_points_folder,
    encounters,
    opened,
    plan_and_detector,
)
from riskgen.stages.detectors import Detectors
from riskgen.stages.fitted import Fitted
from riskgen.stages.rehearsal_plan import ALL, RehearsalPlan


@dataclass(frozen=True)
class OwnDetector:
    """What the real test and the rehearsals say of a detector.

    Attributes
    ----------
    name : str
        What scored.
    real : RealTest or None
        What it finds of the real frauds.
    encounters : Encounters or None
        What it finds of rehearsed ones.
    reasons : list of str
        Why one of the two is not there.
    """

    name: str
    real: RealTest | None
    encounters: Encounters | None = field(repr=False)
    reasons: list[str]


def meet_own_detector(
    request: BreakingPointRequest, *, on_step: Callable[[float, str], None] | None = None
) -> OwnDetector:
    """Meet scores or a model with the real test and with every scenario; write both down.

    Parameters
    ----------
    request : BreakingPointRequest
        With ``scores`` or ``detector``; no ``stress`` is all that fits, or was exported.

    Raises
    ------
    RiskgenError
        As :func:`riskgen.stages.breaking_point.breaking_points_of`.
    """
    if not request.scores and not request.stress:
        request = replace(request, stress=(ALL,))
    fitted, split = opened(request)
    if split.generator.schema.label_level is None:
        raise RiskgenError("The table has no label, so nothing is known to be found.")
    reasons, real, met = list[str](), None, None
    plan, detector = plan_and_detector(fitted, split, request)
    try:
        real = _on_real_test(fitted, split, plan, detector, request)
    except NotApplicable as reason:
        reasons.append(str(reason))
    try:
        met = encounters(fitted, split, plan, detector, level=request.recall, on_step=on_step)
    except NotApplicable as reason:
        reasons.append(str(reason))
    if real is None and met is None:
        raise RiskgenError(" ".join(reasons))
    return OwnDetector(detector.name, real, met, reasons)


def _on_real_test(
    fitted: Fitted,
    split: Split,
    plan: RehearsalPlan,
    detector: Detectors,
    request: BreakingPointRequest,
) -> RealTest:
    level = split.generator.schema.label_level
    settled = request.scores or request.budget is not None or level == "event"
    budget = plan.budget if settled else BUDGETS["entity"]
    scores = detector.on_test(split)
    real = real_test(split.test, split.test_window, scores, budget=budget, seed=plan.seed)
    about = {"kind": "real test", "detector": detector.name, "seed": plan.seed}
    path = breaking_points_folder(fitted) / f"real-test@{detector.slug}.json"
    write_json(path, {**about, **real.facts()})
    return real
