"""From a run and its table to the severities at which a detector breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from riskgen.data.scoring.answers import read_scores
from riskgen.data.split import Split
from riskgen.errors import NotApplicable, RiskgenError
from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint, find_breaking_point
from riskgen.evaluate.rehearsals.judge import Judge
from riskgen.evaluate.rehearsals.sheets import case_contents, real_contents
from riskgen.runs import write_json
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.breaking_overview import FOLDER, write_overview
from riskgen.stages.detectors import Detectors, Elsewhere, model_detector, own_detector
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.handover import Contents, Handover, hand_over
from riskgen.stages.material import EventMaterial
from riskgen.stages.rehearsal_plan import SEVERITIES, RehearsalPlan

OnStep = Callable[[float, str], None]


@dataclass(frozen=True)
class BreakingPointRequest:
    """Which detector is to be broken by what.

    Attributes
    ----------
    stress : tuple of str
        Names or paths of transactions scenarios; ``all`` are the shipped ones and the
        user's own that fit the table. Empty with ``scores``: all that were exported.
    recall : float
        Share of the scenario's customers below which the detector counts as broken.
    budget : float or None
        Share of the day's active customers that is alerted.
    severities : tuple of float
        Increasing; a 0 is left out, since nothing happens there.
    scores : tuple of str
        Files with the scores of an export: budget, severities and seed are those of it.
    detector : Path or None
        A model in ONNX that scores in place of riskgen's own detector.
    run, root, data, password_file, context, seed
        As for an evaluation.
    """

    stress: tuple[str, ...] = ()
    recall: float = 0.5
    budget: float | None = None
    severities: tuple[float, ...] = SEVERITIES
    scores: tuple[str, ...] = ()
    detector: Path | None = None
    run: Path | None = None
    root: Path = Path("runs")
    data: str | Path | None = field(default=None, repr=False)  # may hold a password
    password_file: Path | None = None
    context: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Met:
    """One scenario that a detector was met with, and the file that says so."""

    scenario: StressScenario
    found: BreakingPoint
    path: Path


@dataclass(frozen=True)
class Encounters:
    """All scenarios that a detector was met with.

    Attributes
    ----------
    detector : str
        What scored.
    met : list of Met
    left_out : dict of str to str
        Scenarios that do not fit the table, with the reason.
    """

    detector: str
    met: list[Met]
    left_out: dict[str, str] = field(default_factory=dict)


def breaking_points_of(
    request: BreakingPointRequest, *, on_step: OnStep | None = None
) -> Encounters:
    """Find the breaking points and write each into the run.

    Raises
    ------
    RiskgenError
        When the run, its table or a named scenario cannot be used, the table has no
        labels to train a detector with, or scores or a model are unusable.
    """
    fitted, split = opened(request)
    try:
        plan, detector = plan_and_detector(fitted, split, request)
        return encounters(fitted, split, plan, detector, level=request.recall, on_step=on_step)
    except NotApplicable as reason:
        raise RiskgenError(str(reason)) from reason


def opened(request: BreakingPointRequest) -> tuple[Fitted, Split]:
    """Open the run and split its table as the fit did."""
    fitted = Fitted.open(open_run(request.run, request.root))
    if fitted.schema.domain != "transactions":
        raise RiskgenError(
            "A detector of frauds needs a run of transactions. For prices see riskgen simulate "
            "--loss-at-least."
        )
    material = fitted.material(request.data, request.password_file, request.context)
    assert isinstance(material, EventMaterial)
    return fitted, material.split


def plan_and_detector(
    fitted: Fitted, split: Split, request: BreakingPointRequest
) -> tuple[RehearsalPlan, Detectors]:
    """Return what is rehearsed, with scores what was exported, and who scores it.

    Raises
    ------
    RiskgenError
        When scores, a model or a scenario are unusable.
    NotApplicable
        When there is nothing to teach riskgen's own detector.
    """
    if request.scores and request.detector is not None:
        raise RiskgenError("--scores and --detector both say who scores. Give one.")
    if request.scores:
        answers = read_scores(request.scores)
        handover = Handover.open(fitted.run, answers.mark)
        plan = RehearsalPlan.of_handover(handover, request.stress)
        return plan, Elsewhere(handover, answers.placed(handover.n), split)
    plan = RehearsalPlan.of(request.stress, request.severities, request.budget, request.seed)
    if request.detector is not None:
        return plan, model_detector(request.detector, split)
    return plan, own_detector(split, request.seed)


def encounters(
    fitted: Fitted,
    split: Split,
    plan: RehearsalPlan,
    detector: Detectors,
    *,
    level: float,
    on_step: OnStep | None = None,
) -> Encounters:
    """Meet a detector with every scenario of a plan; raises NotApplicable where none fits."""
    if not plan.scenarios:
        raise NotApplicable(
            "Nothing was rehearsed: the export holds real histories alone. See riskgen evaluate "
            "--scores, or export again with --stress."
        )
    ground = plan.ground(split)
    judge = Judge(ground, detector.rating(ground, plan.ids))
    met, left_out = list[Met](), dict[str, str]()
    for number, (scenario, cases, reason) in enumerate(plan.rehearsed(split, ground)):
        if cases is None:
            left_out[scenario.id] = reason
            continue
        detector.check(cases)
        step = _Step(on_step, scenario.id, number, len(plan.scenarios))
        found = find_breaking_point(cases, judge, level=level, on_step=step)
        about = {"scenario": scenario.id, "title": scenario.title, "seed": plan.seed}
        path = (
            breaking_points_folder(fitted)
            / f"{'@'.join(filter(None, (scenario.id, detector.slug)))}.json"
        )
        write_json(path, {**about, "detector": detector.name, **found.facts()})
        met.append(Met(scenario, found, path))
    write_overview(fitted.run.path)
    if not met:
        raise NotApplicable("No scenario fits this table. " + " ".join(left_out.values()))
    return Encounters(detector.name, met, left_out)


def export_cases(
    request: BreakingPointRequest, folder: Path, *, on_step: OnStep | None = None
) -> Handover:
    """Write what a detector elsewhere is to score; return what the run remembers of it.

    Raises
    ------
    RiskgenError
        As :func:`breaking_points_of`, or when the folder exists.
    """
    if folder.exists():
        raise RiskgenError(f"'{folder}' exists. Name another folder with --export, or remove it.")
    fitted, split = opened(request)
    contents = real_contents(split)
    settings = (request.severities, request.budget, request.seed)
    if not request.stress:  # the real histories alone
        none = RehearsalPlan.nothing(*settings[1:], level=split.generator.schema.label_level)
        return _handed_over(fitted, split, contents, none, folder)
    plan = RehearsalPlan.of(request.stress, *settings)
    texts, left_out = dict[str, str](), dict[str, str]()
    try:
        ground = plan.ground(split)
        for number, (scenario, cases, reason) in enumerate(plan.rehearsed(split, ground)):
            if cases is None:
                left_out[scenario.id] = reason
                continue
            contents += list(case_contents(cases))
            texts[scenario.id] = plan.texts[scenario.id]
            _Step(on_step, scenario.id, number, len(plan.scenarios))(1.0)
    except NotApplicable as reason:
        raise RiskgenError(str(reason)) from reason
    done = replace(plan, texts=texts)
    return _handed_over(fitted, split, contents, done, folder, left_out)


def _handed_over(
    fitted: Fitted,
    split: Split,
    contents: Contents,
    plan: RehearsalPlan,
    folder: Path,
    left_out: dict[str, str] | None = None,
) -> Handover:
    return hand_over(
        *(fitted.run, split, contents, folder),
        seed=plan.seed,
        budget=plan.budget,
        severities=plan.severities,
        scenarios=plan.texts,
        left_out=left_out or {},
    )


def breaking_points_folder(fitted: Fitted) -> Path:
    """Return where a run keeps what is known of detectors."""
    folder = fitted.run.path / FOLDER
    folder.mkdir(exist_ok=True)
    return folder


@dataclass(frozen=True)
class _Step:
    """Part of the work done, told as part of all scenarios."""

    tell: OnStep | None
    name: str
    number: int
    whole: int

    def __call__(self, part: float) -> None:
        if self.tell is not None:
            self.tell((self.number + part) / self.whole, self.name)
