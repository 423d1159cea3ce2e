"""A simulation before it is drawn: what is asked of which run, in which parts."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from riskgen.errors import RiskgenError
from riskgen.runs import MANIFEST, file_hash
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.provenance import Provenance
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted, open_run
from riskgen.stages.simulate.events import chunk_of
from riskgen.stages.simulate.making import opened
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
    scenario : StressScenario or None
        What goes wrong.
    provenance : Provenance
        What every file says of itself.
    chunk : int
        Entities of a chunk of the base.
    """

    request: SimulateRequest
    run: Path
    fitted: Fitted = field(repr=False)
    scenario: StressScenario | None
    provenance: Provenance
    chunk: int

    @classmethod
    def of(cls, request: SimulateRequest) -> Plan:
        """Return the plan; raises RiskgenError when it cannot be drawn."""
        _check_target(request.out)
        path = open_run(request.run, request.root).path
        fitted = opened(path.absolute(), file_hash(path / MANIFEST))
        check_base(request, fitted.schema.domain)
        scenario = None if request.stress is None else catalogue.load(request.stress)
        if scenario is not None:
            _check_domain(scenario, fitted.schema.domain)
        severity = _severity(request, scenario)
        provenance = Provenance(run=path.name, seed=request.seed, base=request.base)
        if scenario is not None and severity > 0:
            # At severity 0 nothing happens: the file is the base, byte for byte.
            provenance = replace(
                provenance, stress=scenario.id, mechanism=scenario.mechanism, severity=severity
            )
        told = real_facts(request, donors_of(fitted, request, scenario) if severity > 0 else None)
        provenance = replace(
            provenance, n_cases=told.get("n_cases", 0), release=told.get("release", "")
        )
        return cls(request, path, fitted, scenario, provenance, chunk_of(fitted, request))

    @property
    def name(self) -> str:
        """Name of the scenario, or ``base``."""
        return "base" if self.scenario is None else self.scenario.id

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
            self.scenario,
            self.provenance,
            self.draft,
            number,
            range(first, first + self._chunks_per_part),
        )

    def asked(self) -> dict[str, Any]:
        """Return all that decides the bytes, as JSON values."""
        return {
            "run": self.provenance.run,
            "manifest": self._manifest,
            "stress": self.name,
            "scenario": _digest(self.scenario),
            "severity": self.provenance.severity,
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


def _digest(scenario: StressScenario | None) -> str | None:
    if scenario is None:
        return None
    return hashlib.sha256(scenario.model_dump_json().encode()).hexdigest()


def _severity(request: SimulateRequest, scenario: StressScenario | None) -> float:
    if scenario is None:
        return 0.0
    return scenario.severity.default if request.severity is None else request.severity


def _check_domain(scenario: StressScenario, domain: str) -> None:
    if scenario.domain != domain:
        fitting = [n for n in catalogue.names() if catalogue.load(n).domain == domain]
        raise RiskgenError(
            f"Scenario '{scenario.id}' is for {scenario.domain} and this run is of {domain}. "
            f"Fitting ones: {', '.join(fitting)}."
        )


def _check_target(out: Path | None) -> None:
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise RiskgenError(f"'{out}' should end in .parquet or .csv: --out writes one file.")
