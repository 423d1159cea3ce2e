"""From a run and its table to the severity at which a detector breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskgen.data.split import Split
from riskgen.errors import NotApplicable, RiskgenError
from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint, find_breaking_point
from riskgen.evaluate.rehearsals.cases import Cases, Ground
from riskgen.evaluate.rehearsals.judge import Judge
from riskgen.evaluate.rehearsals.rating import Scored
from riskgen.evaluate.rehearsals.taught import NAME, Taught
from riskgen.evaluate.utility.trial import BUDGETS
from riskgen.runs import write_json
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.roles import with_meanings
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial

FOLDER = "breaking_points"
SEVERITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class BreakingPointRequest:
    """Which detector is to be broken by what.

    Attributes
    ----------
    stress : str
        Name or path of a transactions scenario.
    recall : float
        Share of the scenario's customers below which the detector counts as broken.
    budget : float or None
        Share of the day's active customers that is alerted.
    severities : tuple of float
        Increasing; a 0 is left out, since nothing happens there.
    run, root, data, password_file, context, seed
        As for an evaluation.
    """

    stress: str
    recall: float = 0.5
    budget: float | None = None
    severities: tuple[float, ...] = SEVERITIES
    run: Path | None = None
    root: Path = Path("runs")
    data: str | Path | None = field(default=None, repr=False)  # may hold a password
    password_file: Path | None = None
    context: str | None = None
    seed: int = 0


def breaking_point_of(
    request: BreakingPointRequest, *, on_step: Callable[[float], None] | None = None
) -> tuple[BreakingPoint, Path]:
    """Find the breaking point and write it into the run; return it and the file.

    Raises
    ------
    RiskgenError
        When the run, its table or the scenario cannot be used, or the table has no
        labels to train a detector with.
    """
    scenario = catalogue.load(request.stress)
    severities = [severity for severity in request.severities if severity > 0]
    if not severities:
        raise RiskgenError("At severity 0 nothing happens. Give one above 0.")
    fitted = Fitted.open(open_run(request.run, request.root))
    _check(scenario, fitted.schema.domain)
    material = fitted.material(request.data, request.password_file, request.context)
    assert isinstance(material, EventMaterial)
    try:
        judge = _judge(material.split, request)
        donors = donors_of(material.split, scenario)
        cases = Cases.of(judge.ground, scenario, severities=severities, donors=donors)
        found = find_breaking_point(cases, judge, level=request.recall, on_step=on_step)
    except NotApplicable as reason:
        raise RiskgenError(str(reason)) from reason
    folder = fitted.run.path / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{scenario.id}.json"
    write_json(path, _facts(found, scenario, request))
    return found, path


def _judge(split: Split, request: BreakingPointRequest) -> Judge:
    budget = BUDGETS["event"] if request.budget is None else request.budget
    ground = Ground.of(split, budget=budget, seed=request.seed)
    return Judge(ground, Scored(Taught.of(split, seed=request.seed), ground.base))


def donors_of(split: Split, scenario: StressScenario) -> Donors | None:
    """Return the known cases of a transplant: those that a detector learns from."""
    if scenario.mechanism != "transplant":
        return None
    return Donors.of(with_meanings(split.generator, scenario.columns), scenario.typology)


def _check(scenario: StressScenario, domain: str) -> None:
    if domain != "transactions" or scenario.domain != "transactions":
        raise RiskgenError(
            "A breaking point is that of a fraud detector: it needs a run of transactions and a "
            "scenario for them. For prices see riskgen simulate --loss-at-least."
        )


def _facts(
    found: BreakingPoint, scenario: StressScenario, request: BreakingPointRequest
) -> dict[str, Any]:
    return {
        "scenario": scenario.id,
        "title": scenario.title,
        "seed": request.seed,
        "detector": NAME,
        **found.facts(),
    }
