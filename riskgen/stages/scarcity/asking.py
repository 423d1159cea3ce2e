"""Ask a run where its scenarios may help, resumably, and write ``scarcity.json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.errors import NotApplicable, RiskgenError
from riskgen.evaluate.scarcity.diagnostics import diagnostics
from riskgen.evaluate.scarcity.plan import Asked, Question
from riskgen.evaluate.scarcity.typologies import Marked
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import check
from riskgen.runs import MANIFEST, file_hash
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.engine import EventSimulator
from riskgen.simulate.engines.engine import EngineName, engine_of
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial
from riskgen.stages.scarcity.answer import answer_of, write_answer
from riskgen.stages.scarcity.cells import TRANSPLANT, CellTask, make_cell
from riskgen.stages.scarcity.grid import Grid
from riskgen.stages.scarcity.typologies import typologies_of
from riskgen.stages.utility.making import turn_of
from riskgen.stages.utility.openings import register

DRAWS = 5  # of customers; 10 are the protocol's (B6), 5 the least that may claim (B4)


@dataclass(frozen=True)
class ScarcityRequest:
    """What to ask.

    Attributes
    ----------
    question : str
        ``curve``, ``unseen`` or ``emerging``.
    draws : int
        Of customers, for each size or typology.
    sizes : tuple of int
        Known frauds; those of PROTOCOL B6 when empty.
    typology : str or None
        Column that names the typology, left out of the fit.
    scenario_for : tuple of (str, str)
        Typologies and the scenario for each.
    run, root, stress, budget, data, context, password_file, seed, workers, engine, address, force
        As of the utility experiment.
    quick : bool
        One ratio and fewer rows.
    """

    question: Question = "curve"
    run: Path | None = None
    root: Path = Path("runs")
    draws: int = DRAWS
    sizes: tuple[int, ...] = ()
    typology: str | None = None
    scenario_for: tuple[tuple[str, str], ...] = ()
    stress: tuple[str, ...] = ()
    budget: float | None = None
    quick: bool = False
    data: str | None = field(default=None, repr=False)  # may hold a password
    context: str | None = None
    password_file: Path | None = None
    seed: int = 0
    workers: int = 1
    engine: EngineName = "local"
    address: str | None = None
    force: bool = False


def scarcity_of_run(
    request: ScarcityRequest,
    *,
    on_plan: Callable[[Asked, int, int], None] | None = None,
    on_run: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Ask one question, or go on with it; return its answer as written into the run.

    Parameters
    ----------
    request : ScarcityRequest
    on_plan : callable or None
        Shown what was registered, how many plans have looked at this test, and the
        number of trials.
    on_run : callable or None
        Told how many trials are there, of how many.

    Raises
    ------
    RiskgenError
        When the run, its table, a column or a scenario cannot be used.
    """
    fitted = Fitted.open(open_run(request.run, request.root))
    source = (request.data, request.password_file, request.context)
    material = fitted.material(*source)
    if not isinstance(material, EventMaterial):
        raise NotApplicable("Whether scenarios help a detector is asked of labelled events.")
    check(material.split)
    _check_words(request)
    column = request.typology if request.question != "curve" else None
    marked = _marked(request, fitted, material, source, column)
    grid = Grid.of(request.question, material.split, marked, request.draws, request.sizes)
    names = _scenarios(request)
    used = [catalogue.load(name) for name in names]
    budget, seed, quick = request.budget, request.seed, request.quick
    plan = Plan.of(material.split, used, seed=seed, runs=request.draws, quick=quick, budget=budget)
    details = {**grid.to_json(), "scenario for": dict(request.scenario_for), "column": column}
    asked = Asked(request.question, plan, details)
    openings = register(fitted.run.path, asked)
    if on_plan is not None:
        on_plan(asked, openings, len(grid.cells))
    draft = Draft.of(fitted.run.path / f"scarcity-{request.question}", "scarcity experiment")
    wanted = {"plan": asked.sha256, "manifest": file_hash(fitted.run.path / MANIFEST)}
    with draft.opened(wanted, force=request.force):
        tasks = [
            CellTask(
                *(fitted.run.path, draft, number, cell, asked),
                *(names, request.scenario_for, column, source),
            )
            for number, cell in enumerate(grid.cells)
        ]
        _make(request, tasks, on_run or (lambda done, n: None))
        simulated = fitted.run.manifest["data"]["origin"] == "simulated"
        answer = answer_of(
            asked, grid, material.split, marked, draft, simulated=simulated, openings=openings
        )
        if request.question == "curve":
            answer |= _diagnosed(fitted, material, request.seed)
        write_answer(fitted.run.path, request.question, answer)
        draft.remove()
    return answer


def _marked(
    request: ScarcityRequest,
    fitted: Fitted,
    material: EventMaterial,
    source: tuple[Any, ...],
    column: str | None,
) -> list[Marked]:
    """Return the split of each draw with its typologies; none for the curve."""
    if column is None:
        return []
    turned = typologies_of(fitted, material, source, column)
    return [turned(turn_of(draw, request.draws)) for draw in range(request.draws)]


def _diagnosed(fitted: Fitted, material: EventMaterial, seed: int) -> dict[str, Any]:
    assert not isinstance(fitted.encoder, PriceEncoder)
    sampler = EventSimulator(fitted.generator, fitted.encoder)
    try:
        return {"diagnostics": diagnostics(material.split, sampler, seed=seed)}
    except NotApplicable as reason:
        return {"diagnostics": {"auc": {}, "reading": str(reason)}}


def _check_words(request: ScarcityRequest) -> None:
    if request.question != "curve" and request.typology is None:
        raise RiskgenError(
            f"--question {request.question} needs to know which fraud is which. Name the column "
            "with --typology, one that the fit left out with --drop."
        )


def _scenarios(request: ScarcityRequest) -> tuple[str, ...]:
    """Return the scenarios that may train."""
    if request.question != "curve":
        named = tuple(dict.fromkeys(name for _, name in request.scenario_for))
        return (*named, TRANSPLANT) if request.question == "emerging" else named
    names = request.stress or tuple(catalogue.names())
    return tuple(name for name in names if catalogue.load(name).domain == "transactions")


def _make(
    request: ScarcityRequest, tasks: Sequence[CellTask], on_run: Callable[[int, int], None]
) -> None:
    """Make the trials that are not there yet."""
    missing = [task for task in tasks if task.draft.made(task.number) is None]
    done = len(tasks) - len(missing)
    on_run(done, len(tasks))
    engine = engine_of(request.engine, request.workers, request.address)
    with closing(engine.map(make_cell, missing)) as outcomes:
        for _ in outcomes:
            done += 1
            on_run(done, len(tasks))
