"""``riskgen scenarios``: the stress catalogue."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("scenarios")
def command() -> None:
    """List, show and check stress scenarios."""


@command.command("list")
def list_scenarios() -> None:
    """List the shipped scenarios with their domain and title."""
    from riskgen.simulate import catalogue

    for name in catalogue.names():
        scenario = catalogue.load(name)
        click.echo(f"{name:<22} {scenario.domain:<13} {scenario.title}")


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped scenario as it is written."""
    from riskgen.simulate import catalogue

    click.echo(catalogue.text(name), nl=False)


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a scenario file; a fault is told in one line, exit code 2."""
    from riskgen.simulate.scenario import read_scenario

    scenario = read_scenario(file)
    click.echo(f"'{scenario.id}' is a valid scenario.")
