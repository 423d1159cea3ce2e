"""From a run to simulated tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.errors import RiskgenError
from riskgen.runs import write_json
from riskgen.simulate import catalogue
from riskgen.simulate.assertions import require
from riskgen.simulate.provenance import Provenance
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.simulate.events import draw_events
from riskgen.stages.simulate.paths import draw_paths
from riskgen.stages.simulate.real import check_base
from riskgen.stages.simulate.request import OnProgress, SimulateRequest

FACTS = "simulation.json"


def simulate_run(
    request: SimulateRequest, *, on_progress: OnProgress | None = None
) -> dict[str, Any]:
    """Draw scenarios, write them, and return what ``simulation.json`` says.

    Raises
    ------
    RiskgenError
        When the run, the scenario or the target cannot be used.
    GateBlocked
        When the scenario broke one of its own assertions; what was measured is kept.
    """
    _check_target(request.out)
    fitted = Fitted.open(open_run(request.run, request.root))
    check_base(request, fitted.schema.domain)
    scenario = None if request.stress is None else catalogue.load(request.stress)
    if scenario is not None:
        _check_domain(scenario, fitted.schema.domain)
    name = "base" if scenario is None else scenario.id
    label = name if request.out is None else f"{name}-to-{request.out.name}"
    folder = fitted.run.path / "simulations" / label
    target = folder if request.out is None else request.out
    severity = _severity(request, scenario)
    provenance = Provenance(run=fitted.run.path.name, seed=request.seed, base=request.base)
    if scenario is not None and severity > 0:
        # At severity 0 nothing happens: the file is the base, byte for byte.
        provenance = replace(
            provenance, stress=name, mechanism=scenario.mechanism, severity=severity
        )
    draw = draw_events if isinstance(fitted.encoder, EventEncoder) else draw_paths
    facts = draw(fitted, request, scenario, target, provenance, on_progress or (lambda n: None))
    facts |= {"where": str(target), "name": name}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FACTS, facts)
    if scenario is not None:
        require(facts["assertions"], scenario)
    return facts


def _severity(request: SimulateRequest, scenario: StressScenario | None) -> float:
    if scenario is None:
        return 0.0
    return scenario.severity.default if request.severity is None else request.severity


def _check_domain(scenario: StressScenario, domain: str) -> None:
    if scenario.domain != domain:
        fitting = [n for n in catalogue.names() if catalogue.load(n).domain == domain]
        raise RiskgenError(
            f"Scenario '{scenario.id}' is for {scenario.domain} and this run is of {domain}. "
            f"Fitting ones: {', '.join(fitting)}."
        )


def _check_target(out: Path | None) -> None:
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise RiskgenError(f"'{out}' should end in .parquet or .csv: --out writes one file.")
