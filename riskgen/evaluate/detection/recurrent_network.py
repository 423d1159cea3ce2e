"""A network that reads a customer's events in order and says how suspicious each is.

Knows padded tensors; neither events nor how it is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

EMBEDDING, DROPOUT = 16, 0.1  # as the judge of sequences [J]


@dataclass(frozen=True, eq=False)
class Carried:
    """What a network remembers of the events before.

    Attributes
    ----------
    state : Tensor of shape (1, n_sequences, hidden)
    highest : Tensor of shape (n_sequences, hidden)
        The largest that each unit has been.
    """

    state: Tensor = field(repr=False)
    highest: Tensor = field(repr=False)

    @classmethod
    def nothing(cls, n: int, hidden: int) -> Carried:
        """Return the memory of ``n`` customers who have not been seen yet."""
        return cls(torch.zeros(1, n, hidden), torch.full((n, hidden), -1.0))

    def first(self, n: int) -> Carried:
        """Return the memory of the first ``n`` customers, without the way it came about."""
        return Carried(self.state[:, :n].detach().contiguous(), self.highest[:n].detach())


class EventReader(nn.Module):
    """A gated recurrent unit (Cho et al. 2014) over levels and numbers of events.

    Parameters
    ----------
    sizes : sequence of int
        Levels of each categorical feature.
    n_numbers : int
        Numeric features.
    hidden : int
        Units.
    """

    def __init__(self, sizes: Sequence[int], n_numbers: int, hidden: int) -> None:
        super().__init__()
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self.register_buffer("first", torch.from_numpy(starts[:-1]))
        self.table = nn.Parameter(0.3 * torch.randn(int(starts[-1]), EMBEDDING))
        self.recurrence = nn.GRU(EMBEDDING + n_numbers, hidden, batch_first=True)
        # The highest so far beside the state: what was seen once is not forgotten.
        self.last = nn.Linear(2 * hidden, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.hidden = hidden

    def forward(self, codes: Tensor, numbers: Tensor, carried: Carried) -> tuple[Tensor, Carried]:
        """Return logits of shape (n_sequences, n_steps), and what is remembered after.

        Parameters
        ----------
        codes : Tensor of shape (n_sequences, n_steps, n_codes), int64
        numbers : Tensor of shape (n_sequences, n_steps, n_numbers)
        carried : Carried
            Of the events before.
        """
        n, n_steps, n_codes = codes.shape
        rows = (codes + self.get_buffer("first")).reshape(-1, n_codes)
        told = nn.functional.embedding_bag(rows, self.table, mode="sum").reshape(n, n_steps, -1)
        states, state = self.recurrence(
            self.dropout(torch.cat([told, numbers], dim=2)), carried.state
        )
        highest = torch.cummax(states, dim=1).values
        highest = torch.maximum(highest, carried.highest[:, None, :])
        logits = self.last(self.dropout(torch.cat([states, highest], dim=2)))[..., 0]
        return logits, Carried(state, highest[:, -1])
