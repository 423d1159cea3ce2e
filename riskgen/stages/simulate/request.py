"""What the user asked of a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskgen.simulate.provenance import BaseKind

OnProgress = Callable[[int], None]


@dataclass(frozen=True)
class SimulateRequest:
    """What to draw.

    Attributes
    ----------
    run : Path or None
        Run folder; the newest under ``root`` when None.
    root : Path
        Folder of runs.
    scenarios : int
        Sequences of events, or market paths.
    stress : str or None
        Name or path of a stress scenario.
    severity : float or None
        0..1; the scenario's default when None.
    horizon : int
        Days of a market path.
    seed : int
        Same seed, same bytes.
    out : Path or None
        One Parquet or CSV file; parts inside the run when None.
    base : str
        ``generated``, or ``real`` for the generator's partition of the table.
    data, context : str or None
        Where the table and its context lie now, if they have moved since the fit.
    password_file : Path or None
        File that holds the database's password.
    """

    run: Path | None = None
    root: Path = Path("runs")
    scenarios: int = 10_000
    stress: str | None = None
    severity: float | None = None
    horizon: int = 60
    seed: int = 0
    out: Path | None = None
    base: BaseKind = "generated"
    data: str | None = None
    context: str | None = None
    password_file: Path | None = None


def plain_facts(request: SimulateRequest) -> dict[str, Any]:
    """Return what is said of a simulation without a stress."""
    return {"scenario": "base", "severity": 0.0, "seed": request.seed, "mechanism": "none"}
