"""The volatility of continuous fields, as their own past says it.

A network file; knows no calendar and no levels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from riskgen.models.timegan.history import SPANS


class Volatility(nn.Module):
    """Log scale of each continuous field, linear in its own and the common past.

    A heterogeneous autoregression (Corsi 2009) in logarithms: the networks above
    it need to learn only what this does not say.
    """

    def __init__(self, n_numbers: int) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(n_numbers))
        self.own = nn.Parameter(torch.full((len(SPANS),), 0.2))
        self.common = nn.Parameter(torch.full((len(SPANS),), 0.1))

    def forward(self, history: Tensor) -> Tensor:
        """Return log scales (n, n_numbers) from features of :class:`History`."""
        n_numbers = len(self.level)
        own = history[:, : len(SPANS) * n_numbers].reshape(-1, len(SPANS), n_numbers)
        common = own.mean(dim=-1)
        scale = torch.einsum("nsf,s->nf", own, self.own) + (common @ self.common)[:, None]
        result: Tensor = self.level + scale
        return result
