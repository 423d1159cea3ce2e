"""``riskgen verify``: no file of a run was changed since it was written."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("verify")
@click.argument("run", type=click.Path(path_type=Path))
def command(run: Path) -> None:
    """Check every hash of a run folder; exit code 2 names the first changed file."""
    from riskgen.runs import Run

    opened = Run.open(run)
    click.echo(f"{run}: {len(opened.manifest['files'])} files, all as they were written.")
