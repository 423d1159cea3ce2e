"""What the user asked of a simulation, and what one part of it needs to be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskgen.runs import file_hash
from riskgen.simulate.draft import Draft
from riskgen.simulate.engines.engine import EngineName
from riskgen.simulate.provenance import BaseKind, Provenance
from riskgen.simulate.stress import Stress
from riskgen.stages.simulate.path_plan import PathPlan


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
    severity : float, tuple of float or None
        0..1, or a rising grid; the scenario's default when None.
    columns : tuple of (str, str)
        Roles and the columns that play them, where the schema does not say so.
    horizon : int
        Days of a market path.
    assets : tuple of str
        Assets of a market that are written, in the table's order; all when empty. All
        are simulated, since they move together.
    start_from : str or None
        Date whose market the paths go on from; the table's last prices when None.
    portfolio : Path or None
        Table of assets with weights or quantities, whose risk is told.
    loss_at_least : float or None
        Loss of the portfolio that is looked for.
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
    engine : str
        ``local`` or ``ray``: who draws. The bytes are the same.
    workers : int
        Processes at work; of Ray, where it is started for this simulation.
    address : str or None
        Of a running Ray cluster.
    force : bool
        Drop what an interrupted simulation of something else has left.
    """

    run: Path | None = None
    root: Path = Path("runs")
    scenarios: int = 10_000
    stress: str | None = None
    severity: float | tuple[float, ...] | None = None
    columns: tuple[tuple[str, str], ...] = ()
    horizon: int = 60
    assets: tuple[str, ...] = ()
    start_from: str | None = None
    portfolio: Path | None = None
    loss_at_least: float | None = None
    seed: int = 0
    out: Path | None = None
    base: BaseKind = "generated"
    data: str | None = field(default=None, repr=False)  # may hold a password
    context: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    engine: EngineName = "local"
    workers: int = 1
    address: str | None = None
    force: bool = False

    def asked(self) -> dict[str, Any]:
        """Return what decides the bytes beside run and scenario: not where, nor by whom."""
        return {
            "scenarios": self.scenarios,
            "horizon": self.horizon,
            "assets": list(self.assets),
            "start_from": self.start_from,
            "portfolio": None if self.portfolio is None else file_hash(self.portfolio),
            "loss_at_least": self.loss_at_least,
            "seed": self.seed,
            "base": self.base,
            "columns": [list(pair) for pair in self.columns],
        }


@dataclass(frozen=True)
class PartTask:
    """One part of a simulation: plain data, all that another process needs.

    Attributes
    ----------
    run : Path
        Run folder, absolute.
    manifest : str
        SHA-256 of the run's manifest.
    request : SimulateRequest
        What the user asked.
    stress : Stress or None
        As it was read: its file may lie elsewhere for another process.
    provenance : Provenance
        Of the simulation.
    draft : Draft
        Where the part is put.
    number : int
        Of the part.
    chunks : range
        Chunks of the base that it consists of.
    paths : PathPlan or None
        How market paths begin and what they weigh.
    """

    run: Path
    manifest: str
    request: SimulateRequest
    stress: Stress | None
    provenance: Provenance
    draft: Draft
    number: int
    chunks: range
    paths: PathPlan | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return how messages call it."""
        return f"Part {self.number}"

    @property
    def path(self) -> Path:
        """Where the table of the part is put."""
        return self.draft.part(self.number)


@dataclass(frozen=True)
class Standing:
    """How a simulation stands.

    Attributes
    ----------
    scenarios, parts : int
        That are made.
    n_parts : int
        Of the whole.
    found : int
        Parts that an interrupted simulation had left.
    """

    scenarios: int
    parts: int
    n_parts: int
    found: int = 0


OnProgress = Callable[[Standing], None]


def plain_facts(request: SimulateRequest) -> dict[str, Any]:
    """Return what is said of a simulation without a stress."""
    return {"scenario": "base", "severity": 0.0, "seed": request.seed, "mechanism": "none"}
