"""Codes and numbers of a row as one feature vector.

A network file: shared by the context block, the recurrence and the heads, each
with tables of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from riskgen.data.panel import Field
from riskgen.models.timegan.rows import RESERVED_CODES

NUMBER_FEATURES = 2
"""A continuous value is read as itself and as its asinh, which tames tails."""


class RowReader(nn.Module):
    """Embeds the levels of a row and appends its numbers.

    Parameters
    ----------
    fields : tuple of Field
        Columns of a row.
    embedding : int
        Width of the embedding of a level.
    """

    def __init__(self, fields: tuple[Field, ...], embedding: int) -> None:
        super().__init__()
        sizes = [item.levels + RESERVED_CODES for item in fields if item.levels]
        starts = [sum(sizes[:k]) for k in range(len(sizes))]
        self.sizes = sizes
        self.register_buffer("starts", torch.tensor(starts, dtype=torch.int64), persistent=False)
        self.table = nn.Embedding(sum(sizes), embedding)
        nn.init.normal_(self.table.weight, std=0.5)
        self.n_levels, self.n_numbers = len(sizes), len(fields) - len(sizes)
        self.embedding = embedding
        self.width = self.n_levels * embedding + self.n_numbers * NUMBER_FEATURES

    def forward(self, codes: Tensor, numbers: Tensor) -> Tensor:
        """Return features of shape (..., width): embeddings, numbers, asinh of numbers."""
        starts: Tensor = self.get_buffer("starts")
        embedded = self.table(codes + starts).flatten(-2)
        return torch.cat([embedded, numbers, torch.asinh(numbers)], dim=-1)

    def columns(self, fields: tuple[Field, ...]) -> list[list[int]]:
        """Return the feature columns that come from each field."""
        result, level, number = [], 0, 0
        first = self.n_levels * self.embedding
        for item in fields:
            if item.levels:
                result.append(list(range(level * self.embedding, (level + 1) * self.embedding)))
                level += 1
            else:
                result.append([first + number, first + self.n_numbers + number])
                number += 1
        return result
