"""Ask whether a run's generator and scenarios help, with as many refits as it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.detection.segments import check_column
from riskgen.evaluate.utility.experiment import Utility, conclude
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import check
from riskgen.runs import MANIFEST, file_hash
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.engines.engine import EngineName, engine_of
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.material import EventMaterial
from riskgen.stages.utility.answer import write_answer
from riskgen.stages.utility.estimate import Estimate, estimated
from riskgen.stages.utility.found import read
from riskgen.stages.utility.making import RunTask, make_run, turn_of
from riskgen.stages.utility.openings import register

REFITS = 10  # 5 seeds of the generator and 2 draws of customers at least (PROTOCOL B3)
QUICK_REFITS = 2  # enough to see the noise of a refit, too few to claim anything [J]
OnPlan = Callable[[Plan, int, Estimate], None]
OnRun = Callable[[int, int], None]


@dataclass(frozen=True)
class UtilityRequest:
    """What to ask.

    Attributes
    ----------
    run : Path or None
        Run folder; the newest under ``root`` when None.
    root : Path
        Folder of runs.
    refits : int or None
        Of the generator, each with customers parted anew; 10, or 2 where quick, when None.
    quick : bool
        One ratio and fewer rows; the answer cannot be that it helps.
    stress : tuple of str
        Scenarios; all shipped ones for transactions when empty.
    groups : tuple of str
        Columns by which customers are told apart.
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
        Drop the runs of another experiment that was interrupted.
    """

    run: Path | None = None
    root: Path = Path("runs")
    refits: int | None = None
    quick: bool = False
    stress: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
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
    def runs(self) -> int:
        """How often the generator is refitted."""
        return self.refits or (QUICK_REFITS if self.quick else REFITS)


def utility_of_run(
    request: UtilityRequest,
    *,
    on_plan: OnPlan | None = None,
    on_run: OnRun | None = None,
) -> Utility:
    """Run the experiment, or go on with it, and write its answer into the run's folder.

    ``utility.json`` has it; an evaluation before or after takes it into ``results.json``.

    Parameters
    ----------
    request : UtilityRequest
        What to ask.
    on_plan : callable or None
        Shown the plan, how many plans have looked at this test, and what it will cost.
    on_run : callable or None
        Told how many runs are there, of how many.

    Raises
    ------
    RiskgenError
        When the run, its table or a scenario cannot be used.
    """
    fitted = Fitted.open(open_run(request.run, request.root))
    source = (request.data, request.password_file, request.context)
    material = fitted.material(*source)
    if not isinstance(material, EventMaterial):
        raise NotApplicable("Whether scenarios help a detector is asked of labelled events.")
    check(material.split)
    for column in request.groups:
        check_column(material.split.test.schema, column)
    names = request.stress or tuple(catalogue.names())
    scenarios = [s for s in map(catalogue.load, names) if s.domain == "transactions"]
    turns = [turn_of(number, request.runs) for number in range(request.runs)]
    exams = Exams.of(*(material.turned(turn) for turn in turns))
    plan = Plan.of(
        material.split,
        scenarios,
        seed=request.seed,
        runs=request.runs,
        quick=request.quick,
        budget=request.budget,
        exams=exams,
        groups=request.groups,
    )
    openings = register(fitted.run.path, plan)
    if on_plan is not None:
        on_plan(plan, openings, estimated(material.split, plan, request.workers))
    draft = Draft.of(fitted.run.path / "utility", "utility experiment")
    manifest = file_hash(fitted.run.path / MANIFEST)
    asked = {"plan": plan.sha256, "manifest": manifest}
    used = tuple(name for name in names if catalogue.load(name).domain == "transactions")
    with draft.opened(asked, force=request.force):
        tasks = [
            RunTask(fitted.run.path, draft, number, plan, used, source)
            for number in range(request.runs)
        ]
        _make(request, tasks, on_run or (lambda done, n: None))
        found = [read(draft, number) for number in range(request.runs)]
        simulated = fitted.run.manifest["data"]["origin"] == "simulated"
        utility = conclude(exams, plan, found, simulated=simulated, openings=openings)
        write_answer(fitted.run.path, utility)
        draft.remove()
    return utility


def _make(request: UtilityRequest, tasks: list[RunTask], on_run: OnRun) -> None:
    """Make the runs that are not there yet."""
    missing = [task for task in tasks if task.draft.made(task.number) is None]
    done = len(tasks) - len(missing)
    on_run(done, len(tasks))
    engine = engine_of(request.engine, request.workers, request.address)
    with closing(engine.map(make_run, missing)) as outcomes:
        for _ in outcomes:
            done += 1
            on_run(done, len(tasks))
