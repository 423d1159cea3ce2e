"""Ask how many real frauds simulated ones are worth, draw by draw and size by size."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskgen.errors import NotApplicable, RunError
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.scarcity.curve import Curve, Point
from riskgen.evaluate.scarcity.results import described, sentence
from riskgen.evaluate.scarcity.subsets import SIZES, ScarcityPlan, sizes_of
from riskgen.evaluate.utility.evidence import gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import check
from riskgen.runs import MANIFEST, file_hash, read_json, write_json
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.engines.engine import EngineName, engine_of
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial
from riskgen.stages.scarcity.making import PointTask, make_point
from riskgen.stages.utility.found import read
from riskgen.stages.utility.making import turn_of
from riskgen.stages.utility.openings import register

FILE = "scarcity.json"
VERSION = "riskgen.scarcity/v1"
DRAWS, QUICK_DRAWS = 5, 2  # of known frauds and tested customers [J]; PROTOCOL B6 has 10
OnPoint = Callable[[int, int], None]
OnPlan = Callable[[ScarcityPlan, int], None]


@dataclass(frozen=True)
class ScarcityRequest:
    """What to ask.

    Attributes
    ----------
    run : Path or None
        Run folder; the newest under ``root`` when None.
    root : Path
        Folder of runs.
    known : tuple of int
        Numbers of known fraud customers to try; all of them are tried too.
    draws : int or None
        Of known frauds and tested customers; 5, or 2 where quick, when None.
    quick : bool
        One ratio and fewer rows.
    generator : bool
        Whether the generator is refitted for each; without, scenarios alone are asked about.
    stress : tuple of str
        Scenarios; all shipped ones for transactions when empty.
    budget : float or None
        Share of customers alerted; the default of the label's level when None.
    data, context : str or None
        Where table and context lie now, if they have moved.
    password_file : Path or None
        File that holds the database's password.
    seed : int
        Same seed, same results.
    workers : int
        Processes at work.
    engine : str
        ``local`` or ``ray``.
    address : str or None
        Of a running Ray cluster.
    force : bool
        Drop the points of another curve that was interrupted.
    """

    run: Path | None = None
    root: Path = Path("runs")
    known: tuple[int, ...] = SIZES
    draws: int | None = None
    quick: bool = False
    generator: bool = True
    stress: tuple[str, ...] = ()
    budget: float | None = None
    data: str | None = field(default=None, repr=False)  # may hold a password
    context: str | None = None
    password_file: Path | None = None
    seed: int = 0
    workers: int = 1
    engine: EngineName = "local"
    address: str | None = None
    force: bool = False

    @property
    def n_draws(self) -> int:
        """How often every number of known frauds is tried."""
        return self.draws or (QUICK_DRAWS if self.quick else DRAWS)


@dataclass(frozen=True)
class Scarcity:
    """The answer: results, a sentence, and the facts it stands on."""

    metrics: list[MetricResult]
    sentence: str
    facts: dict[str, Any]


def scarcity_of_run(
    request: ScarcityRequest, *, on_plan: OnPlan | None = None, on_point: OnPoint | None = None
) -> Scarcity:
    """Make every point of the curve, or go on with it, and write ``scarcity.json``.

    Parameters
    ----------
    request : ScarcityRequest
        What to ask.
    on_plan : callable or None
        Shown the plan, and how many plans have looked at this test, before it is read.
    on_point : callable or None
        Told how many points are there, of how many.

    Raises
    ------
    RiskgenError
        When the run, its table or a scenario cannot be used.
    """
    fitted = Fitted.open(open_run(request.run, request.root))
    source = (request.data, request.password_file, request.context)
    material = fitted.material(*source)
    if not isinstance(material, EventMaterial):
        raise NotApplicable("What known frauds are worth is asked of labelled events.")
    check(material.split)
    plan, exams, names = _plan(request, material)
    openings = register(fitted.run.path, plan)
    if on_plan is not None:
        on_plan(plan, openings)
    draft = Draft.of(fitted.run.path / "scarcity", "scarcity curve")
    asked = {"plan": plan.sha256, "manifest": file_hash(fitted.run.path / MANIFEST)}
    with draft.opened(asked, force=request.force):
        tasks = [
            PointTask(fitted.run.path, draft, draw, size, plan, names, source)
            for draw in range(request.n_draws)
            for size in range(len(plan.sizes))
        ]
        _make(request, tasks, on_point or (lambda done, n: None))
        curve = _gathered(plan, exams, draft, tasks)
        simulated = fitted.run.manifest["data"]["origin"] == "simulated"
        found = _answer(curve, plan, openings, simulated)
        _write(fitted.run.path, found)
        draft.remove()
    return found


def read_scarcity(run: Path) -> list[dict[str, Any]]:
    """Return the metrics of a run's curve, JSON values; none where none was asked for.

    Raises
    ------
    RunError
        When the curve belongs to another fit.
    """
    path = run / FILE
    if not path.is_file():
        return []
    found = read_json(path)
    if found.get("manifest_sha256") != file_hash(run / MANIFEST):
        raise RunError(f"'{path}' belongs to another fit. Next: riskgen scarcity")
    metrics: list[dict[str, Any]] = found["metrics"]
    return metrics


def _plan(
    request: ScarcityRequest, material: EventMaterial
) -> tuple[ScarcityPlan, Exams, tuple[str, ...]]:
    wanted = request.stress or tuple(catalogue.names())
    names = tuple(name for name in wanted if catalogue.load(name).domain == "transactions")
    splits = [material.turned(turn_of(n, request.n_draws)) for n in range(request.n_draws)]
    exams = Exams.of(*splits)
    base = Plan.of(
        material.split,
        [catalogue.load(name) for name in names],
        seed=request.seed,
        runs=request.n_draws,
        quick=request.quick,
        budget=request.budget,
        exams=exams,
    )
    return ScarcityPlan(base, sizes_of(splits, request.known), request.generator), exams, names


def _make(request: ScarcityRequest, tasks: list[PointTask], on_point: OnPoint) -> None:
    """Make the points that are not there yet."""
    missing = [task for task in tasks if task.draft.made(task.number) is None]
    done = len(tasks) - len(missing)
    on_point(done, len(tasks))
    engine = engine_of(request.engine, request.workers, request.address)
    with closing(engine.map(make_point, missing)) as outcomes:
        for _ in outcomes:
            done += 1
            on_point(done, len(tasks))


def _gathered(plan: ScarcityPlan, exams: Exams, draft: Draft, tasks: list[PointTask]) -> Curve:
    points = []
    for place, known in enumerate(plan.sizes):
        trials = [read(draft, task.number).trial for task in tasks if task.size == place]
        points.append(Point(known, gather(exams, plan.base, trials)))
    return Curve(tuple(points))


def _answer(curve: Curve, plan: ScarcityPlan, openings: int, simulated: bool) -> Scarcity:
    facts = {
        "preregistration": {"sha256": plan.sha256, "plan": plan.to_json()},
        "test openings": openings,
        "arms": {
            str(point.known): {
                "best without simulated frauds": point.best.name,
                "put forward by validation": None if point.claim is None else point.claim.name,
                "left out": point.evidence.left_out,
            }
            for point in curve.points
        },
    }
    metrics = described(curve, simulated=simulated)
    return Scarcity(metrics, sentence(curve, simulated=simulated), facts)


def _write(run: Path, found: Scarcity) -> None:
    document = {
        "schema": VERSION,
        "manifest_sha256": file_hash(run / MANIFEST),
        "sentence": found.sentence,
        "metrics": [metric.to_json() for metric in found.metrics],
        "facts": found.facts,
    }
    write_json(run / FILE, document)
