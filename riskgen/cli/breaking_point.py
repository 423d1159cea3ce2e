"""``riskgen breaking-point``: from which severity on a detector misses a fraud."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskgen.cli.options import password_file_option, quiet_option, run_options, seed_option

if TYPE_CHECKING:
    from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint
    from riskgen.evaluate.rehearsals.judge import Finding
    from riskgen.evaluate.result import Estimate

TITLES = ("severity", "found", "by chance", "hours", "lost", "lost, share", "cases")


@click.command("breaking-point")
@click.option("--stress", required=True, help="Fraud scenario: a name or a YAML file.")
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
@click.option("--data", help="Where the table lies now, if it has moved since the fit.")
@click.option("--context", help="Where its context table lies now, if that has moved.")
@password_file_option
@seed_option
@run_options
@quiet_option
def command(
    stress: str,
    recall: float,
    budget: float | None,
    severities: str | None,
    data: str | None,
    context: str | None,
    password_file: Path | None,
    seed: int,
    run: Path | None,
    root: Path,
    quiet: bool,
) -> None:
    """Find the smallest severity at which a detector misses too many.

    A detector learns the real frauds of the run's table; customers that it never saw
    suffer the scenario, milder and worse. The curve tells where it breaks.

    \b
    riskgen breaking-point --stress ato_drain --recall 0.5
    riskgen breaking-point --stress app_scam --severity 0.1..1:10 --budget 0.01
    """
    from riskgen.cli.screen import Screen
    from riskgen.simulate.stress import parse_severities
    from riskgen.stages.breaking_point import (
        SEVERITIES,
        BreakingPointRequest,
        breaking_point_of,
    )

    request = BreakingPointRequest(
        stress,
        recall,
        budget,
        SEVERITIES if severities is None else parse_severities(severities),
        run=run,
        root=root,
        data=data,
        context=context,
        password_file=password_file,
        seed=seed,
    )
    screen = Screen(quiet)
    screen.head(f"Stressing the detector with {stress}")
    with screen.progress("stressing") as bar:
        found, path = breaking_point_of(request, on_step=bar.show)
    screen.table(TITLES, _rows(found))
    screen.result(found.sentence())
    for note in found.omitted:
        screen.note(note)
    screen.note(f"Written to {path}")


def _rows(found: BreakingPoint) -> list[tuple[str, ...]]:
    return [
        (
            f"{severity:g}",
            _share(seen.recall),
            _share(seen.chance),
            *_toll(seen),
            str(seen.recall.n),
        )
        for severity, seen in zip(found.severity, found.findings, strict=True)
    ]


def _toll(seen: Finding) -> tuple[str, ...]:
    if seen.toll is None:
        return "–", "–", "–"
    return _plain(seen.toll.hours), _plain(seen.toll.lost), _share(seen.toll.lost_share)


def _share(found: Estimate) -> str:
    if found.value != found.value:
        return "–"
    if found.lower is None or found.upper is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.lower:.2f}, {found.upper:.2f}]"


def _plain(found: Estimate) -> str:
    return (
        "–"
        if found.value != found.value
        else f"{found.value:,.0f}"
        if found.value >= 100
        else f"{found.value:.2g}"
    )
