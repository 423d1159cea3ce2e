"""``riskgen breaking-point``: from which severity on a detector misses a fraud."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from riskgen.cli.options import moved_options, path_option, quiet_option, run_options, seed_option
from riskgen.cli.own_detector import detector_options

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen
    from riskgen.stages.breaking_point import BreakingPointRequest


@click.command("breaking-point")
@click.option(
    "--stress",
    multiple=True,
    help="Fraud scenario: a name or a YAML file; may be given again; 'all' for all that fit.",
)
@click.option(
    "--recall",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Share of its customers below which the detector counts as broken.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the day's active customers that is alerted.  [default: 0.005]",
)
@click.option("--severity", "severities", help="Severities to try, for example 0.2..1 or 0.2..1:9.")
@path_option("--export", "Write what your own detector is to score into this new folder.")
@detector_options
@moved_options
@seed_option
@run_options
@quiet_option
def command(
    stress: tuple[str, ...],
    recall: float,
    budget: float | None,
    severities: str | None,
    export: Path | None,
    quiet: bool,
    **rest: Any,
) -> None:
    """Find the smallest severity at which a detector misses too many.

    A detector learns the real frauds of the run's table; customers that it never saw
    suffer the scenario, milder and worse. The curve tells where it breaks. Your own
    detector is met with the same cases: export them, score them, hand back the scores.

    \b
    riskgen breaking-point --stress ato_drain --recall 0.5
    riskgen breaking-point --stress all
    riskgen breaking-point --stress app_scam --severity 0.1..1:10 --budget 0.01
    riskgen breaking-point --stress all --export cases/
    riskgen breaking-point --scores scores.parquet
    riskgen breaking-point --stress all --detector model.onnx
    """
    from riskgen.cli.screen import Screen
    from riskgen.simulate.stress import parse_severities
    from riskgen.stages.breaking_point import BreakingPointRequest
    from riskgen.stages.rehearsal_plan import SEVERITIES

    if rest["scores"]:
        _refuse_settings(export, budget, severities)
    tried = SEVERITIES if severities is None else parse_severities(severities)
    request = BreakingPointRequest(stress, recall, budget, tried, **rest)
    if export is None:
        _meet(request, Screen(quiet))
    else:
        _hand_over(request, export, Screen(quiet))


def _refuse_settings(export: Path | None, budget: float | None, severities: str | None) -> None:
    """Refuse what the export has settled already."""
    seed = click.get_current_context().get_parameter_source("seed")
    given = {
        "--export": export is not None,
        "--budget": budget is not None,
        "--severity": severities is not None,
        "--seed": seed == ParameterSource.COMMANDLINE,
    }
    for option in (name for name, is_given in given.items() if is_given):
        raise click.UsageError(f"With --scores {option} is that of the export. Leave it out.")


def _meet(request: BreakingPointRequest, screen: Screen) -> None:
    from riskgen.cli.own_detector import show_encounters
    from riskgen.stages.breaking_point import breaking_points_of

    screen.head("Stressing the detector")
    with screen.progress("stressing") as bar:
        told = breaking_points_of(request, on_step=bar.show)
    show_encounters(told, screen)


def _hand_over(request: BreakingPointRequest, folder: Path, screen: Screen) -> None:
    from riskgen.stages.breaking_point import export_cases
    from riskgen.stages.handover import PERSONAL

    screen.head("Rehearsing the scenarios")
    with screen.progress("rehearsing") as bar:
        found = export_cases(request, folder, on_step=bar.show)
    for name, reason in found.left_out.items():
        screen.note(f"{name} is left out: {reason}")
    files = f"{len(found.sheets)} files, {found.n:,} ids to score, export {found.mark}"
    screen.result(f"Written to {folder}: {files}")
    screen.note(PERSONAL)
    screen.note(
        f"What is where: {folder / 'manifest.json'}. Score every row, then hand back a table"
    )
    screen.note("with columns 'riskgen_id' and 'score' (higher is more suspicious, any scale).")
    screen.note("Next: riskgen breaking-point --scores scores.parquet")
