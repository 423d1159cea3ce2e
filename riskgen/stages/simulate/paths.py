"""From a run to simulated market paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.market.paths import PathStart
from riskgen.runs import read_json
from riskgen.simulate.engine import PathPart, PathSimulator
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stream import Provenance, write_paths
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.request import OnProgress, SimulateRequest, plain_facts


def draw_paths(
    fitted: Fitted,
    request: SimulateRequest,
    scenario: StressScenario | None,
    target: Path,
    provenance: Provenance,
    on_progress: OnProgress,
) -> dict[str, Any]:
    """Write market paths to ``target``; return what was asked, reached and written."""
    assert not isinstance(fitted.encoder, EventEncoder)
    simulator = PathSimulator(fitted.generator, fitted.encoder)
    start = PathStart.from_state(read_json(fitted.run.path / "start.json"), fitted.schema)
    tally = None if scenario is None else PathTally(scenario, provenance.severity, request.seed)

    parts = simulator.parts(
        request.scenarios,
        seed=request.seed,
        horizon=request.horizon,
        scenario=scenario,
        severity=provenance.severity,
    )

    def watched() -> Iterator[PathPart]:
        for part in parts:
            if tally is not None:
                tally.add(part.base, part.returns)
            yield part
            on_progress(part.first + len(part))

    written = write_paths(watched(), target, start, provenance)
    told = plain_facts(request) if tally is None else tally.facts()
    return {**told, "horizon": request.horizon, **written}
