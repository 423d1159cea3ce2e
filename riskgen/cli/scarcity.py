"""``riskgen scarcity``: what simulated frauds are worth where few real ones are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from riskgen.cli.options import password_file_option, quiet_option, run_options, seed_option

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen
    from riskgen.evaluate.scarcity.subsets import ScarcityPlan


def _numbers(context: click.Context, option: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 2:
        raise click.BadParameter("write numbers of 2 and more with commas, for example 10,25,50")
    return found


@click.command("scarcity")
@click.option(
    "--known",
    default="10,25,50,100,200",
    show_default=True,
    callback=_numbers,
    help="Numbers of known fraud customers to try; all of them are tried too.",
)
@click.option(
    "--draws",
    type=click.IntRange(1, 100),
    help="Of known frauds, each with other customers as its test.  [default: 5; 2 with --quick]",
)
@click.option("--quick", is_flag=True, help="One ratio, fewer rows, two draws.")
@click.option(
    "--generator/--no-generator",
    default=True,
    help="Refit the generator for each, or ask about scenarios and transplants alone: much faster.",
)
@click.option(
    "--stress",
    multiple=True,
    help="Stress scenario that may train; all that fit the table when not given.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of customers that is alerted.  [default: 0.005 a day, 0.1 without days]",
)
@click.option("--workers", type=click.IntRange(1), default=1, help="Processes at work.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local")
@click.option("--address", help="Of a running Ray cluster, with --engine ray.")
@click.option("--force", is_flag=True, help="Drop another curve that was interrupted.")
@click.option("--data", help="Where the table lies now, if it has moved since the fit.")
@click.option("--context", help="Where its context table lies now, if that has moved.")
@password_file_option
@seed_option
@run_options
@quiet_option
def command(quiet: bool, **asked: Any) -> None:
    """Ask how many real frauds simulated ones are worth, where few are known.

    Frauds are forgotten until only so many are known; every arm of 'riskgen utility' is
    trained on the rest. The answer is scarcity.json and a chart in the report.
    Interrupted, the same command goes on.

    \b
    riskgen scarcity --no-generator
    riskgen scarcity --known 10,20,40 --draws 10 --workers 2
    """
    from riskgen.cli.screen import Screen
    from riskgen.stages.scarcity import ScarcityRequest, scarcity_of_run

    screen = Screen(quiet)
    with screen.progress("forgetting and training") as bar:
        found = scarcity_of_run(
            ScarcityRequest(**asked),
            on_plan=lambda *told: _show_plan(screen, *told),
            on_point=lambda done, n: bar.show(done / n, f"point {done} of {n}"),
        )
    screen.result(found.sentence)
    worth = found.metrics[-1]
    rows = [
        (known, f"{one.value:.0f}", f"{one.lower:.0f} to {one.upper:.0f}")
        for known, one in worth.by.items()
        if one.lower is not None and one.upper is not None
    ]
    if rows:
        screen.table(["frauds", "with simulated ones worth", "95 % interval"], rows)
    screen.note("Next: riskgen report")


def _show_plan(screen: Screen, plan: ScarcityPlan, openings: int) -> None:
    sizes = ", ".join(map(str, plan.sizes))
    screen.head(f"{plan.base.runs} draws of {sizes} known frauds; plan {plan.sha256[:12]}")
    screen.note(
        f"{plan.base.n_test_fraud} fraud customers in the tests: the smallest effect that they can "
        f"see is {100 * plan.base.detectable:.1f} points of recall"
    )
    if openings > 1:
        screen.note(f"{openings} different plans have looked at this test, this one included")
