"""Maximum likelihood of one asset's GARCH with t innovations, by the package ``arch``.

Imported inside ``fit``, because arch brings pandas and statsmodels. Knows one
series and the borders of its segments; no recursion crosses a border.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from arch.univariate import GARCH, StudentsT, ZeroMean
from numpy.typing import NDArray

from riskgen.data.panel import Floats

ITERATIONS = 500
"""Most iterations of SLSQP; a likelihood of five parameters takes 10 to 60 [J]."""


@dataclass(frozen=True)
class Estimate:
    """What was found for one asset of unit variance.

    Attributes
    ----------
    omega, alpha, gamma, beta : float
    degrees : float
        Degrees of freedom of the t.
    loss : float
        Negative log likelihood in nats per day.
    converged : bool
    """

    omega: float
    alpha: float
    gamma: float
    beta: float
    degrees: float
    loss: float
    converged: bool


def estimate(series: Floats, offsets: NDArray[np.int64], *, leverage: bool) -> Estimate:
    """Return the coefficients that make ``series`` likeliest.

    Parameters
    ----------
    series : ndarray of shape (n_days,)
        Of mean 0 and about unit variance, the scale that the optimiser is made for.
    offsets : ndarray of shape (n_segments + 1,)
        Each segment starts from its own first squares.
    leverage : bool
        Whether losses may weigh more than gains (GJR).
    """
    process = SegmentedGARCH(offsets, leverage)
    model = ZeroMean(series, volatility=process, distribution=StudentsT(), rescale=False)
    found = model.fit(disp="off", show_warning=False, options={"maxiter": ITERATIONS})
    numbers = [float(value) for value in found.params]
    if not leverage:
        numbers.insert(2, 0.0)
    omega, alpha, gamma, beta, degrees = numbers
    loss = -float(found.loglikelihood) / len(series)
    converged = found.convergence_flag == 0 and bool(np.isfinite([*numbers, loss]).all())
    return Estimate(omega, alpha, gamma, beta, degrees, loss, converged)


class SegmentedGARCH(GARCH):
    """arch's GARCH, begun anew at every border of segments."""

    def __init__(self, offsets: NDArray[np.int64], leverage: bool) -> None:
        super().__init__(p=1, o=int(leverage), q=1)
        self._borders = [(int(a), int(b)) for a, b in pairwise(offsets) if b > a]

    def variance_bounds(self, resids: Any, power: float = 2.0) -> Floats:
        """Return arch's loose bounds, those of each segment by itself."""
        del power
        of = super().variance_bounds
        return np.ascontiguousarray(np.concatenate([of(resids[a:b]) for a, b in self._borders]))

    def compute_variance(
        self,
        parameters: Floats,
        resids: Any,
        sigma2: Floats,
        backcast: Any,
        var_bounds: Floats,
    ) -> Floats:
        """Fill ``sigma2``, the variance of each day; ``backcast`` of all days is not used."""
        del backcast
        of = super().compute_variance
        for first, last in self._borders:
            part = resids[first:last]
            of(parameters, part, sigma2[first:last], self.backcast(part), var_bounds[first:last])
        return sigma2
