"""``riskgen tune``: search the options of a generator."""

from __future__ import annotations

import shlex
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
    table_words,
)


@click.command("tune")
@click.argument("source", metavar="TABLE")
@table_options
@click.option("--generator", default="timegan", show_default=True, help="Whose options.")
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Options to try; the defaults are the first.",
)
@click.option("--max-time", type=Duration(), help="Bound the whole search, for example 30m.")
@click.option("--trial-time", type=Duration(), help="Bound each training, for example 60s.")
@click.option("--steps", type=click.IntRange(min=1), help="Training steps of each trial.")
@click.option(
    "--sampler",
    type=click.Choice(["tpe", "grid"]),
    default="tpe",
    show_default=True,
    help="Bayesian search, or every combination.",
)
@click.option(
    "--objective",
    type=click.Choice(["held-out", "auditor"]),
    default="held-out",
    show_default=True,
    help="Likelihood of, or two-sample test on, what the training itself holds out.",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME[=A,B,C]",
    help="Search this option instead of all; with values, among these.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Fresh seeds on which the best must beat the defaults.",
)
@generator_options
@path_option("--study", "File of the study; one that is there is taken up.")
@seed_option
@runs_option
@quiet_option
def command(
    source: str,
    generator: str,
    trials: int,
    max_time: float | None,
    trial_time: float | None,
    steps: int | None,
    sampler: str,
    objective: str,
    vary: tuple[str, ...],
    repeats: int,
    options_file: Path | None,
    option: tuple[str, ...],
    study: Path | None,
    seed: int,
    root: Path,
    quiet: bool,
    **table: Any,
) -> None:
    """Search the options of a generator on what its training holds out.

    Control and test customers are not looked at. The best is repeated with fresh
    seeds beside the defaults; "tuning did not help" is a possible answer.

    \b
    riskgen tune transactions.parquet --trials 20 --max-time 30m
    riskgen tune cards.csv --sampler grid --vary hidden=64,96 --vary dropout=0.1,0.3
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import tune_with_story
    from riskgen.data.sources.uri import public
    from riskgen.stages.material import TableRequest
    from riskgen.stages.options import given_options, varied
    from riskgen.stages.tune import TuneRequest

    flags = {"steps": steps, "max_seconds": trial_time}
    asked = TableRequest(source, **table)
    request = TuneRequest(
        table=asked,
        study=study or root / f"tune-{asked.open().stem}-{generator}.jsonl",
        generator=generator,
        trials=trials,
        max_seconds=max_time,
        sampler=sampler,
        objective=objective,
        vary=dict(varied(text) for text in vary),
        options=given_options(generator, options_file, option, flags),
        repeats=repeats,
        seed=seed,
    )
    screen = Screen(quiet)
    tune_with_story(request, screen)
    words = ["riskgen", "fit", public(source), *table_words(table), "--generator", generator]
    words += ["--seed", str(seed), "--options", str(request.options_file)]
    screen.result(shlex.join(words))
