"""What is known before a path begins: a regime of the tail, or the days before it.

Stand in for :class:`Regimes` where a caller says where paths begin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from riskgen.data.panel import Floats
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rolling import Roll


@dataclass(frozen=True, eq=False)
class StormyRegimes(Regimes):
    """The regimes above a quantile of volatility.

    The mean log state is linear in the normal factors, so that its tail is drawn
    exactly: one direction from a truncated normal, the others as they are.

    Attributes
    ----------
    quantile : float
        0 to below 1.
    """

    quantile: float = 0.0

    def normals(self, n: int, rng: np.random.Generator) -> Floats:
        """Return normal factors of shape (n, n_factors), given a mean log state in the tail."""
        normal = rng.standard_normal((n, len(self.loadings)))
        slope = self.loadings.mean(axis=1)
        size = float(np.linalg.norm(slope))
        if size == 0.0:
            return normal
        along, law = slope / size, NormalDist()
        chances = self.quantile + (1.0 - self.quantile) * rng.random(n)
        tail = np.array([law.inv_cdf(min(max(u, 1e-12), 1.0 - 1e-12)) for u in chances.tolist()])
        return np.asarray(normal + (tail - normal @ along)[:, None] * along)


@dataclass(frozen=True, eq=False)
class RecentPast:
    """Days before the path, shown to the networks one after another.

    Attributes
    ----------
    values : ndarray of shape (n_days, n_fields)
        Rows of the panel.
    """

    values: Floats = field(repr=False)

    def open(self, roll: Roll, n: int, rng: np.random.Generator) -> None:
        """Let all paths have lived through the same days; nothing is drawn."""
        del rng
        for row in self.values:
            roll.show(np.tile(row, (n, 1)))
