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
@click.option("--stress", help="Stress scenario: a name, a YAML file, or names joined by +.")
@click.option(
    "--severity",
    help="How badly it goes wrong: 0.6, or a grid shared out among them: 0.2..1, 0.2..1:9.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=NAME",
    help="Column that plays a role of the scenario, for example merchant=shop_name.",
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
@click.option(
    "--assets",
    metavar="A,B",
    help="Assets to write, all of which are simulated together.",
)
@click.option(
    "--start-from",
    metavar="DATE",
    help="Let market paths go on from the prices and the volatility of a day of the table.",
)
@path_option(
    "--portfolio", "CSV of asset and weight (or quantity): tell its losses, VaR and shortfall."
)
@click.option(
    "--loss-at-least",
    type=click.FloatRange(min=0, min_open=True),
    help="Look for the most plausible paths on which the portfolio loses so much.",
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
    severity: str | None,
    columns: tuple[str, ...],
    base: BaseKind,
    horizon: int,
    assets: str | None,
    start_from: str | None,
    portfolio: Path | None,
    loss_at_least: float | None,
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
    riskgen simulate --stress card_testing_burst --severity 0.2..1 --column merchant=shop
    riskgen simulate --stress ato_drain --base real --scenarios 500 --out edited.parquet
    riskgen simulate --scenarios 1000000 --workers 8

    Stopped half-way, the same command goes on.
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import simulate_with_story
    from riskgen.simulate.stress import parse_severities
    from riskgen.stages.simulate import SimulateRequest

    if (severity is not None or columns) and stress is None:
        raise click.UsageError("--severity and --column need --stress NAME.")
    if address is not None and engine != "ray":
        raise click.UsageError("--address needs --engine ray.")
    if loss_at_least is not None and portfolio is None:
        raise click.UsageError("--loss-at-least needs --portfolio FILE.")
    if out is not None and out.exists() and not force:
        raise click.UsageError(f"'{out}' exists; add --force to replace it.")
    request = SimulateRequest(
        run=run,
        root=root,
        scenarios=scenarios,
        stress=stress,
        severity=None if severity is None else parse_severities(severity),
        columns=tuple(_role(written) for written in columns),
        horizon=horizon,
        assets=() if assets is None else tuple(name.strip() for name in assets.split(",")),
        start_from=start_from,
        portfolio=portfolio,
        loss_at_least=loss_at_least,
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


def _role(written: str) -> tuple[str, str]:
    role, equals, name = written.partition("=")
    if not (role and equals and name):
        raise click.UsageError(f"'{written}' is not ROLE=NAME, for example merchant=shop_name.")
    return role, name
