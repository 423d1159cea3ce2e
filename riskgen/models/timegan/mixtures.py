"""Where mixtures of Gaussians begin, and how they are widened.

Knows one mixture, no field and no network.
"""

from __future__ import annotations

import torch
from torch import Tensor

NARROWEST, WIDEST = 0.2, 5.0
"""Widths of the components of a mixture that begins at a regression, in residual standard
deviations; most weight on the middle. Moves of gauges have a kurtosis of 20 to 100: without
a wide component at the start, simulated ones stayed a quarter too small [J]."""

CALM = 0.2
"""Weights of a mixture that begins at a regression, relative to one that does not: noise
of untrained networks would hide what the regression knows [J]."""


def widened(
    log_weight: Tensor, mean: Tensor, log_sigma: Tensor, times: Tensor
) -> tuple[Tensor, Tensor]:
    """Return means and log widths of a mixture ``times`` as wide around its own mean."""
    centre = (torch.exp(log_weight) * mean).sum(dim=-1, keepdim=True)
    return centre + times * (mean - centre), log_sigma + torch.log(times)
