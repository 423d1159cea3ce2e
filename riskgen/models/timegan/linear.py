"""Where the linear part of the means begins: at the least-squares solution.

Levels revert and spreads close linearly; starting there, training has minutes
left for what is not linear. Knows heads and rows of a dataset.
"""

from __future__ import annotations

import torch
from torch import Tensor

from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.heads import FieldHeads

RIDGE = 1e-4
"""Penalty on coefficients of standardised features, per row: many of them are collinear [J]."""

LARGEST = 6.0
"""Standard deviations at which values are clipped for the regression [J]."""

MOST_ROWS = 40_000
"""Rows that the regressions read, evenly spread: overlapping windows repeat them anyway [J]."""


@torch.no_grad()
def start_events(heads: FieldHeads, data: EventDataset, rows: Tensor) -> None:
    """Start the heads of events at regressions on tracked features and earlier numbers."""
    rows = rows[:: max(1, len(rows) // MOST_ROWS)]
    features = heads.tracked(data.features[rows])
    assert features is not None, "nothing is tracked"
    _start(heads, features, data.numbers[rows], data.applies[rows])


@torch.no_grad()
def start_contexts(heads: FieldHeads, data: EventDataset, sequences: Tensor) -> None:
    """Start the heads of contexts at regressions on earlier numbers."""
    numbers = data.context_numbers[sequences]
    _start(heads, numbers[:, :0], numbers, data.context_applies[sequences])


def _start(heads: FieldHeads, features: Tensor, numbers: Tensor, applies: Tensor) -> None:
    n_told, numbers = features.shape[1], numbers.clamp(-LARGEST, LARGEST).double()
    design = torch.cat([features.double(), numbers], dim=1)
    for k, column in enumerate(heads.number_columns):
        here = applies[:, column]
        if k in heads.resting:
            moves = numbers[:, k] != 0
            heads.start_rest(k, 1.0 - float(moves[here].double().mean()))
            here = here & moves
        told, target = design[here, : n_told + k], numbers[here, k]
        solution, spread = _regress(told, target)
        heads.told[k] = solution[:n_told].float()
        heads.skip[k, :k] = solution[n_told:].float()
        heads.start_width(k, spread)


def _regress(told: Tensor, target: Tensor) -> tuple[Tensor, float]:
    """Return ridge coefficients without a constant, and the residual standard deviation."""
    if len(target) <= told.shape[1]:
        return told.new_zeros(told.shape[1]), 1.0
    square = told.T @ told + RIDGE * len(target) * torch.eye(told.shape[1], dtype=told.dtype)
    solution = torch.linalg.solve(square, told.T @ target)
    return solution, max(float((target - told @ solution).std()), 1e-2)
