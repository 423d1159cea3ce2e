"""Widths of simulated moves that agree with real ones, when the model runs freely.

Every estimate of how far a move carries on is a little too small where data are
few, and an error that is calibrated one step ahead then adds up to series that
move too little: for an autoregression with coefficient .6 fitted as .5, by 7 %.
The widths of moves around their means are therefore multiplied, field by field,
until simulated moves are as large as real ones: the simulated method of moments
(McFadden 1989) for one number a field, with likelihood keeping all others.
"""

from __future__ import annotations

import numpy as np
import torch

from riskgen.data.panel import Floats
from riskgen.models.timegan.rows import Rows
from riskgen.models.timegan.sampling import Simulator

ROUNDS, WINDOWS = 8, 768
DAMPING = 0.5
"""A wider move also widens later ones [J]."""

USUAL = 0.99
"""Quantile of the size of real moves at which all are clipped: rare ones are too few to
set a width by [J]."""

LEAST, MOST = 0.7, 1.5
"""Range of the factors: beyond, the model is wrong in another way [J]."""


def match_spreads(
    simulator: Simulator, seen: Rows, n_steps: int, rng: np.random.Generator
) -> float:
    """Set the factors in place; returns the largest log gap before the last correction.

    Parameters
    ----------
    simulator : Simulator
        Of levels; its heads have one factor for each continuous field.
    seen : Rows
        Real moves.
    n_steps : int
        Moves of a simulated window.
    rng : Generator
        Of the simulations.
    """
    edges = _edges(seen)
    wanted, gap = _sizes(seen, edges), np.zeros(len(edges))
    factors = simulator.networks.recovery.spread
    for _ in range(ROUNDS):
        drawn = simulator.draw(WINDOWS, rng, {}, n_steps)
        made = _sizes(simulator.event_coder.encode(drawn.values), edges)
        known = (wanted > 0) & (made > 0)
        gap = np.log(np.where(known, wanted, 1.0) / np.where(known, made, 1.0))
        with torch.no_grad():
            factors.mul_(torch.from_numpy(np.exp(DAMPING * gap)).float()).clamp_(LEAST, MOST)
    return float(np.abs(gap).max(initial=0.0))


def _numbers(rows: Rows) -> list[Floats]:
    """Return the values of each continuous field where it applies."""
    n_numbers = rows.numbers.shape[1]
    columns = range(rows.applies.shape[1] - n_numbers, rows.applies.shape[1])
    return [
        rows.numbers[rows.applies[:, column], k].astype(np.float64)
        for k, column in enumerate(columns)
    ]


def _edges(rows: Rows) -> Floats:
    return np.array([np.quantile(np.abs(v), USUAL) if len(v) else 0.0 for v in _numbers(rows)])


def _sizes(rows: Rows, edges: Floats) -> Floats:
    """Return the root mean square of each field, clipped at ``edges``."""
    pairs = zip(_numbers(rows), edges, strict=True)
    return np.array([np.sqrt(np.mean(np.clip(v, -e, e) ** 2)) if len(v) else 0.0 for v, e in pairs])
