"""``riskgen inspect``: what riskgen makes of a table, before anything is fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from riskgen.cli.options import path_option, table_options


@click.command("inspect")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@table_options
@path_option("--out", "Write the schema here, as YAML, for `riskgen fit --schema`.")
def command(source: Path, out: Path | None, **table: Any) -> None:
    """Show what riskgen makes of a table: columns, roles, partitions, problems.

    \b
    riskgen inspect transactions.parquet
    riskgen inspect transactions.parquet --out schema.yaml
    """
    from riskgen.cli.screen import Screen
    from riskgen.cli.story import show_material
    from riskgen.runs import write_bytes
    from riskgen.stages.material import TableRequest, prepare

    screen = Screen()
    material = prepare(TableRequest(source, **table))
    show_material(material, screen)
    if out is not None:
        write_bytes(out, material.schema.to_yaml().encode())
        screen.result(f"Schema: {out}")
