"""Levels of volatility that make simulated paths as wide as the training path.

Likelihood looks one step ahead. Where volatility nearly has a unit root, an
error of a percent a step becomes one of ten percent in a quarter (free-running
drift). The levels of the volatility equation are therefore moved until
simulated spreads agree: the simulated method of moments (McFadden 1989) for one
parameter a field, with likelihood keeping all others.
"""

from __future__ import annotations

import numpy as np
import torch

from riskgen.data.panel import Floats
from riskgen.models.timegan.sampling import Simulator

ROUNDS, PATHS, STEPS = 6, 256, 60
DAMPING = 0.15
"""A higher level feeds back into later volatility: over 60 steps about fivefold,
so that a sixth of the gap is closed by moving the level by a sixth [J]."""


def calibrate(simulator: Simulator, rng: np.random.Generator) -> float:
    """Move the levels of volatility in place; returns the largest gap that is left.

    Spreads are standard deviations of values clipped at the 11th largest, as
    when the fields were standardised, so that the target is 1.
    """
    level = simulator.networks.recovery.volatility.level
    gap = np.zeros(len(level))
    for _ in range(ROUNDS):
        gap = _log_gap(simulator, rng)
        with torch.no_grad():
            level.add_(torch.from_numpy(DAMPING * gap).float())
    return float(np.abs(gap).max(initial=0.0))


def _log_gap(simulator: Simulator, rng: np.random.Generator) -> Floats:
    """Return log(wanted / simulated spread) of each continuous field."""
    coder = simulator.event_coder
    values = simulator.draw(PATHS, rng, {}, STEPS).values
    numbers = coder.encode(values).numbers.astype(np.float64)
    edge = coder.bound / 2.0
    spread = np.clip(numbers, -edge, edge).std(axis=0)
    return np.where(coder.scale > 0, -np.log(np.maximum(spread, 1e-3)), 0.0)
