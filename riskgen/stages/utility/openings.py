"""How often the test of a run was looked at: a plan is written down before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from riskgen.runs import read_json, write_json

FILE = "test_openings.json"


class Registered(Protocol):
    """What can be written down: a plan of the utility experiment, or of another question."""

    @property
    def sha256(self) -> str:
        """Changes when anything that was decided does."""

    def to_json(self) -> dict[str, Any]:
        """Return everything that was decided, as JSON values."""


def register(run: Path, plan: Registered) -> int:
    """Write a plan down, unless it is there; return how many different ones there are.

    The same plan again gives the same answer: it is no second look.

    Parameters
    ----------
    run : Path
        Folder of the run.
    plan : Registered
        What is about to be asked of the test.
    """
    path = run / FILE
    known: list[dict[str, Any]] = read_json(path)["openings"] if path.is_file() else []
    if all(entry["sha256"] != plan.sha256 for entry in known):
        known.append({"sha256": plan.sha256, "plan": plan.to_json()})
        write_json(path, {"openings": known})
    return len(known)
