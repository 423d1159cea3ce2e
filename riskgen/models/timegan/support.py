"""Which gaps the calendar allows, and which ones keep the pace.

Likelihood alone leaves a little weight on impossible gaps, and free-running
errors add up: without this, a simulated year ends weeks early or late. The same
guide holds while learning and while drawing, so the likelihood stays one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats

PULLS = 2
"""How a gap is pulled towards the pace: by distance and by squared distance."""


def pull(pace: Tensor, sizes: Tensor) -> Tensor:
    """Return how near each gap level is to the pace, shape (n, PULLS, n_levels).

    Parameters
    ----------
    pace : Tensor of shape (n,)
        Log of the days left for each event left.
    sizes : Tensor of shape (n_levels,)
        Log of the days that each level takes.
    """
    distance = sizes[None, :] - pace[:, None]
    return torch.stack([-distance.abs(), -0.5 * distance.square()], dim=1)


@dataclass(frozen=True, eq=False)
class Guide:
    """What the calendar says of the next gap.

    Attributes
    ----------
    bounds : Tensor of shape (n, 2), int64
        Lowest and highest possible level.
    pulls : Tensor of shape (n, PULLS, n_levels)
        See :func:`pull`.
    """

    bounds: Tensor
    pulls: Tensor

    @classmethod
    def of(cls, bounds: NDArray[np.int64], pace: Floats, sizes: Floats) -> Guide:
        """Return the guide that a clock's numbers make."""
        near = pull(torch.from_numpy(pace).float(), torch.from_numpy(sizes).float())
        return cls(torch.from_numpy(bounds), near)


def ruled_out(bounds: Tensor, n_levels: int) -> Tensor:
    """Return which levels lie outside their bounds.

    Parameters
    ----------
    bounds : Tensor of shape (n, 2), int64
        Lowest and highest possible level.
    n_levels : int
        Levels of the field.

    Returns
    -------
    Tensor of shape (n, n_levels), bool
    """
    level = torch.arange(n_levels)
    return (level < bounds[:, :1]) | (level > bounds[:, 1:])


def with_observed(bounds: Tensor, codes: Tensor) -> Tensor:
    """Return bounds widened to what was observed: a clipped last day may lie early."""
    lowest = torch.minimum(bounds[:, 0], codes)
    return torch.stack([lowest, torch.maximum(bounds[:, 1], codes)], dim=1)
