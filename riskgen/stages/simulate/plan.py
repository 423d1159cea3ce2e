"""A simulation before it is drawn: what is asked of which run, in which parts."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from riskgen.errors import RiskgenError, ScenarioError
from riskgen.models.threads import one_thread
from riskgen.runs import MANIFEST, file_hash
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.provenance import Provenance
from riskgen.simulate.stress import Stress
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.simulate.events import chunk_of
from riskgen.stages.simulate.making import opened
from riskgen.stages.simulate.path_plan import PathPlan
from riskgen.stages.simulate.paths import plan_paths
from riskgen.stages.simulate.real import check_base, donors_of, real_facts
from riskgen.stages.simulate.request import PartTask, SimulateRequest

# Small enough to be lost without regret and to keep every worker busy to the end,
# large enough that files stay few. A slow generator has small chunks, and smaller
# parts [J].
SCENARIOS_PER_PART, MOST_CHUNKS = 2_048, 16
# Another version of any of these may draw or write other bytes.
LIBRARIES = ("riskgen", "torch", "numpy", "polars", "pyarrow")


@dataclass(frozen=True, eq=False)
class Plan:
    """What is drawn, from what, and where it goes.

    Attributes
    ----------
    request : SimulateRequest
        What the user asked.
    run : Path
        Run folder, as the user names it.
    fitted : Fitted
        The run, opened.
    stress : Stress or None
        What goes wrong.
    provenance : Provenance
        What every file says of itself.
    chunk : int
        Entities of a chunk of the base.
    paths : PathPlan or None
        How market paths begin and what they weigh.
    """

    request: SimulateRequest
    run: Path
    fitted: Fitted = field(repr=False)
    stress: Stress | None
    provenance: Provenance
    chunk: int
    paths: PathPlan | None = field(default=None, repr=False)

    @classmethod
    def of(cls, request: SimulateRequest) -> Plan:
        """Return the plan; raises RiskgenError when it cannot be drawn."""
        _check_target(request.out)
        path = open_run(request.run, request.root).path
        fitted = opened(path.absolute(), file_hash(path / MANIFEST))
        check_base(request, fitted.schema.domain)
        stress = stress_of(request, fitted.schema.domain)
        provenance = _provenance(path.name, request, stress)
        donors = donors_of(fitted, request, stress if stress and stress.happens else None)
        told = real_facts(request, donors)
        provenance = replace(
            provenance, n_cases=told.get("n_cases", 0), release=told.get("release", "")
        )
        paths = None
        if fitted.schema.domain == "market":
            # Weights are solved on paths that are drawn here, as workers would draw them.
            with one_thread():
                paths = plan_paths(fitted, request, stress)
        chunk = chunk_of(fitted, request)
        return cls(request, path, fitted, stress, provenance, chunk, paths)

    @property
    def name(self) -> str:
        """Name of the scenario, or ``base``."""
        return "base" if self.stress is None else self.stress.id

    @property
    def folder(self) -> Path:
        """Where the run keeps what is said of the simulation, and its parts."""
        out = self.request.out
        label = self.name if out is None else f"{self.name}-to-{out.name}"
        return self.run / "simulations" / label

    @property
    def draft(self) -> Draft:
        """Where parts are put on their way; beside ``--out``, if that is given."""
        # What is made of real customers' histories never lies in the run.
        return Draft.of((self.request.out or self.folder).absolute())

    @property
    def n_parts(self) -> int:
        """Parts of the simulation."""
        return -(-self.request.scenarios // (self.chunk * self._chunks_per_part))

    def task(self, number: int) -> PartTask:
        """Return what is needed to make a part."""
        first = number * self._chunks_per_part
        return PartTask(
            self.run.absolute(),
            self._manifest,
            self.request,
            self.stress,
            self.provenance,
            self.draft,
            number,
            range(first, first + self._chunks_per_part),
            self.paths,
        )

    def asked(self) -> dict[str, Any]:
        """Return all that decides the bytes, as JSON values."""
        return {
            "run": self.provenance.run,
            "manifest": self._manifest,
            "stress": self.name,
            "scenario": _digest(self.stress),
            "severity": list(self.stress.severities) if self.stress else [],
            **self.request.asked(),
            "chunks": [self.chunk, self._chunks_per_part],
            **{f"{name} version": importlib.metadata.version(name) for name in LIBRARIES},
        }

    @cached_property
    def _manifest(self) -> str:
        return file_hash(self.run / MANIFEST)

    @property
    def _chunks_per_part(self) -> int:
        return max(1, min(SCENARIOS_PER_PART // self.chunk, MOST_CHUNKS))


def stress_of(request: SimulateRequest, domain: str) -> Stress | None:
    """Return what the simulation is put under.

    Raises
    ------
    ScenarioError
        When the scenario is faulty or is not for this kind of table.
    """
    if request.stress is None:
        return None
    severity = request.severity
    wanted = (severity,) if isinstance(severity, int | float) else severity or ()
    stress = catalogue.stress(request.stress, wanted)
    _check_domain(stress, domain)
    columns = dict(request.columns)
    played = tuple(
        scenario.model_copy(update={"columns": {**scenario.columns, **columns}})
        for scenario in stress.scenarios
    )
    return replace(stress, scenarios=played)


def _provenance(run: str, request: SimulateRequest, stress: Stress | None) -> Provenance:
    plain = Provenance(run=run, seed=request.seed, base=request.base)
    if stress is None or not stress.happens:
        # At severity 0 nothing happens: the file is the base, byte for byte.
        return plain
    grid = stress.severities if len(stress.severities) > 1 else ()
    severity = stress.severities[-1]
    return replace(
        plain, stress=stress.id, mechanism=stress.mechanism, severity=severity, grid=grid
    )


def _digest(stress: Stress | None) -> str | None:
    if stress is None:
        return None
    written = "".join(scenario.model_dump_json() for scenario in stress.scenarios)
    return hashlib.sha256(written.encode()).hexdigest()


def _check_domain(stress: Stress, domain: str) -> None:
    if stress.domain != domain:
        fitting = [n for n in catalogue.names() if catalogue.load(n).domain == domain]
        raise ScenarioError(
            f"Scenario '{stress.id}' is for {stress.domain} and this run is of {domain}. "
            f"Fitting ones: {', '.join(fitting)}."
        )


def _check_target(out: Path | None) -> None:
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise RiskgenError(f"'{out}' should end in .parquet or .csv: --out writes one file.")
