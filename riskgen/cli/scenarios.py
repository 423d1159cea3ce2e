"""``riskgen scenarios``: the stress catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskgen.cli.options import run_options

if TYPE_CHECKING:
    from riskgen.simulate.stress import Stress


@click.group("scenarios")
def command() -> None:
    """List, show, check and begin stress scenarios.

    \b
    riskgen scenarios list
    riskgen scenarios new my_scam --like app_scam
    riskgen scenarios check scenarios/my_scam.yaml
    """


@command.command("list")
def list_scenarios() -> None:
    """List the shipped scenarios, and those in ./scenarios, with domain and title."""
    from riskgen.cli.screen import Screen
    from riskgen.simulate import catalogue

    own = set(catalogue.own_names())
    rows = [(name, *_described(name)) for name in sorted({*catalogue.names(), *own})]
    Screen().table(("scenario", "domain", "mechanism", "title"), rows)
    if own:
        click.echo(f"From ./{catalogue.OWN}: {', '.join(sorted(own))}")


def _described(name: str) -> tuple[str, str, str]:
    """Return domain, mechanism and title; of a faulty file what is wrong with it."""
    from riskgen.errors import ScenarioError
    from riskgen.simulate import catalogue

    try:
        stress = catalogue.stress(name)
    except ScenarioError as error:
        return "faulty", "", str(error)
    mechanisms = dict.fromkeys(scenario.mechanism for scenario in stress.scenarios)
    return stress.domain, "+".join(mechanisms), stress.title


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Print a scenario as it is written."""
    from riskgen.simulate import catalogue

    click.echo(catalogue.text(name), nl=False)


@command.command("check")
@click.argument("file")
@click.option("--against", "look", is_flag=True, help="Look for its columns in a run as well.")
@run_options
def check(file: str, look: bool, run: Path | None, root: Path) -> None:
    """Check a scenario file; a fault is told in one line, exit code 2.

    \b
    riskgen scenarios check my_scam.yaml
    riskgen scenarios check my_scam.yaml --against --run runs/0001-cards
    """
    from riskgen.simulate import catalogue
    from riskgen.simulate.mechanisms.checked import checked

    stress = catalogue.stress(file)
    for scenario in stress.scenarios:
        checked(scenario)
    click.echo(f"'{stress.id}' is a valid scenario.")
    for scenario in stress.scenarios:
        shares = (f"{kind} {share:.0%}" for kind, share in scenario.source_ledger().items())
        click.echo(f"  {scenario.id}: {len(scenario.parameters)} parameters by {', '.join(shares)}")
    if look or run is not None:
        _look(stress, run, root)


def _look(stress: Stress, run: Path | None, root: Path) -> None:
    from riskgen.data.schema_file import read_schema
    from riskgen.simulate.roles import roles_of
    from riskgen.stages.fitted import open_run

    opened = open_run(run, root)
    schema = read_schema(opened.path / "schema.yaml")
    for scenario in stress.scenarios:
        told = roles_of(scenario, schema).sentence()
        click.echo(f"  {scenario.id} in {opened.path.name}: {told}.")


@command.command("new")
@click.argument("name")
@click.option("--like", help="Start from this scenario instead of the plain template.")
@click.option(
    "--domain",
    type=click.Choice(("transactions", "market")),
    default="transactions",
    show_default=True,
    help="Kind of table that the template is for.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def new(name: str, like: str | None, domain: str, force: bool) -> None:
    """Write a commented scenario to ./scenarios/NAME.yaml, valid as it is.

    \b
    riskgen scenarios new my_scam --like app_scam
    riskgen scenarios new rate_rise --domain market
    """
    from riskgen.runs import write_bytes
    from riskgen.simulate import catalogue
    from riskgen.simulate.template import template

    written, path = template(name, domain, like), catalogue.OWN / f"{name}.yaml"
    if path.exists() and not force:
        raise click.UsageError(f"'{path}' exists; add --force to replace it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, written.encode())
    click.echo(f"{path}: edit it, then riskgen scenarios check {path}")
