"""``riskgen simulate``: draw scenarios from a run."""

from __future__ import annotations

from pathlib import Path

import click

from riskgen.cli.options import path_option, quiet_option, run_options, seed_option


@click.command("simulate")
@click.option(
    "--scenarios",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Sequences or market paths to draw.",
)
@click.option("--stress", help="Stress scenario: a shipped name or a YAML file.")
@click.option(
    "--severity",
    type=click.FloatRange(0, 1),
    help="How badly it goes wrong, 0 to 1; the scenario's default when not given.",
)
@click.option(
    "--horizon",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="Days of each market path.",
)
@path_option("--out", "One .parquet or .csv file instead of parts in the run.")
@click.option("--force", is_flag=True, help="Replace the --out file if it exists.")
@seed_option
@run_options
@quiet_option
def command(
    scenarios: int,
    stress: str | None,
    severity: float | None,
    horizon: int,
    out: Path | None,
    force: bool,
    seed: int,
    run: Path | None,
    root: Path,
    quiet: bool,
) -> None:
    """Draw scenarios from the newest run, stressed if wanted.

    \b
    riskgen simulate --scenarios 10000
    riskgen simulate --stress ato_drain --severity 0.6 --out stressed.parquet
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import simulate_with_story
    from riskgen.stages.simulate import SimulateRequest

    if severity is not None and stress is None:
        raise click.UsageError("--severity needs --stress NAME.")
    if out is not None and out.exists() and not force:
        raise click.UsageError(f"'{out}' exists; add --force to replace it.")
    request = SimulateRequest(
        run=run,
        root=root,
        scenarios=scenarios,
        stress=stress,
        severity=severity,
        horizon=horizon,
        seed=seed,
        out=out,
    )
    simulate_with_story(request, Screen(quiet))
