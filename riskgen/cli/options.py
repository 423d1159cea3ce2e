"""Options that several commands share, each worded once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h)?$")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """A duration such as ``60s``, ``5m`` or ``1h``; a bare number is seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        match = _DURATION.match(str(value).strip())
        if match is None or float(match[1]) <= 0:
            self.fail(f"'{value}' is not a duration; write 60s, 5m or 1h.", param, ctx)
        return float(match[1]) * _SECONDS[match[2] or "s"]


def path_option(name: str, text: str) -> Callable[[Command], Command]:
    """Return an option that takes a path, existing or not."""
    return click.option(name, type=click.Path(path_type=Path), default=None, help=text)


def runs_option(command: Command) -> Command:
    """Add ``--runs``: the folder of runs."""
    option = click.option(
        "--runs",
        "root",
        type=click.Path(path_type=Path),
        default=Path("runs"),
        show_default=True,
        help="Folder of runs.",
    )
    return option(command)


def run_options(command: Command) -> Command:
    """Add ``--run`` and ``--runs``: which run to work on."""
    return path_option("--run", "Run folder; the newest when not given.")(runs_option(command))


def moved_options(command: Command) -> Command:
    """Add ``--data``, ``--context`` and ``--password-file``: where a run's table lies now."""
    data = click.option("--data", help="Where the table lies now, if it has moved since the fit.")
    context = click.option("--context", help="Where its context table lies now, if that has moved.")
    return data(context(password_file_option(command)))


def engine_options(command: Command) -> Command:
    """Add ``--workers``, ``--engine`` and ``--address``: who does the work of an experiment."""
    workers = click.option(
        "--workers", type=click.IntRange(1), default=1, help="Processes at work."
    )
    engine = click.option("--engine", type=click.Choice(["local", "ray"]), default="local")
    address = click.option("--address", help="Of a running Ray cluster, with --engine ray.")
    return workers(engine(address(command)))


def groups_option(command: Command) -> Command:
    """Add ``--groups``: columns, with commas between them."""
    return click.option(
        "--groups",
        callback=lambda context, parameter, text: _listed(text or ""),
        help="Columns by which customers are told apart (region,age_band): whom alerts find and "
        "bother in each group, and whether a gap widens.",
    )(command)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def seed_option(command: Command) -> Command:
    """Add ``--seed``."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Same seed, same result.",
    )(command)


def quiet_option(command: Command) -> Command:
    """Add ``--quiet``."""
    return click.option("-q", "--quiet", is_flag=True, help="Print results only.")(command)


def generator_options(command: Command) -> Command:
    """Add ``--options`` and ``--option``: options of the generator's own."""
    for option in (
        click.option(
            "--option",
            multiple=True,
            metavar="NAME=VALUE",
            help="An option of the generator, for example hidden=96; goes before --options.",
        ),
        click.option(
            "--options",
            "options_file",
            type=click.Path(path_type=Path),
            help="YAML with options of the generator, as 'riskgen tune' leaves it.",
        ),
    ):
        command = option(command)
    return command


def password_file_option(command: Command) -> Command:
    """Add ``--password-file``: a password that no process list shows."""
    return path_option("--password-file", "First line: the database's password.")(command)


def table_options(command: Command) -> Command:
    """Add the options that override what is inferred of a table."""
    for option in reversed(
        [
            click.option("--query", help="SQL that selects the rows, where TABLE is a database."),
            password_file_option,
            path_option("--schema", "YAML or JSON schema instead of the inference."),
            path_option("--metadata", "SDV metadata (JSON) of the table; goes before guesses."),
            click.option("--context", help="Table with one row for each entity, to be joined."),
            click.option("--context-key", help="Column of --context that holds the entities."),
            click.option(
                "--domain",
                type=click.Choice(["transactions", "market"]),
                help="What the table holds, when the guess is wrong.",
            ),
            click.option("--entity", help="Column that tells customers or accounts apart."),
            click.option("--time", help="Column that orders the events."),
            click.option("--label", help="Column that a detector predicts."),
            click.option(
                "--keep", multiple=True, help="Keep this column although it looks personal."
            ),
            click.option("--drop", multiple=True, help="Leave this column out."),
            click.option(
                "--pseudonymise",
                metavar="COLUMN",
                multiple=True,
                help="Model this column by fresh ids with no way back.",
            ),
            click.option(
                "--max-events",
                type=click.IntRange(min=1),
                default=2_000_000,
                show_default=True,
                help="Rows held in memory; of more, whole histories of a sample of entities.",
            ),
        ]
    ):
        command = option(command)
    return command


def table_words(table: Mapping[str, Any]) -> list[str]:
    """Return the options of :func:`table_options` that differ from their defaults, as typed."""
    from riskgen.data.size.selection import MOST_EVENTS
    from riskgen.data.sources.uri import public

    words = []
    for name, value in table.items():
        if value is None or (name == "max_events" and value == MOST_EVENTS):
            continue
        for item in value if isinstance(value, tuple) else (value,):
            words += [f"--{name.replace('_', '-')}", public(str(item))]
    return words
