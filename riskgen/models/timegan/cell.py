"""The generator's LSTM cell, turned once an event for many sequences.

The event before comes in as sums of table rows, the context once for all; only features
and hidden state are left to multiply.
"""

from __future__ import annotations

import torch
from torch import Tensor

from riskgen.models.timegan.lookups import LevelSums, read_by
from riskgen.models.timegan.networks import CONTEXT_WIDTH, GeneratorNetwork


class RunningCell:
    """Hidden state and cell of sequences that are being drawn.

    Parameters
    ----------
    generator : GeneratorNetwork
        With its best weights.
    context : Tensor of shape (n, CONTEXT_WIDTH)
        From :meth:`GeneratorNetwork.context_vector`.
    """

    def __init__(self, generator: GeneratorNetwork, context: Tensor) -> None:
        weights = dict(generator.recurrence.named_parameters())
        into, across = weights["weight_ih_l0"], weights["weight_hh_l0"]
        reader = generator.event_reader
        tables = read_by(reader, into[:, : reader.width])
        self._levels = LevelSums(tables) if tables else None
        first = reader.n_levels * reader.embedding
        self._weight = torch.cat([into[:, first:-CONTEXT_WIDTH], across], dim=1).T.contiguous()
        bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
        self._context = context @ into[:, -CONTEXT_WIDTH:].T + bias
        self.hidden = torch.zeros(len(context), generator.recurrence.hidden_size)
        self._cell = torch.zeros_like(self.hidden)

    def turn(self, codes: Tensor, numbers: Tensor, features: list[Tensor]) -> None:
        """Take in the event before and what is known of the next step.

        Parameters
        ----------
        codes, numbers : Tensor of shape (n, n_fields of that kind)
            The event before.
        features : list of Tensor of shape (n, any)
            Together as in :meth:`GeneratorNetwork.embed`.
        """
        inputs = torch.cat([numbers, torch.asinh(numbers), *features, self.hidden], dim=1)
        known = self._context
        if self._levels is not None:
            known = self._levels.of(codes).add_(known)
        gates = torch.addmm(known, inputs, self._weight)
        # In torch's order: in, forget, cell, out.
        enter, forget, candidate, leave = gates.chunk(4, dim=1)
        kept = torch.sigmoid(forget).mul_(self._cell)
        self._cell = kept.addcmul_(torch.sigmoid(enter), torch.tanh(candidate))
        self.hidden = torch.sigmoid(leave).mul_(torch.tanh(self._cell))

    def keep(self, rows: Tensor) -> None:
        """Forget all sequences but ``rows``."""
        self._context, self._cell = self._context[rows], self._cell[rows]
        self.hidden = self.hidden[rows]
