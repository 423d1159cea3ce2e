"""``riskgen scarcity``: where scenarios may help, few frauds known or a typology new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from riskgen.cli.options import (
    engine_options,
    moved_options,
    quiet_option,
    run_options,
    seed_option,
)

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen
    from riskgen.evaluate.scarcity.plan import Asked


@click.command("scarcity")
@click.option(
    "--question",
    type=click.Choice(["curve", "unseen", "emerging"]),
    default="curve",
    show_default=True,
    help="Few known frauds; a typology that nobody knows; one of which 1, 3 or 10 cases are known.",
)
@click.option(
    "--draws",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="Draws of customers for each point; a gain needs 5, the protocol has 10.",
)
@click.option(
    "--known",
    "sizes",
    type=click.IntRange(2),
    multiple=True,
    help="Known fraud customers, for a curve.  [default: 10, 25, 50, 100, 200 and all]",
)
@click.option("--typology", help="Column that names the fraud; the fit must have left it out.")
@click.option(
    "--scenario-for",
    "pairs",
    metavar="TYPOLOGY=SCENARIO",
    multiple=True,
    help="Which scenario is for which typology.",
)
@click.option(
    "--stress",
    multiple=True,
    help="Stress scenario of a curve; all that fit the table when not given.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of customers that is alerted.  [default: 0.005 a day, 0.1 without days]",
)
@click.option("--quick", is_flag=True, help="One ratio and fewer rows.")
@engine_options
@click.option("--force", is_flag=True, help="Drop another experiment that was interrupted.")
@moved_options
@seed_option
@run_options
@quiet_option
def command(quiet: bool, pairs: tuple[str, ...], **asked: Any) -> None:
    """Ask where scenarios may help: with few known frauds, or against a new one.

    The curve says how many real frauds the scenarios are worth. Unseen and emerging
    typologies need a column that names them. Interrupted, the same command goes on; the
    answer is scarcity.json in the run, and a section of the report.

    \b
    riskgen scarcity --draws 10 --workers 2
    riskgen scarcity --question unseen --typology kind --scenario-for scam=app_scam
    """
    from riskgen.cli.screen import Screen
    from riskgen.stages.scarcity import ScarcityRequest, scarcity_of_run

    screen = Screen(quiet)
    request = ScarcityRequest(scenario_for=tuple(_pair(pair) for pair in pairs), **asked)
    with screen.progress("drawing customers and training") as bar:
        answer = scarcity_of_run(
            request,
            on_plan=lambda *told: _show_plan(screen, *told),
            on_run=lambda done, n: bar.show(done / n, f"run {done} of {n}"),
        )
    screen.result(f"{answer['answer']}: {answer['sentence']}")
    for caveat in answer["caveats"]:
        screen.note(caveat)
    screen.note("Next: riskgen report")


def _pair(text: str) -> tuple[str, str]:
    name, sign, scenario = text.partition("=")
    if not (name and sign and scenario):
        raise click.BadParameter(
            "write TYPOLOGY=SCENARIO, for example scam=app_scam.", param_hint="--scenario-for"
        )
    return name, scenario


def _show_plan(screen: Screen, asked: Asked, openings: int, n: int) -> None:
    screen.head(f"{n} runs; plan {asked.sha256[:12]}, written down before the test is read")
    screen.note(f"{asked.plan.n_test_fraud} fraud customers of {asked.plan.n_test:,} in the test")
    if openings > 1:
        screen.note(f"{openings} different plans have looked at this test, this one included")
