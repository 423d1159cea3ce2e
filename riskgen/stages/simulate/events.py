"""From a run to simulated tables of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.simulate.bases import Base, GeneratedBase, RealBase
from riskgen.simulate.engine import Part, event_parts
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stream import Provenance, write_events
from riskgen.simulate.tally import Tally
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.real import real_events
from riskgen.stages.simulate.request import (
    OnProgress,
    SimulateRequest,
    base_facts,
    plain_facts,
)


def draw_events(
    fitted: Fitted,
    request: SimulateRequest,
    scenario: StressScenario | None,
    target: Path,
    provenance: Provenance,
    on_progress: OnProgress,
) -> dict[str, Any]:
    """Write sequences of events to ``target``; return what was asked, reached and written."""
    parts: Iterable[Part] = event_parts(
        _base(fitted, request),
        request.scenarios,
        seed=request.seed,
        scenario=scenario,
        severity=provenance.severity,
    )
    tally = None if scenario is None else Tally(scenario, provenance.severity, request.seed)

    def watched() -> Iterator[Part]:
        for part in parts:
            if tally is not None and part.stressed is not None:
                tally.add(part.base, part.stressed)
            yield part
            on_progress(part.first + part.base.n_entities)

    written = write_events(watched(), target, fitted.schema, provenance)
    told = plain_facts(request) if tally is None else tally.facts()
    return {**told, **base_facts(request), **written}


def _base(fitted: Fitted, request: SimulateRequest) -> Base:
    assert isinstance(fitted.encoder, EventEncoder)
    if request.base == "real":
        return RealBase(real_events(fitted, request), request.seed)
    return GeneratedBase(fitted.generator, fitted.encoder, request.seed)
