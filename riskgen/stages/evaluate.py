"""From a run to ``results.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from riskgen.data.encoding import EventEncoder
from riskgen.evaluate.suite import OnPhase, evaluate_events, evaluate_market
from riskgen.evaluate.verdict import Results
from riskgen.models.registry import create
from riskgen.runs import file_hash, write_json
from riskgen.simulate import catalogue
from riskgen.simulate.engine import EventSimulator, PathSampler
from riskgen.simulate.paths import PathSimulator
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial, PriceMaterial


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
        Scenarios for the utility arm; all shipped ones of the domain when empty.
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
        results = evaluate_events(
            material.split,
            EventSimulator(fitted.generator, fitted.encoder),
            _scenarios(request.stress),
            seed=request.seed,
            quick=request.quick,
            simulated=simulated,
            on_phase=on_phase,
        )
    else:
        assert isinstance(material, PriceMaterial)
        results = _market(fitted, material, request, simulated, on_phase)
    return _written(fitted, results)


def _market(
    fitted: Fitted,
    material: PriceMaterial,
    request: EvaluateRequest,
    simulated: bool,
    on_phase: OnPhase | None,
) -> Results:
    assert not isinstance(fitted.encoder, EventEncoder)
    rivals: dict[str, PathSampler] = {}
    if fitted.generator.key != "bootstrap":
        panel = fitted.encoder.encode(material.split.generator)
        rival = create("bootstrap").fit(panel, seed=request.seed)
        rivals["stationary block bootstrap"] = PathSimulator(rival, fitted.encoder)
    return evaluate_market(
        material.split,
        PathSimulator(fitted.generator, fitted.encoder),
        seed=request.seed,
        rivals=rivals,
        quick=request.quick,
        simulated=simulated,
        on_phase=on_phase,
    )


def _scenarios(names: Sequence[str]) -> list[StressScenario]:
    chosen = [catalogue.load(name) for name in (names or catalogue.names())]
    return [scenario for scenario in chosen if scenario.domain == "transactions"]


def _written(fitted: Fitted, results: Results) -> Results:
    # A report must not join these results to another fit of the same name.
    digest = file_hash(fitted.run.path / "manifest.json")
    origin = fitted.run.manifest["data"]["origin"]
    facts = {**results.facts, "manifest_sha256": digest, "origin": origin}
    complete = replace(results, facts=facts)
    write_json(fitted.run.path / "results.json", complete.to_json())
    return complete
