"""``riskgen utility``: does it help, with the generator refitted for every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from riskgen.cli.options import (
    engine_options,
    groups_option,
    moved_options,
    quiet_option,
    run_options,
    seed_option,
)

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen
    from riskgen.evaluate.utility.plan import Plan
    from riskgen.stages.utility.estimate import Estimate


@click.command("utility")
@click.option(
    "--refits",
    type=click.IntRange(1, 100),
    help="Refits of the generator, each on another draw of customers; 'helps' needs 5.  "
    "[default: 10; 2 with --quick]",
)
@click.option(
    "--quick", is_flag=True, help="One ratio, fewer rows, two refits: a look, never 'helps'."
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
@groups_option
@engine_options
@click.option("--force", is_flag=True, help="Drop another experiment that was interrupted.")
@moved_options
@seed_option
@run_options
@quiet_option
def command(quiet: bool, **asked: Any) -> None:
    """Ask with the full protocol whether simulated data helps the detector.

    Every run draws customers, refits the generator and trains every arm; the test is
    met by a plan that was written down before. Interrupted, the same command goes on.
    The answer is utility.json, and takes the place of the quick one in results.json;
    asked before 'riskgen evaluate', it is the only look at the test.

    \b
    riskgen utility --quick
    riskgen utility --refits 10 --workers 2
    """
    from riskgen.cli.screen import Screen
    from riskgen.stages.fitted import open_run
    from riskgen.stages.utility import UtilityRequest, utility_of_run

    screen = Screen(quiet)
    folder = open_run(asked.pop("run"), asked["root"]).path
    with screen.progress("refitting and training") as bar:
        utility = utility_of_run(
            UtilityRequest(run=folder, **asked),
            on_plan=lambda *told: _show_plan(screen, *told),
            on_run=lambda done, n: bar.show(done / n, f"run {done} of {n}"),
        )
    screen.verdicts([utility.verdict])
    evaluated = (folder / "results.json").is_file()
    screen.note(f"Next: riskgen {'report' if evaluated else 'evaluate'}")


def _show_plan(screen: Screen, plan: Plan, openings: int, estimate: Estimate) -> None:
    screen.head(f"{plan.runs} runs; plan {plan.sha256[:12]}, written down before the test is read")
    screen.note(
        f"{plan.n_test_fraud} fraud customers of {plan.n_test:,} in the test: the smallest effect "
        f"that it can see is {100 * plan.detectable:.1f} points of recall"
    )
    screen.note(f"It takes {estimate}")
    if openings > 1:
        screen.note(f"{openings} different plans have looked at this test, this one included")
