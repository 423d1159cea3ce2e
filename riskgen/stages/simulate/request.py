"""What the user asked of a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """

    run: Path | None = None
    root: Path = Path("runs")
    scenarios: int = 10_000
    stress: str | None = None
    severity: float | None = None
    horizon: int = 60
    seed: int = 0
    out: Path | None = None


def plain_facts(request: SimulateRequest) -> dict[str, Any]:
    """Return what is said of a simulation without a stress."""
    return {"scenario": "base", "severity": 0.0, "seed": request.seed, "mechanism": "none"}
