"""What the report draws of a market: memory, tails and correlation, as plain numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.facts import MEMORY_LAGS, autocorrelation, correlation_matrices
from riskgen.evaluate.market.sample import ReturnSample
from riskgen.evaluate.result import Curve

Floats = NDArray[np.float64]

SMALL_CELL = 11  # fewer days than this behind a point of a curve are not drawn
TAIL_POINTS = 40


def memory_curve(sample: ReturnSample) -> Curve:
    """Return autocorrelations of absolute returns by lag, mean over assets."""
    found = autocorrelation(sample, np.abs(sample.rows), MEMORY_LAGS)[0].mean(axis=1)
    return {"x": list(range(1, len(found) + 1)), "y": _plain(found)}


def linear_curve(sample: ReturnSample) -> Curve:
    """Return autocorrelations of returns by lag, mean over assets."""
    found = autocorrelation(sample, sample.rows, 20)[0].mean(axis=1)
    return {"x": list(range(1, len(found) + 1)), "y": _plain(found)}


def survival_curve(sample: ReturnSample, sign: float) -> Curve:
    """Return P(move > x) of standardised returns of all assets, down to 11 days.

    Parameters
    ----------
    sign : float
        -1 for losses, 1 for gains.
    """
    scaled = sign * (sample.rows - sample.rows.mean(axis=0)) / sample.rows.std(axis=0)
    values = scaled.ravel()
    shares = np.geomspace(SMALL_CELL / len(values), 0.5, TAIL_POINTS)[::-1]
    sizes = np.quantile(values, 1 - shares)
    kept = sizes > 0
    return {"x": _plain(sizes[kept]), "y": _plain(shares[kept])}


def correlation_curve(sample: ReturnSample) -> Curve:
    """Return the pairwise correlations in increasing order."""
    matrix = correlation_matrices(sample)[0]
    found = np.sort(matrix[np.triu_indices(len(matrix), 1)])
    return {"x": list(range(1, len(found) + 1)), "y": _plain(found)}


def curves_of(metric: str, real: ReturnSample, synthetic: ReturnSample) -> dict[str, Curve]:
    """Return the curves that belong to ``metric``, real and synthetic; empty where none do."""
    drawers = {
        "market.acf.absolute": memory_curve,
        "market.acf.returns": linear_curve,
        "market.tail.left": lambda s: survival_curve(s, -1.0),
        "market.tail.right": lambda s: survival_curve(s, 1.0),
        "market.correlation": correlation_curve,
    }
    if metric not in drawers:
        return {}
    return {"real": drawers[metric](real), "synthetic": drawers[metric](synthetic)}


def _plain(values: Floats) -> list[float]:
    return [float(f"{x:.6g}") for x in values]
