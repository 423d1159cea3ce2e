"""Where simulated rows come from: what every file and every row says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

BaseKind = Literal["generated", "real"]
REAL_BASE = (
    "Real customers' histories under fresh keys: personal data, which 'riskgen release' never "
    "takes along."
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
        0 for the base.
    base : str
        ``generated``, or ``real`` where real sequences are what was simulated on.
    """

    run: str
    seed: int
    stress: str = "base"
    mechanism: str = "none"
    severity: float = 0.0
    base: BaseKind = "generated"

    def untouched(self) -> Provenance:
        """Return what sequences to which nothing happened say of themselves."""
        stress = "base" if self.base == "generated" else "real base"
        return Provenance(self.run, self.seed, stress, base=self.base)

    def metadata(self) -> dict[str, str]:
        """Return what stands in the file's metadata."""
        facts = {
            "synthetic": self.base == "generated",
            "base": self.base,
            "run": self.run,
            "seed": self.seed,
            "scenario": self.stress,
            "severity": self.severity,
            "audit": "not audited",
        }
        if self.base == "real":
            facts["release"] = REAL_BASE
        return {"riskgen": json.dumps(facts, sort_keys=True)}
