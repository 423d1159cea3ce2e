"""``riskgen evaluate``: fidelity, utility and privacy of a run."""

from __future__ import annotations

from pathlib import Path

import click

from riskgen.cli.options import groups_option, moved_options, quiet_option, run_options, seed_option
from riskgen.cli.own_detector import meets_own_detector


@click.command("evaluate")
@click.option("--quick", is_flag=True, help="Fewer repeats; verdicts are capped accordingly.")
@click.option(
    "--stress",
    multiple=True,
    help="Stress scenario for the utility arm; all that fit the table when not given.",
)
@groups_option
@moved_options
@seed_option
@run_options
@quiet_option
@meets_own_detector
def command(
    quick: bool,
    stress: tuple[str, ...],
    groups: tuple[str, ...],
    data: str | None,
    context: str | None,
    password_file: Path | None,
    seed: int,
    run: Path | None,
    root: Path,
    quiet: bool,
) -> None:
    """Measure fidelity, utility and privacy of the newest run.

    Writes results.json into the run and prints one sentence per question.

    \b
    riskgen evaluate
    riskgen evaluate --run runs/0001-transactions --quick
    riskgen evaluate --groups region,age_band
    riskgen evaluate --scores scores.parquet
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import evaluate_with_story
    from riskgen.stages.evaluate import EvaluateRequest

    request = EvaluateRequest(
        run=run,
        root=root,
        quick=quick,
        stress=stress,
        groups=groups,
        data=data,
        password_file=password_file,
        context=context,
        seed=seed,
    )
    evaluate_with_story(request, Screen(quiet))
