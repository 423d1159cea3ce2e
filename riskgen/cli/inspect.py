"""``riskgen inspect``: what riskgen makes of a table, before anything is fitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from riskgen.cli.options import path_option, table_options


@click.command("inspect")
@click.argument("source", metavar="TABLE")
@table_options
@path_option("--out", "Write the schema here, as YAML, for `riskgen fit --schema`.")
@path_option("--to-sdv", "Write SDV metadata here, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, nothing else.")
def command(
    source: str, out: Path | None, to_sdv: Path | None, as_json: bool, **table: Any
) -> None:
    """Show what riskgen makes of a table: columns, confidence, leaks, problems.

    Exit code 0 also where fit would refuse the table: the refusal is the first problem.

    \b
    riskgen inspect transactions.parquet
    riskgen inspect transactions.parquet --out schema.yaml
    riskgen inspect transactions.parquet --json
    """
    from riskgen.cli.inspection_screen import show_inspection
    from riskgen.cli.screen import Screen
    from riskgen.runs import write_bytes
    from riskgen.stages.inspect import inspect_table, schema_text, sdv_text
    from riskgen.stages.material import TableRequest

    screen = Screen()
    request = TableRequest(source, **table)
    inspection = inspect_table(request)
    if as_json:
        click.echo(json.dumps(inspection.to_json(), indent=2, allow_nan=False))
    else:
        show_inspection(inspection, screen.out)
    if to_sdv is not None:
        write_bytes(to_sdv, sdv_text(inspection, request).encode())
        screen.note(f"SDV metadata: {to_sdv}")
    if out is not None:
        write_bytes(out, schema_text(inspection).encode())
        # Not as typed: a URI may hold a password.
        name = request.open().name
        screen.note(f"Schema: {out}. Edit it, then: riskgen fit {name} --schema {out}")
