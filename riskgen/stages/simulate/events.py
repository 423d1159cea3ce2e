"""From a run to simulated tables of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.simulate import bases
from riskgen.simulate.bases import Base, GeneratedBase, RealBase
from riskgen.simulate.engine import Part, event_parts
from riskgen.simulate.roles import roles_of
from riskgen.simulate.stream import write_events
from riskgen.simulate.stress_tally import StressTally
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
        stress=task.stress,
        donors=donors_of(fitted, request, task.stress),
        chunks=task.chunks,
    )

    def watched() -> Iterator[Part]:
        for part in parts:
            if tally is not None and part.mosaic is not None:
                tally.add(part.base, part.mosaic, part.first)
            yield part

    longest = fitted.encoder.clock.longest
    schema, provenance = fitted.schema, task.provenance
    written = write_events(watched(), task.path, schema, provenance, longest=longest)
    return {**written, "tally": None if tally is None else tally.state()}


def event_facts(fitted: Fitted, task: PartTask, tallies: Iterable[Any]) -> dict[str, Any]:
    """Return what was asked and reached, from the tallies of all parts in their order."""
    request, tally = task.request, _tally(fitted, task, 0)
    if tally is None or task.stress is None:
        return {**plain_facts(request), **real_facts(request, {})}
    for state in tallies:
        tally.merge(state)
    roles = {s.id: roles_of(s, fitted.schema).facts() for s in task.stress.scenarios}
    donors = donors_of(fitted, request, task.stress) if task.stress.happens else {}
    return {**tally.facts(), "roles": roles, **real_facts(request, donors)}


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


def _tally(fitted: Fitted, task: PartTask, first: int) -> StressTally | None:
    if task.stress is None:
        return None
    donors = donors_of(fitted, task.request, task.stress)
    return StressTally.of(task.stress, seed=task.request.seed, first=first, donors=donors)
