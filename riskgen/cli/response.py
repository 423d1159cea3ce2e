"""``riskgen response``: what to do about a scenario, what it stops and whom it hits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskgen.cli.options import moved_options, path_option, quiet_option, run_options, seed_option

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen

Row = Mapping[str, Any]


@click.command("response")
@click.option(
    "--stress", multiple=True, help="A scenario: a name or a YAML file.  [default: all shipped]"
)
@path_option("--responses", "YAML of responses instead of the shipped ones.")
@click.option(
    "--budget",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Genuine customers of 10,000 that may be hit in a month.  [default: the file's]",
)
@click.option(
    "--severity",
    type=click.FloatRange(0, 1, min_open=True),
    help="How badly.  [default: each scenario's own]",
)
@click.option("--show", is_flag=True, help="Print the shipped responses, to be changed.")
@moved_options
@seed_option
@run_options
@quiet_option
def command(
    stress: tuple[str, ...],
    responses: Path | None,
    budget: float | None,
    severity: float | None,
    show: bool,
    data: str | None,
    context: str | None,
    password_file: Path | None,
    seed: int,
    run: Path | None,
    root: Path,
    quiet: bool,
) -> None:
    """Try responses to scenarios on struck and on real customers.

    Customers that nothing was learned from suffer each scenario; caps, holds, blocks and
    alerts are replayed on them and on the same customers as they are. What prevents most
    within the budget of genuine customers hit is chosen on one half and told of the other.

    \b
    riskgen response
    riskgen response --stress ato_drain --budget 30
    riskgen response --show > mine.yaml
    riskgen response --responses mine.yaml
    """
    from riskgen.cli.screen import Screen
    from riskgen.evaluate.response.plan import shipped_text
    from riskgen.stages.response import ResponseRequest, respond

    if show:
        click.echo(shipped_text(), nl=False)
        return
    request = ResponseRequest(
        stress,
        responses,
        budget,
        severity,
        run=run,
        root=root,
        data=data,
        context=context,
        password_file=password_file,
        seed=seed,
    )
    screen = Screen(quiet)
    screen.head("Trying responses")
    with screen.progress("replaying") as bar:
        told, path = respond(request, on_step=bar.show)
    _show(screen, told)
    screen.note(f"Written to {path}")


def _show(screen: Screen, told: Row) -> None:
    titles = ("scenario", "answer", "prevented", "hit", "first warning")
    screen.table(titles, [_row(item) for item in told["scenarios"]])
    for item in told["scenarios"]:
        screen.result(f"{item['scenario']}: {item['sentence']}")
    for name, reason in {**told["left_out"], **told["skipped"]}.items():
        screen.note(f"{name} left out: {reason}")


def _row(item: Row) -> tuple[str, ...]:
    best = item["best"]
    cells = ("–", "–")
    if best is not None:
        cells = (_share(best["prevented"]), _number(best["friction"]))
    return (item["scenario"], item["answer"].lower(), *cells, _first(item))


def _first(item: Row) -> str:
    """Return the earliest indicator that beats chance."""
    found = next((w for w in item.get("warnings", []) if w["beats_chance"]), None)
    return "–" if found is None else f"{found['indicator']}: {found['lead_h']['value']:.1f} h"


def _share(found: Row) -> str:
    if found["value"] is None:
        return "–"
    low, high = found["lower"], found["upper"]
    told = f"{100 * found['value']:.0f} %"
    return told if low is None else f"{told} [{100 * low:.0f}, {100 * high:.0f}]"


def _number(found: Row) -> str:
    if found["value"] is None:
        return "–"
    low, high = found["lower"], found["upper"]
    told = f"{found['value']:.0f}"
    return told if low is None else f"{told} [{low:.0f}, {high:.0f}]"
