"""Where simulated rows come from: what every file and every row says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass


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
    """

    run: str
    seed: int
    stress: str = "base"
    mechanism: str = "none"
    severity: float = 0.0

    def metadata(self) -> dict[str, str]:
        """Return what stands in the file's metadata."""
        return {
            "riskgen": json.dumps(
                {
                    "synthetic": True,
                    "run": self.run,
                    "seed": self.seed,
                    "scenario": self.stress,
                    "severity": self.severity,
                    "audit": "not audited",
                },
                sort_keys=True,
            )
        }
