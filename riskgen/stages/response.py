"""From a run and its table to ``responses.json``: what to do about each scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from riskgen.errors import NotApplicable, RiskgenError, ScenarioError
from riskgen.evaluate.response.early_warning import Lookout
from riskgen.evaluate.response.plan import Plan, read_plan
from riskgen.evaluate.response.study import Field, advise, donors_of
from riskgen.runs import file_hash, write_json
from riskgen.simulate import catalogue
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial

FILE = "responses.json"


@dataclass(frozen=True)
class ResponseRequest:
    """What is to be tried against what.

    Attributes
    ----------
    stress : tuple of str
        Scenarios; all shipped ones of the run's domain when empty.
    responses : Path or None
        File of responses; the shipped one when None.
    budget : float or None
        Genuine customers of 10,000 that may be hit in a month; the file's when None.
    severity : float or None
        How badly; each scenario's default when None.
    run, root, data, password_file, context, seed
        As for an evaluation.
    """

    stress: tuple[str, ...] = ()
    responses: Path | None = None
    budget: float | None = None
    severity: float | None = None
    run: Path | None = None
    root: Path = Path("runs")
    data: str | Path | None = field(default=None, repr=False)  # may hold a password
    password_file: Path | None = None
    context: str | None = None
    seed: int = 0


OnStep = Callable[[float, str], None]


def respond(
    request: ResponseRequest, *, on_step: OnStep | None = None
) -> tuple[dict[str, Any], Path]:
    """Try the responses and write what was found into the run; return it and the file.

    Raises
    ------
    RiskgenError
        When the run, its table, a scenario or the file cannot be used, or there are too few
        genuine customers to try anything on.
    """
    fitted = Fitted.open(open_run(request.run, request.root))
    told = _of_events(fitted, request, on_step or (lambda part, name: None))
    digest = file_hash(fitted.run.path / "manifest.json")
    origin = fitted.run.manifest["data"]["origin"]
    document = {"manifest_sha256": digest, "origin": origin, "seed": request.seed, **told}
    path = fitted.run.path / FILE
    write_json(path, document)
    return document, path


def _of_events(fitted: Fitted, request: ResponseRequest, tell: OnStep) -> dict[str, Any]:
    plan = read_plan(request.responses)
    budget = plan.budget.value if request.budget is None else request.budget
    scenarios = _scenarios(request.stress, fitted.schema.domain)
    material = fitted.material(request.data, request.password_file, request.context)
    assert isinstance(material, EventMaterial)
    tell(0.0, "real customers")
    try:
        tried = Field.of(material.split, plan, budget, request.seed)
    except NotApplicable as reason:
        raise RiskgenError(str(reason)) from reason
    lookout = Lookout.of(tried.scene, plan.false_alarms.value)
    found, skipped = list[dict[str, Any]](), dict[str, str]()
    for number, scenario in enumerate(scenarios):
        tell((number + 1) / (len(scenarios) + 1), scenario.id)
        try:
            found.append(_answered(tried, lookout, material, scenario, request, budget))
        except (ScenarioError, NotApplicable) as reason:
            if request.stress:
                raise RiskgenError(str(reason)) from reason
            skipped[scenario.id] = str(reason)
    return {**_facts(tried, plan, budget), "scenarios": found, "skipped": skipped}


def _answered(
    tried: Field,
    lookout: Lookout,
    material: EventMaterial,
    scenario: StressScenario,
    request: ResponseRequest,
    budget: float,
) -> dict[str, Any]:
    severity = scenario.severity.default if request.severity is None else request.severity
    if not severity > 0:
        raise ScenarioError("At severity 0 nothing happens. Give one above 0.")
    advice, struck, run = advise(
        tried,
        scenario,
        severity=severity,
        budget=budget,
        seed=request.seed,
        donors=donors_of(material.split, scenario),
    )
    told = advice.facts()
    if struck is not None:
        who = np.flatnonzero(run.touched)
        warned = lookout.watch(run.events.take(who), who, struck.book)
        told["warnings"] = [item.facts() for item in warned]
    return told


def _scenarios(names: Sequence[str], domain: str) -> list[StressScenario]:
    chosen = [catalogue.load(name) for name in (names or catalogue.names())]
    wrong = next((s.id for s in chosen if s.domain != domain), None)
    if names and wrong is not None:
        raise RiskgenError(f"Scenario '{wrong}' is not for a run of {domain}. Leave it out.")
    return [scenario for scenario in chosen if scenario.domain == domain]


def _facts(tried: Field, plan: Plan, budget: float) -> dict[str, Any]:
    stated = dict(_stated(plan))
    half, scene = tried.scene.half[1], tried.scene
    return {
        "domain": "transactions",
        "budget": budget,
        "stated": stated,
        "customers": {
            "tried": scene.base.n_entities,
            "reported": int(half.members.sum()),
            "months": scene.periods.count * scene.periods.months,
            "customer_months": float(scene.periods.exposure(scene.base)[half.members].sum()),
        },
        "policies": tried.n_real,
        "left_out": scene.left_out,
        "responses": {r.id: r.title for r in plan.responses if r.id in scene.levels},
    }


def _stated(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every number that somebody answers for, with its source."""
    for name in ("budget", "false_alarms", "least_effect"):
        yield name, getattr(plan, name).model_dump(mode="json")
    for name in type(plan.assumptions).model_fields:
        yield name, getattr(plan.assumptions, name).model_dump(mode="json")
