"""One table over all breaking points of a run, in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from riskgen.runs import read_json, write_json

FOLDER = "breaking_points"
OVERVIEW = "breaking_points.json"
_KEPT = (
    *("scenario", "detector", "breaks", "broken_at", "surely_broken_at", "recovers_at"),
    *("no_better_than_chance_at", "level", "budget", "n_cases", "sentence"),
)


def breaking_points(run: Path) -> list[dict[str, Any]]:
    """Return what is known of detectors in a run: breaking points and real tests, by file."""
    return [read_json(path) for path in sorted(run.glob(f"{FOLDER}/*.json"))]


def write_overview(run: Path) -> None:
    """Write one row for each scenario and detector that met in ``run``."""
    rows = [_row(facts) for facts in breaking_points(run) if "breaks" in facts]
    write_json(run / OVERVIEW, {"rows": rows})


def _row(facts: Mapping[str, Any]) -> dict[str, Any]:
    severest = {"severity": facts["severity"][-1], "recall": facts["recall"][-1]}
    severest |= {"chance": facts["chance"][-1]}
    if facts["toll"]:
        severest |= facts["toll"][-1]
    mildest = {"severity": facts["severity"][0], "recall": facts["recall"][0]}
    kept = {name: facts[name] for name in _KEPT}
    return {**kept, "mildest": mildest, "severest": severest}
