"""How many scenarios are left once some count more than others, and how far that went.

PROTOCOL E1 and E2. For a normal statistic that is shifted by k standard deviations
the relative entropy is k²/2, the perplexity ``exp(-k²/2)`` of the paths and Kish's
number ``exp(-k²)`` of them: after 3 of 10,000 about one is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats

# Fewest effective scenarios, and least share of the paths (PROTOCOL E1) [J].
FEWEST, SHARE = 200.0, 0.02
# Relative entropy up to which a stress is mild, and so on: 1, 2 and 3 standard deviations [J].
BANDS = ((0.5, "mild"), (2.0, "severe but plausible"), (4.5, "extreme"))
BEYOND = "beyond history"


@dataclass(frozen=True)
class Effective:
    """What is left of n paths under weights.

    Attributes
    ----------
    n : int
        Paths.
    entropy : float
        Relative entropy of the weights to equal ones, in nats.
    kish : float
        ``(Σw)² / Σw²`` (Kish 1965).
    """

    n: int
    entropy: float
    kish: float

    @classmethod
    def of(cls, weights: Floats) -> Effective:
        """Measure weights of shape (n,), at least one above 0."""
        share = weights / weights.sum()
        some = share[share > 0]
        entropy = float(some @ np.log(some * len(share)))
        return cls(len(share), max(entropy, 0.0), 1.0 / float(share @ share))

    @property
    def perplexity(self) -> float:
        """Effective number by entropy, ``exp(-Σ p ln p)``."""
        return self.n * float(np.exp(-self.entropy))

    def enough(self, kish: float = FEWEST, share: float = SHARE) -> bool:
        """Whether enough is left to simulate with."""
        # One in twenty of 4,000 is 200, whatever the sums round to.
        return self.kish >= max(kish, share * self.n) * (1.0 - 1e-9)

    def facts(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "n": self.n,
            "relative_entropy": self.entropy,
            "perplexity": self.perplexity,
            "kish": self.kish,
            "kish_share": self.kish / self.n,
        }


def band(entropy: float) -> str:
    """Say how severe a tilt of this relative entropy to the base is."""
    return next((name for bound, name in BANDS if entropy <= bound), BEYOND)
