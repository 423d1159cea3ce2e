"""``riskgen simulate``: draw scenarios from a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskgen.cli.options import (
    password_file_option,
    path_option,
    quiet_option,
    run_options,
    seed_option,
)

if TYPE_CHECKING:
    from riskgen.simulate.engines.engine import EngineName
    from riskgen.simulate.provenance import BaseKind


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
    "--base",
    type=click.Choice(["generated", "real"]),
    default="generated",
    show_default=True,
    help="Simulate on the generator's sequences, or on the real ones that it learned.",
)
@click.option(
    "--horizon",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="Days of each market path.",
)
@path_option("--out", "One .parquet or .csv file instead of parts in the run.")
@click.option(
    "--force",
    is_flag=True,
    help="Replace the --out file if it exists, and drop another simulation that was interrupted.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that draw; the bytes are the same for any number.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who draws: processes on this machine, or Ray.",
)
@click.option("--address", help="Of a running Ray cluster: auto, HOST:PORT or ray://HOST:PORT.")
@click.option("--data", help="Where the table lies now, if real customers are needed.")
@click.option("--context", help="Where its context table lies now, if that has moved.")
@password_file_option
@seed_option
@run_options
@quiet_option
def command(
    scenarios: int,
    stress: str | None,
    severity: float | None,
    base: BaseKind,
    horizon: int,
    out: Path | None,
    force: bool,
    data: str | None,
    context: str | None,
    password_file: Path | None,
    workers: int,
    engine: EngineName,
    address: str | None,
    seed: int,
    run: Path | None,
    root: Path,
    quiet: bool,
) -> None:
    """Draw scenarios from the newest run, stressed if wanted.

    \b
    riskgen simulate --scenarios 10000
    riskgen simulate --stress ato_drain --severity 0.6 --out stressed.parquet
    riskgen simulate --stress ato_drain --base real --scenarios 500 --out edited.parquet
    riskgen simulate --scenarios 1000000 --workers 8

    Stopped half-way, the same command goes on.
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import simulate_with_story
    from riskgen.stages.simulate import SimulateRequest

    if severity is not None and stress is None:
        raise click.UsageError("--severity needs --stress NAME.")
    if address is not None and engine != "ray":
        raise click.UsageError("--address needs --engine ray.")
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
        base=base,
        data=data,
        context=context,
        password_file=password_file,
        engine=engine,
        workers=workers,
        address=address,
        force=force,
    )
    simulate_with_story(request, Screen(quiet))
