"""From a run to ``results.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from riskgen.data.encoding import EventEncoder
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.segments import check_column
from riskgen.evaluate.suite import OnPhase, evaluate_events
from riskgen.evaluate.verdict import Results
from riskgen.runs import file_hash, write_json
from riskgen.simulate import catalogue
from riskgen.simulate.engine import EventSimulator
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.evaluate_market import evaluate_prices
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial, PriceMaterial
from riskgen.stages.utility.answer import read_answer
from riskgen.stages.utility.openings import register


@dataclass(frozen=True)
class EvaluateRequest:
    """What to measure.

    Attributes
    ----------
    run : Path or None
        Run folder; the newest under ``root`` when None.
    root : Path
        Folder of runs.
    quick : bool
        Fewer repeats; verdicts are capped accordingly.
    stress : tuple of str
        Scenarios for the utility arm; when empty all shipped ones of the domain, unless
        the full experiment has answered: then its answer stands.
    groups : tuple of str
        Columns by which customers are told apart; asks anew, as ``stress`` does.
    data : str, Path or None
        Where the table lies now, if it has moved.
    password_file : Path or None
        File that holds the password, where the table is in a database.
    context : str or None
        Where the context table lies now, if it has moved.
    seed : int
        Same seed, same results.
    """

    run: Path | None = None
    root: Path = Path("runs")
    quick: bool = False
    stress: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    data: str | Path | None = field(default=None, repr=False)  # may hold a password
    password_file: Path | None = None
    context: str | None = None
    seed: int = 0


def evaluate_run(request: EvaluateRequest, *, on_phase: OnPhase | None = None) -> Results:
    """Measure a run on the partitions that its fit left untouched.

    Raises
    ------
    RiskgenError
        When the run, its table or a scenario cannot be used.
    """
    fitted = Fitted.open(open_run(request.run, request.root))
    material = fitted.material(request.data, request.password_file, request.context)
    simulated = fitted.run.manifest["data"]["origin"] == "simulated"
    if isinstance(material, EventMaterial):
        assert isinstance(fitted.encoder, EventEncoder)
        _check(request.groups, material)
        asks_anew = bool(request.stress or request.groups)
        results = evaluate_events(
            material.split,
            EventSimulator(fitted.generator, fitted.encoder),
            _scenarios(request.stress),
            seed=request.seed,
            quick=request.quick,
            simulated=simulated,
            on_phase=on_phase,
            on_plan=lambda plan: register(fitted.run.path, plan),
            answered=read_answer(fitted.run.path) if not asks_anew else None,
            groups=request.groups,
        )
    else:
        assert isinstance(material, PriceMaterial)
        if request.groups:
            raise NotApplicable("Prices have no customers to be told apart by groups.")
        results = evaluate_prices(
            fitted,
            material,
            seed=request.seed,
            quick=request.quick,
            simulated=simulated,
            on_phase=on_phase,
        )
    return _written(fitted, results)


def _scenarios(names: Sequence[str]) -> list[StressScenario]:
    chosen = [catalogue.load(name) for name in (names or catalogue.names())]
    return [scenario for scenario in chosen if scenario.domain == "transactions"]


def _check(columns: Sequence[str], material: EventMaterial) -> None:
    """Refuse columns that tell no customers apart before anything is measured."""
    for column in columns:
        check_column(material.split.test.schema, column)


def _written(fitted: Fitted, results: Results) -> Results:
    # A report must not join these results to another fit of the same name.
    digest = file_hash(fitted.run.path / "manifest.json")
    origin = fitted.run.manifest["data"]["origin"]
    facts = {**results.facts, "manifest_sha256": digest, "origin": origin}
    complete = replace(results, facts=facts)
    write_json(fitted.run.path / "results.json", complete.to_json())
    return complete
