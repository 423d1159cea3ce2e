"""From a run and its results to one HTML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from riskgen.data.schema_file import read_schema
from riskgen.errors import RunError
from riskgen.report.document import build_document
from riskgen.report.html import render
from riskgen.runs import Run, file_hash, read_json, write_bytes
from riskgen.stages.breaking_overview import breaking_points
from riskgen.stages.fitted import open_run
from riskgen.stages.response import FILE as RESPONSES
from riskgen.stages.scarcity.answer import FILE as SCARCITY


def report_run(run: Path | None, root: Path, out: Path | None = None) -> Path:
    """Write the report of a run that has been evaluated.

    Parameters
    ----------
    run : Path or None
        Run folder; the newest under ``root`` when None.
    root : Path
        Folder of runs.
    out : Path or None
        HTML file; ``reports/<run>.html`` when None.

    Raises
    ------
    RunError
        When the run has not been evaluated, or its results belong to another state of it.
    """
    opened = open_run(run, root)
    results = _results(opened)
    schema = read_schema(opened.path / "schema.yaml").model_dump(mode="json", exclude_none=True)
    manifest = {**opened.manifest, "table_schema": schema}
    told = (_training(opened), simulations(opened.path), breaking_points(opened.path))
    document = build_document(
        results, manifest, *told, responses=_responses(opened), scarcity=_scarcity(opened)
    )
    path = out if out is not None else Path("reports") / f"{opened.path.name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, render(document).encode())
    return path


def simulations(run: Path) -> list[dict[str, Any]]:
    """Return what each simulation of a run says of itself, by name."""
    return [read_json(path) for path in sorted(run.glob("simulations/[!.]*/simulation.json"))]


def _results(run: Run) -> dict[str, Any]:
    path = run.path / "results.json"
    if not path.is_file():
        raise RunError(f"Run '{run.path}' has not been evaluated. Next: riskgen evaluate")
    results = read_json(path)
    if results["facts"].get("manifest_sha256") != file_hash(run.path / "manifest.json"):
        raise RunError(f"The results in '{run.path}' belong to another fit. Evaluate again.")
    return results


def _responses(run: Run) -> dict[str, Any] | None:
    """Return the responses that were tried on a run; None where none were."""
    return _beside(run, RESPONSES, "riskgen response")


def _scarcity(run: Run) -> dict[str, Any] | None:
    """Return the answers on few and new frauds; None where none were asked."""
    return _beside(run, SCARCITY, "riskgen scarcity")


def _beside(run: Run, name: str, command: str) -> dict[str, Any] | None:
    path = run.path / name
    if not path.is_file():
        return None
    found = read_json(path)
    if found.get("manifest_sha256") != file_hash(run.path / "manifest.json"):
        raise RunError(f"'{path}' belongs to another fit. Next: {command}")
    return found


def _training(run: Run) -> list[dict[str, Any]]:
    lines = (run.path / "training.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
