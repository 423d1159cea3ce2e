"""From a run to simulated tables, part by part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.errors import RunError
from riskgen.runs import file_hash, write_json
from riskgen.simulate.assertions import require
from riskgen.simulate.engines.engine import engine_of
from riskgen.simulate.stream import join_parts
from riskgen.stages.simulate.events import event_facts
from riskgen.stages.simulate.making import forget, make_part
from riskgen.stages.simulate.paths import path_facts
from riskgen.stages.simulate.plan import Plan
from riskgen.stages.simulate.request import OnProgress, PartTask, SimulateRequest, Standing

FACTS = "simulation.json"


def simulate_run(
    request: SimulateRequest, *, on_progress: OnProgress | None = None
) -> dict[str, Any]:
    """Draw scenarios, write them, and return what ``simulation.json`` says.

    Parts that an interrupted simulation of the same kind has left are not made
    again; the bytes are those of one that was never interrupted.

    Raises
    ------
    RiskgenError
        When the run, the scenario or the target cannot be used, or parts of an
        interrupted simulation of something else are in the way.
    GateBlocked
        When the scenario broke one of its own assertions; what was measured is kept.
    """
    try:
        plan = Plan.of(request)
        with plan.draft.opened(plan.asked(), force=request.force):
            _make_parts(plan, on_progress or (lambda standing: None))
            facts = _finish(plan)
    finally:
        forget()
    if plan.stress is not None:
        require(facts["assertions"], plan.stress.id)
    return facts


def _make_parts(plan: Plan, on_progress: OnProgress) -> None:
    """Make the parts that are not there yet."""
    made = {n: facts["n_scenarios"] for n in range(plan.n_parts) if (facts := plan.draft.made(n))}
    scenarios, parts, found = sum(made.values()), len(made), len(made)
    on_progress(Standing(scenarios, parts, plan.n_parts, found))
    request = plan.request
    engine = engine_of(request.engine, request.workers, request.address)
    missing = (plan.task(n) for n in range(plan.n_parts) if n not in made)
    # Closed at once whatever happens here, so that no worker goes on for nobody.
    with closing(engine.map(make_part, missing)) as outcomes:
        for task, n in outcomes:
            _check_shared(task)
            scenarios, parts = scenarios + n, parts + 1
            on_progress(Standing(scenarios, parts, plan.n_parts, found))


def _check_shared(task: PartTask) -> None:
    if not task.path.is_file():
        raise RunError(
            f"{task} was made elsewhere and is not at '{task.path}'. Workers on other "
            "machines need run and output in a folder that all of them share."
        )


def _finish(plan: Plan) -> dict[str, Any]:
    """Put the parts into their place, and write down what they came to."""
    facts = {**_told(plan), "name": plan.name}
    draft, out = plan.draft, plan.request.out
    if out is None:
        facts |= {"where": str(plan.folder)}
        write_json(draft.folder / FACTS, facts)
        draft.become(plan.folder)
        return facts
    whole = draft.folder / f"whole{out.suffix}"
    join_parts([draft.part(n) for n in range(plan.n_parts)], whole, plan.provenance)
    facts |= {"parts": [out.name], "sha256": {out.name: file_hash(whole)}, "where": str(out)}
    plan.folder.mkdir(parents=True, exist_ok=True)
    os.replace(whole, out)
    write_json(plan.folder / FACTS, facts)
    draft.remove()
    return facts


def _told(plan: Plan) -> dict[str, Any]:
    """Return what was asked, reached and written, added up in the order of the parts."""
    events = isinstance(plan.fitted.encoder, EventEncoder)
    tell = event_facts if events else path_facts
    told = tell(plan.fitted, plan.task(0), (facts["tally"] for _, facts in _parts(plan)))
    n_scenarios, n_rows, hashes = 0, 0, {}
    for name, facts in _parts(plan):
        n_scenarios, n_rows = n_scenarios + facts["n_scenarios"], n_rows + facts["n_rows"]
        hashes[name] = facts["sha256"]
    counts = {"n_scenarios": n_scenarios, "n_rows": n_rows, "n_events": n_rows}
    return {**told, **counts, "parts": list(hashes), "sha256": hashes}


def _parts(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    # One at a time: the tallies of all parts together may be large.
    for n in range(plan.n_parts):
        yield plan.draft.part(n).name, plan.draft.facts(n)
