"""The stages with their progress bars, as ``fit``, ``simulate`` … and ``demo`` show them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from riskgen.cli.portfolio_screen import show_portfolios
from riskgen.cli.screen import Bar, Screen
from riskgen.errors import RunError

if TYPE_CHECKING:
    from riskgen.models.base import StepReport
    from riskgen.runs import Run
    from riskgen.stages.evaluate import EvaluateRequest
    from riskgen.stages.fit import FitRequest
    from riskgen.stages.interrupted import Checkpoint
    from riskgen.stages.material import Material
    from riskgen.stages.simulate import SimulateRequest, Standing
    from riskgen.stages.study import Trial
    from riskgen.stages.tune import TuneRequest
    from riskgen.stages.verdict import Tuned


def fit_with_story(
    request: FitRequest, screen: Screen, resume: bool = False, init_from: Path | None = None
) -> Run:
    """Fit, showing the schema, the partitions and the progress of training."""
    from riskgen.runs import Run
    from riskgen.stages.fit import fit_run
    from riskgen.stages.fitted import Fitted

    checkpoint = _checkpoint(request) if resume else None
    first = None if init_from is None else Fitted.open(Run.open(init_from))
    screen.head(f"Reading {request.table.open().name}")
    with screen.progress("training") as bar:
        try:
            run = fit_run(
                request,
                on_material=lambda material: show_material(material, screen),
                on_step=lambda report: _show_step(bar, report),
                resume=checkpoint,
                first=first,
            )
        except KeyboardInterrupt:
            _say_how_to_go_on(request, screen)
            raise
    screen.result(f"Run: {run.path}")
    screen.note("Next: riskgen simulate --scenarios 10000")
    return run


def tune_with_story(request: TuneRequest, screen: Screen) -> Tuned:
    """Tune, showing every trial as it ends, and print the verdict and the command."""
    from riskgen.stages.tune import tune_table

    screen.head(f"Reading {request.table.open().name}")
    with screen.progress("training") as bar:
        try:
            tuned = tune_table(
                request,
                on_trial=lambda trial: screen.note(trial_line(trial, request.seed)),
                on_step=lambda report: _show_step(bar, report),
            )
        except KeyboardInterrupt:
            screen.result(f"Every trial that ended is in {request.study}: the same command goes on")
            raise
    for name, repeats in (("defaults", tuned.default_repeats), ("best", tuned.best_repeats)):
        if repeats is not None:
            n = len(repeats.values)
            screen.note(f"{name:<9}{repeats.mean:.4f} ± {repeats.spread:.4f} ({n} fresh seeds)")
    screen.result(tuned.sentence)
    return tuned


def trial_line(trial: Trial, seed: int) -> str:
    """Return a trial as one line: number, value, CPU seconds, options."""
    value = "failed" if trial.value is None else f"{trial.value:.4f}"
    options = " ".join(f"{name}={_short(item)}" for name, item in trial.options.items())
    which = f"trial {trial.number}" + ("" if trial.seed == seed else f", seed {trial.seed}")
    return f"{which:<16}{value:>9} {trial.seconds:>7.1f} CPU s  {options}"


def _short(item: object) -> str:
    return f"{item:.3g}" if isinstance(item, float) else str(item)


def show_material(material: Material, screen: Screen) -> None:
    """Show the schema, what cleaning did, and how the table was split."""
    from riskgen.stages.fit import material_counts

    screen.schema(material.schema)
    for note in material.notes:
        screen.note(note)
    counts = material_counts(material)
    for name, part in counts.get("partitions", {}).items():
        labelled = f", {part['labelled_entities']} labelled" if material.schema.label else ""
        screen.note(
            f"{name:<11}{part['entities']:>8} entities {part['events']:>9} events{labelled}"
        )
    if "days" in counts:
        screen.note(f"{counts['days']} days, {counts['assets']} assets")


def simulate_with_story(request: SimulateRequest, screen: Screen) -> None:
    """Simulate, showing progress and what was written."""
    from riskgen.stages.simulate import simulate_run

    # Parts of a slow generator take half a minute each: the last few tell the pace.
    with screen.progress("simulating", pace_s=600) as bar:
        watched = _Watched(request, screen, bar)
        try:
            facts = simulate_run(request, on_progress=watched.show)
        except KeyboardInterrupt:
            watched.say_how_to_go_on()
            raise
    screen.result(f"{facts['n_scenarios']:,} scenarios, {facts['n_rows']:,} rows: {facts['where']}")
    show_portfolios(facts, screen)
    for line in [*facts.get("remarks", []), *filter(None, [facts.get("release")])]:
        screen.note(line)
    screen.note("Next: riskgen evaluate")


def evaluate_with_story(request: EvaluateRequest, screen: Screen) -> None:
    """Evaluate, showing which measure runs, and print the verdicts."""
    from riskgen.stages.evaluate import evaluate_run

    with screen.progress("evaluating") as bar:
        results = evaluate_run(request, on_phase=lambda name, fraction: bar.show(fraction, name))
    screen.verdicts(results.verdicts)
    screen.note("Next: riskgen report")


def report_with_story(run: Path | None, root: Path, out: Path | None, screen: Screen) -> Path:
    """Write the report and say where it is."""
    from riskgen.stages.report import report_run

    path = report_run(run, root, out)
    screen.result(f"Report: {path}")
    return path


class _Watched:
    """A simulation under way, part by part."""

    def __init__(self, request: SimulateRequest, screen: Screen, bar: Bar) -> None:
        self._request, self._screen, self._bar = request, screen, bar
        self._now: Standing | None = None

    def show(self, now: Standing) -> None:
        """Move the bar; say once what an interrupted simulation had left."""
        whole = self._request.scenarios
        if self._now is None and now.found:
            left = f"{now.found} of {now.n_parts} parts are there already"
            self._screen.note(f"Going on with an interrupted simulation: {left}")
        self._now = now
        detail = f"{now.scenarios:,} of {whole:,} scenarios"
        self._bar.show(now.scenarios / whole, f"{detail}, part {now.parts} of {now.n_parts}")

    def say_how_to_go_on(self) -> None:
        """Say what is kept, if anything is."""
        if self._now is not None and self._now.parts:
            kept = f"{self._now.scenarios:,} of {self._request.scenarios:,} scenarios"
            self._screen.result(f"{kept} are kept: the same command goes on")


def _say_how_to_go_on(request: FitRequest, screen: Screen) -> None:
    from riskgen.stages.interrupted import Interrupted

    if Interrupted(request.root).folder.is_dir():
        name = request.table.open().name
        screen.result(f"A checkpoint was left. Go on with: riskgen fit {name} --resume")


def _checkpoint(request: FitRequest) -> Checkpoint:
    from riskgen.stages.interrupted import Interrupted

    checkpoint = Interrupted(request.root).read()
    asked = checkpoint.request
    same = asked["data"]["sha256"] == request.table.open().digest()
    if not same or asked["generator"] != request.generator or asked["seed"] != request.seed:
        raise RunError(
            "The interrupted fit was of another table, generator or seed. "
            "Give the same ones, or fit without --resume."
        )
    return checkpoint


def _show_step(bar: Bar, report: StepReport) -> None:
    held_out = "" if report.held_out is None else f", held out {report.held_out:.3f}"
    bar.show(report.fraction, f"loss {report.loss:.3f}{held_out}", report.phase)
