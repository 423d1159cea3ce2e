"""From a run to simulated tables of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.simulate import bases
from riskgen.simulate.bases import Base, GeneratedBase, RealBase
from riskgen.simulate.engine import Part, event_parts
from riskgen.simulate.stream import write_events
from riskgen.simulate.tally import Tally
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.real import donors_of, real_events, real_facts
from riskgen.stages.simulate.request import PartTask, SimulateRequest, plain_facts


def draw_events(fitted: Fitted, task: PartTask) -> dict[str, Any]:
    """Write one part of a simulation; return what it holds, and its tally."""
    assert isinstance(fitted.encoder, EventEncoder)
    request, base = task.request, base_of(fitted, task.request)
    tally = _tally(fitted, task, task.chunks.start * base.chunk)
    parts = event_parts(
        base,
        request.scenarios,
        seed=request.seed,
        scenario=task.scenario,
        severity=task.provenance.severity,
        donors=donors_of(fitted, request, task.scenario),
        chunks=task.chunks,
    )

    def watched() -> Iterator[Part]:
        for part in parts:
            if tally is not None and part.stressed is not None:
                tally.add(part.base, part.stressed)
            yield part

    longest = fitted.encoder.clock.longest
    schema, provenance = fitted.schema, task.provenance
    written = write_events(watched(), task.path, schema, provenance, longest=longest)
    return {**written, "tally": None if tally is None else tally.state()}


def event_facts(
    fitted: Fitted, task: PartTask, tallies: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what was asked and reached, from the tallies of all parts in their order."""
    request, tally = task.request, _tally(fitted, task, 0)
    if tally is None:
        return {**plain_facts(request), **real_facts(request, None)}
    for state in tallies:
        tally.merge(state)
    happens = task.provenance.severity > 0
    return {**tally.facts(), **real_facts(request, tally.donors if happens else None)}


def chunk_of(fitted: Fitted, request: SimulateRequest) -> int:
    """Return the entities of a chunk; the table of a real base need not be read for it."""
    return bases.CHUNK if request.base == "real" else fitted.generator.chunk


@lru_cache(maxsize=1)
def base_of(fitted: Fitted, request: SimulateRequest) -> Base:
    """Return what the simulation starts from; a real base is read once in a process."""
    assert isinstance(fitted.encoder, EventEncoder)
    if request.base == "real":
        return RealBase(real_events(fitted, request), request.seed)
    return GeneratedBase(fitted.generator, fitted.encoder, request.seed)


def _tally(fitted: Fitted, task: PartTask, first: int) -> Tally | None:
    if task.scenario is None:
        return None
    severity, seed = task.provenance.severity, task.request.seed
    donors = donors_of(fitted, task.request, task.scenario)
    return Tally(task.scenario, severity, seed, first=first, donors=donors)
