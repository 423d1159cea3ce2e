"""How often the test of a run was looked at: a plan is written down before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from riskgen.evaluate.utility.plan import Plan
from riskgen.runs import read_json, write_json

FILE = "test_openings.json"


def register(run: Path, plan: Plan) -> int:
    """Write a plan down, unless it is there; return how many different ones there are.

    The same plan again gives the same answer: it is no second look.

    Parameters
    ----------
    run : Path
        Folder of the run.
    plan : Plan
        What is about to be asked of the test.
    """
    path = run / FILE
    known: list[dict[str, Any]] = read_json(path)["openings"] if path.is_file() else []
    if all(entry["sha256"] != plan.sha256 for entry in known):
        known.append({"sha256": plan.sha256, "plan": plan.to_json()})
        write_json(path, {"openings": known})
    return len(known)
