"""``riskgen report``: the evaluation as one offline HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from riskgen.cli.options import path_option, quiet_option, run_options


@click.command("report")
@path_option("--out", "HTML file to write; reports/<run>.html when not given.")
@run_options
@quiet_option
def command(out: Path | None, run: Path | None, root: Path, quiet: bool) -> None:
    """Write one offline HTML file with verdicts, charts, numbers and sources.

    \b
    riskgen report
    riskgen report --run runs/0001-transactions --out review.html
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import report_with_story

    report_with_story(run, root, out, Screen(quiet))
