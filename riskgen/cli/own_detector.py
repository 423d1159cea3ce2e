"""Options for a detector of the user's own, and how detectors are told about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskgen.cli.options import Command

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen
    from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint
    from riskgen.evaluate.rehearsals.judge import Finding
    from riskgen.evaluate.result import Estimate
    from riskgen.stages.breaking_point import Encounters

TITLES = ("severity", "found", "by chance", "hours", "lost", "share", "cases")
OVERVIEW = ("scenario", "breaks", "mildest", "severest", "chance", "hours", "share")
LEGEND = (
    "Found: share of cases. Hours: median from the first fraudulent event to the first alert, of "
    "those found. Lost: money gone before the alert, mean of a case; share: of all of it."
)
OF_SEVEREST = "Chance, hours and share lost are at the severest."


def detector_options(command: Command) -> Command:
    """Add ``--scores`` and ``--detector``: a detector of the user's own."""
    for option in (
        click.option(
            "--detector",
            type=click.Path(path_type=Path),
            help="Your model as ONNX; needs pip install 'riskgen[onnx]'.",
        ),
        click.option(
            "--scores",
            multiple=True,
            metavar="FILE",
            help="Your detector's scores of an export: columns riskgen_id and score.",
        ),
    ):
        command = option(command)
    return command


def meets_own_detector(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--scores`` and ``--detector`` to a command that then meets that detector instead."""

    @functools.wraps(command)
    def either(*, scores: tuple[str, ...], detector: Path | None, **rest: Any) -> None:
        if scores or detector is not None:
            _meet(scores, detector, **rest)
        else:
            command(**rest)

    return detector_options(either)


def _meet(
    scores: tuple[str, ...],
    detector: Path | None,
    *,
    stress: tuple[str, ...],
    data: str | None,
    context: str | None,
    password_file: Path | None,
    seed: int,
    run: Path | None,
    root: Path,
    quiet: bool,
    **_: Any,
) -> None:
    from riskgen.cli.screen import Screen
    from riskgen.stages.breaking_point import BreakingPointRequest
    from riskgen.stages.own_detector import meet_own_detector

    screen = Screen(quiet)
    request = BreakingPointRequest(
        stress,
        scores=scores,
        detector=detector,
        data=data,
        context=context,
        password_file=password_file,
        seed=seed,
        run=run,
        root=root,
    )
    screen.head("Meeting your detector")
    with screen.progress("stressing") as bar:
        told = meet_own_detector(request, on_step=bar.show)
    if told.real is not None:
        screen.result(told.real.sentence())
    for reason in told.reasons:
        screen.note(reason)
    if told.encounters is not None:
        show_encounters(told.encounters, screen)


def show_encounters(told: Encounters, screen: Screen) -> None:
    """Print one table over all scenarios, or the curve of the only one."""
    if len(told.met) == 1:
        found = told.met[0].found
        screen.table(
            TITLES, [_row(s, f) for s, f in zip(found.severity, found.findings, strict=True)]
        )
        screen.result(found.sentence())
    else:
        screen.table(OVERVIEW, [_overview(met.scenario.id, met.found) for met in told.met])
        for met in told.met:
            screen.result(f"{met.scenario.id}: {met.found.sentence()}")
        screen.note(OF_SEVEREST)
    screen.note(f"Detector: {told.detector}.")
    screen.note(LEGEND)
    for met in told.met:
        for note in met.found.omitted:
            screen.note(f"{met.scenario.id}: {note}")
    for name, reason in told.left_out.items():
        screen.note(f"{name} is left out: {reason}")
    screen.note(f"Written to {told.met[0].path.parent}. Next: riskgen report")


def _row(severity: float, found: Finding) -> tuple[str, ...]:
    counted = (f"{found.recall.n}",)
    seen = (f"{severity:g}", share(found.recall), bare(found.chance))
    if found.toll is None:
        return (*seen, "–", "–", "–", *counted)
    toll = found.toll
    return (*seen, bare(toll.hours), bare(toll.lost), bare(toll.lost_share), *counted)


def _overview(name: str, found: BreakingPoint) -> tuple[str, ...]:
    mild, severe = found.findings[0], found.findings[-1]
    toll = severe.toll
    hours, lost = ("–", "–") if toll is None else (bare(toll.hours), bare(toll.lost_share))
    ends = (bare(mild.recall), bare(severe.recall), bare(severe.chance))
    where = found.where.removesuffix(" cases").removesuffix(" only")  # a row in 80 columns
    return (name, where, *ends, hours, lost)


def share(found: Estimate) -> str:
    """Return a share with its interval."""
    if found.value != found.value:
        return "–"
    if found.lower is None or found.upper is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.lower:.2f}, {found.upper:.2f}]"


def bare(found: Estimate) -> str:
    """Return a value without its interval."""
    if found.value != found.value:
        return "–"
    return f"{found.value:,.0f}" if abs(found.value) >= 100 else f"{found.value:.2g}"
