"""``riskgen fit``: learn a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from riskgen.cli.options import (
    Duration,
    generator_options,
    path_option,
    quiet_option,
    runs_option,
    seed_option,
    table_options,
)


@click.command("fit")
@click.argument("source", metavar="TABLE", required=False)
@table_options
@click.option(
    "--generator",
    default="timegan",
    show_default=True,
    help="What learns the table: timegan, timegan-2019, timevae, par, bootstrap, injector, garch.",
)
@click.option(
    "--ensemble",
    type=click.IntRange(min=1),
    default=1,
    metavar="K",
    help="Fit K times from seeds of their own and mix; --max-time is for all of them.",
)
@path_option("--init-from", "Run to begin at, with its schema and encoder: for scarce labels.")
@click.option("--max-time", type=Duration(), help="Bound training, for example 60s or 5m.")
@click.option("--steps", type=click.IntRange(min=1), help="Training steps instead of the default.")
@generator_options
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train; the same seed gives the same bytes on the same device.",
)
@click.option(
    "--origin",
    type=click.Choice(["real", "simulated", "not stated"]),
    default="not stated",
    show_default=True,
    help="Where the data come from; simulated data cap the utility verdict.",
)
@click.option("--resume", is_flag=True, help="Go on with the fit that Ctrl-C interrupted.")
@seed_option
@runs_option
@quiet_option
def command(
    source: str | None,
    generator: str,
    ensemble: int,
    init_from: Path | None,
    max_time: float | None,
    steps: int | None,
    options_file: Path | None,
    option: tuple[str, ...],
    device: str,
    origin: str,
    resume: bool,
    seed: int,
    root: Path,
    quiet: bool,
    **table: Any,
) -> None:
    """Learn a table of transactions or prices and leave a run under ./runs.

    \b
    riskgen fit transactions.parquet
    riskgen fit cards.csv --entity card --label is_fraud --max-time 5m
    riskgen fit postgresql://reader@db/bank --query "select * from card_events"
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import fit_with_story
    from riskgen.models.device import with_device
    from riskgen.stages.fit import FitRequest
    from riskgen.stages.material import TableRequest
    from riskgen.stages.options import given_options

    if source is None:
        raise click.UsageError("Name the table: riskgen fit TABLE")
    flags = {"steps": steps, "max_seconds": max_time}
    given = given_options(generator, options_file, option, flags)
    given = with_device(generator, given, device)
    if ensemble > 1:
        given = {"member": generator, "size": ensemble, "options": given}
        generator = "ensemble"
    request = FitRequest(
        table=TableRequest(source, **table),
        root=root,
        generator=generator,
        seed=seed,
        options=given,
        origin=origin,
    )
    fit_with_story(request, Screen(quiet), resume=resume, init_from=init_from)
