"""From a run to simulated tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.market.paths import PathStart
from riskgen.errors import RiskgenError
from riskgen.runs import read_json, write_json
from riskgen.simulate import catalogue
from riskgen.simulate.assertions import require
from riskgen.simulate.engine import EventSimulator, Part, PathSimulator
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stream import Provenance, write_events, write_paths
from riskgen.simulate.tally import Tally
from riskgen.stages.fitted import Fitted, open_run

OnProgress = Callable[[int], None]
FACTS = "simulation.json"


@dataclass(frozen=True)
class SimulateRequest:
    """What to draw.

    Attributes
    ----------
    run : Path or None
        Run folder; the newest under ``root`` when None.
    root : Path
        Folder of runs.
    scenarios : int
        Sequences of events, or market paths.
    stress : str or None
        Name or path of a stress scenario.
    severity : float or None
        0..1; the scenario's default when None.
    horizon : int
        Days of a market path.
    seed : int
        Same seed, same bytes.
    out : Path or None
        One Parquet or CSV file; parts inside the run when None.
    """

    run: Path | None = None
    root: Path = Path("runs")
    scenarios: int = 10_000
    stress: str | None = None
    severity: float | None = None
    horizon: int = 60
    seed: int = 0
    out: Path | None = None


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
    scenario = None if request.stress is None else catalogue.load(request.stress)
    if scenario is not None:
        _check_domain(scenario, fitted.schema.domain)
    name = "base" if scenario is None else scenario.id
    label = name if request.out is None else f"{name}-to-{request.out.name}"
    folder = fitted.run.path / "simulations" / label
    target = folder if request.out is None else request.out
    severity = _severity(request, scenario)
    provenance = Provenance(run=fitted.run.path.name, seed=request.seed)
    if scenario is not None and severity > 0:
        # At severity 0 nothing happens: the file is the base, byte for byte.
        provenance = replace(
            provenance, stress=name, mechanism=scenario.mechanism, severity=severity
        )
    draw = _draw_events if isinstance(fitted.encoder, EventEncoder) else _draw_paths
    facts = draw(fitted, request, scenario, target, provenance, on_progress or (lambda n: None))
    facts |= {"where": str(target), "name": name}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FACTS, facts)
    if scenario is not None:
        require(facts["assertions"], scenario)
    return facts


def _draw_events(
    fitted: Fitted,
    request: SimulateRequest,
    scenario: StressScenario | None,
    target: Path,
    provenance: Provenance,
    on_progress: OnProgress,
) -> dict[str, Any]:
    assert isinstance(fitted.encoder, EventEncoder)
    simulator = EventSimulator(fitted.generator, fitted.encoder)
    parts: Iterable[Part] = simulator.parts(
        request.scenarios, seed=request.seed, scenario=scenario, severity=provenance.severity
    )
    tally = None if scenario is None else Tally(scenario, provenance.severity, request.seed)

    def watched() -> Iterator[Part]:
        for part in parts:
            if tally is not None and part.stressed is not None:
                tally.add(part.base, part.stressed)
            yield part
            on_progress(part.first + part.base.n_entities)

    written = write_events(watched(), target, fitted.schema, provenance)
    told = _plain(request) if tally is None else tally.facts()
    return {**told, **written}


def _draw_paths(
    fitted: Fitted,
    request: SimulateRequest,
    scenario: StressScenario | None,
    target: Path,
    provenance: Provenance,
    on_progress: OnProgress,
) -> dict[str, Any]:
    assert not isinstance(fitted.encoder, EventEncoder)
    simulator = PathSimulator(fitted.generator, fitted.encoder)
    start = PathStart.from_state(read_json(fitted.run.path / "start.json"), fitted.schema)
    tally = None if scenario is None else PathTally(scenario, provenance.severity, request.seed)

    def watched() -> Iterator[tuple[int, Floats]]:
        for first, base, stressed in simulator.parts(
            request.scenarios,
            seed=request.seed,
            horizon=request.horizon,
            scenario=scenario,
            severity=provenance.severity,
        ):
            if tally is not None:
                tally.add(base, stressed)
            yield first, stressed
            on_progress(first + len(base))

    written = write_paths(watched(), target, start, provenance)
    told = _plain(request) if tally is None else tally.facts()
    return {**told, "horizon": request.horizon, **written}


def _plain(request: SimulateRequest) -> dict[str, Any]:
    return {"scenario": "base", "severity": 0.0, "seed": request.seed, "mechanism": "none"}


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
