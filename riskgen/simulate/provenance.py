"""Where simulated rows come from: what every file and every row says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

from riskgen.simulate.stress import Act

BaseKind = Literal["generated", "real"]
REAL_BASE = (
    "The base is real customers' histories under fresh keys: personal data, never to be released."
)


@dataclass(frozen=True)
class Provenance:
    """Where simulated rows come from; written into every file and every touched sequence.

    Attributes
    ----------
    run : str
        Name of the run folder.
    seed : int
        Seed of the simulation.
    stress : str
        Name of the stress scenario, or ``base``.
    mechanism : str
        ``transform``, or ``none`` for the base.
    severity : float
        0 for the base; the largest of a grid.
    grid : tuple of float
        The severities of a grid; empty where there is one.
    base : str
        ``generated``, or ``real`` where real sequences are what was simulated on.
    n_cases : int
        Real cases whose shapes were transplanted.
    release : str
        What is said of how far the file may go; empty where a release decides.
    """

    run: str
    seed: int
    stress: str = "base"
    mechanism: str = "none"
    severity: float = 0.0
    grid: tuple[float, ...] = ()
    base: BaseKind = "generated"
    n_cases: int = 0
    release: str = ""

    def untouched(self) -> Provenance:
        """Return what sequences to which nothing happened say of themselves."""
        stress = "base" if self.base == "generated" else "real base"
        return Provenance(self.run, self.seed, stress, base=self.base)

    def at(self, severity: float) -> Provenance:
        """Return what paths under the whole stress at one severity say of themselves."""
        return self.untouched() if severity == 0 else replace(self, severity=severity)

    def acted(self, act: Act) -> Provenance:
        """Return what sequences under one act say of themselves."""
        scenario, severity = act
        if severity == 0:
            return self.untouched()
        mechanism: str = scenario.mechanism
        return replace(self, stress=scenario.id, mechanism=mechanism, severity=severity)

    def metadata(self) -> dict[str, str]:
        """Return what stands in the file's metadata."""
        facts = {
            "synthetic": self.base == "generated",
            "base": self.base,
            "run": self.run,
            "seed": self.seed,
            "scenario": self.stress,
            "severity": list(self.grid) or self.severity,
            "audit": "not audited",
        }
        if self.n_cases:
            facts |= {"carries_real_shapes": True, "n_cases": self.n_cases}
        if self.release:
            facts["release"] = self.release
        return {"riskgen": json.dumps(facts, sort_keys=True)}
