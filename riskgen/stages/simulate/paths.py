"""From a run to simulated market paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.market.paths import PathStart
from riskgen.runs import read_json
from riskgen.simulate.engine import PathPart, PathSimulator
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.stream import write_paths
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.request import PartTask, plain_facts


def draw_paths(fitted: Fitted, task: PartTask) -> dict[str, Any]:
    """Write one part of a simulation; return what it holds, and its tally."""
    assert not isinstance(fitted.encoder, EventEncoder)
    request, simulator = task.request, PathSimulator(fitted.generator, fitted.encoder)
    start = PathStart.from_state(read_json(fitted.run.path / "start.json"), fitted.schema)
    tally = _tally(fitted, task, task.chunks.start * fitted.generator.chunk)

    parts = simulator.parts(
        request.scenarios,
        seed=request.seed,
        horizon=request.horizon,
        scenario=task.scenario,
        severity=task.provenance.severity,
        chunks=task.chunks,
    )

    def watched() -> Iterator[PathPart]:
        for part in parts:
            if tally is not None:
                tally.add(part.base, part.returns)
            yield part

    written = write_paths(watched(), task.path, start, task.provenance)
    return {**written, "tally": None if tally is None else tally.state()}


def path_facts(
    fitted: Fitted, task: PartTask, tallies: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what was asked and reached, from the tallies of all parts in their order."""
    tally = _tally(fitted, task, 0)
    if tally is None:
        return {**plain_facts(task.request), "horizon": task.request.horizon}
    for state in tallies:
        tally.merge(state)
    return {**tally.facts(), "horizon": task.request.horizon}


def _tally(fitted: Fitted, task: PartTask, first: int) -> PathTally | None:
    if task.scenario is None:
        return None
    assert not isinstance(fitted.encoder, EventEncoder)
    severity, seed = task.provenance.severity, task.request.seed
    return PathTally(task.scenario, severity, seed, first, assets=fitted.encoder.assets)
