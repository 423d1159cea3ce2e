"""How much a head listens to what each level would lead to.

A network file: one for each field that a tracker steers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from riskgen.data.panel import Steering


class Steered(nn.Module):
    """Weights of a tracker's signals: the same for all, and what the hidden units add.

    Parameters
    ----------
    width : int
        Hidden units of the head.
    steering : Steering
        Whose signals they are.
    """

    def __init__(self, width: int, steering: Steering) -> None:
        super().__init__()
        self.gates = quiet(nn.Linear(width, steering.n_signals))
        self.common_steer = nn.Parameter(torch.tensor(steering.prior))

    def forward(self, hidden: Tensor, signals: Tensor) -> Tensor:
        """Return what is added to logits (n, n_levels) from signals (n, n_signals, n_levels)."""
        weights = self.gates(hidden) + self.common_steer
        return torch.bmm(weights[:, None, :], signals)[:, 0]


@torch.no_grad()
def quiet(layer: nn.Linear) -> nn.Linear:
    """Begin with no say, so that frequencies of levels are what training starts from."""
    layer.weight.zero_()
    layer.bias.zero_()
    return layer
