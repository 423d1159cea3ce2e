"""Where a path may begin: the volatility regimes of the training path.

Volatility of prices nearly has a unit root, so a path that always began in the
average regime would stay near it for a quarter: no calm years, no crises. Knows
states of :class:`History` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats
from riskgen.models.timegan.history import FLOOR

if TYPE_CHECKING:
    from riskgen.models.timegan.rolling import Roll

FACTORS = 12
"""Directions of the log states that are kept; the rest is noise of single assets [J]."""

BURN_IN = 20
"""Steps simulated and thrown away before a path, so that hidden state and volatility
belong together [J]."""


@dataclass(frozen=True, eq=False)
class Regimes:
    """Log-normal distribution of the states of :class:`History`.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
        Mean of the log state.
    loadings : ndarray of shape (FACTORS or fewer, n_features)
        Principal components, scaled by their standard deviations.
    """

    mean: Floats = field(repr=False)
    loadings: Floats = field(repr=False)

    @classmethod
    def fit(cls, states: Floats) -> Self:
        """Learn from states of shape (n_steps, n_features); n_steps at least 2."""
        logs = np.log(states + FLOOR)
        mean = logs.mean(axis=0)
        _, sizes, directions = np.linalg.svd(logs - mean, full_matrices=False)
        kept = sizes[:FACTORS, None] * directions[:FACTORS] / np.sqrt(len(logs) - 1)
        return cls(mean, kept)

    def open(self, roll: Roll, n: int, rng: np.random.Generator) -> None:
        """Let paths begin in states that are drawn, after days that are thrown away."""
        roll.begin(self.draw(n, rng))
        for _ in range(BURN_IN):
            roll.step(rng)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Return ``n`` states, shape (n, n_features)."""
        normal = self.normals(n, rng)
        # Three standard deviations: a made-up regime may not leave the data's range [J].
        logs = self.mean + np.clip(normal, -3.0, 3.0) @ self.loadings
        return np.exp(logs)

    def normals(self, n: int, rng: np.random.Generator) -> Floats:
        """Return the normal factors of ``n`` states, shape (n, n_factors)."""
        return rng.standard_normal((n, len(self.loadings)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as named arrays."""
        return {"regimes/mean": self.mean, "regimes/loadings": self.loadings}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self | None:
        """Return the regimes in ``arrays``, or None where there are none."""
        if "regimes/mean" not in arrays:
            return None
        return cls(arrays["regimes/mean"], arrays["regimes/loadings"])
