"""From a run to simulated tables of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.simulate.bases import Base, GeneratedBase, RealBase
from riskgen.simulate.engine import Part, event_parts
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stream import Provenance, write_events
from riskgen.simulate.tally import Tally
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.real import donors_of, real_events, real_facts
from riskgen.stages.simulate.request import (
    OnProgress,
    SimulateRequest,
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
    real = real_events(fitted, request, scenario)
    donors = donors_of(scenario, real)
    parts: Iterable[Part] = event_parts(
        _base(fitted, request, real),
        request.scenarios,
        seed=request.seed,
        scenario=scenario,
        severity=provenance.severity,
        donors=donors,
    )
    tally = None
    if scenario is not None:
        tally = Tally(scenario, provenance.severity, request.seed, donors=donors)
    about_real = real_facts(request, donors if provenance.severity > 0 else None)

    def watched() -> Iterator[Part]:
        for part in parts:
            if tally is not None and part.stressed is not None:
                tally.add(part.base, part.stressed)
            yield part
            on_progress(part.first + part.base.n_entities)

    said = replace(
        provenance,
        n_cases=about_real.get("n_cases", 0),
        release=about_real.get("release", ""),
    )
    written = write_events(watched(), target, fitted.schema, said)
    told = plain_facts(request) if tally is None else tally.facts()
    return {**told, **about_real, **written}


def _base(fitted: Fitted, request: SimulateRequest, real: Events | None) -> Base:
    assert isinstance(fitted.encoder, EventEncoder)
    if request.base == "real":
        assert real is not None
        return RealBase(real, request.seed)
    return GeneratedBase(fitted.generator, fitted.encoder, request.seed)
