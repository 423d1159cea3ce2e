"""Products with embeddings as tables, once weights are frozen.

A level's embedding times the weights that read it is one row of a table, and a sum of
such rows takes the place of a product: a fifth of the time on one thread.
"""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.reader import RowReader


class LevelSums:
    """Sums of one row for each level field.

    Parameters
    ----------
    tables : list of Tensor of shape (n_codes, width)
        One for each level field; may be empty.
    """

    def __init__(self, tables: list[Tensor]) -> None:
        sizes = [len(table) for table in tables]
        self._starts = torch.tensor([0, *accumulate(sizes)][:-1], dtype=torch.int64)
        self._table = torch.cat(tables) if tables else None

    def of(self, codes: Tensor) -> Tensor | None:
        """Return the sum of the rows of ``codes`` (n, n_level_fields or more), shape (n, width).

        None where there are no tables; further columns of ``codes`` are not read.
        """
        if self._table is None:
            return None
        n, count = len(codes), len(self._starts)
        places = (codes[:, :count] + self._starts).flatten()
        first = torch.arange(0, n * count, count)
        result: Tensor = torch.embedding_bag(self._table, places, first)[0]
        return result


def read_by(reader: RowReader, weight: Tensor) -> list[Tensor]:
    """Return what ``weight`` (width, reader.width) makes of each level: a table for each field.

    Tables have shape (n_codes, width); codes as the reader knows them.
    """
    parts = torch.split(reader.table.weight, reader.sizes) if reader.sizes else ()
    width = reader.embedding
    columns = [weight[:, k * width : (k + 1) * width] for k in range(reader.n_levels)]
    return [part @ column.T for part, column in zip(parts, columns, strict=True)]


def earlier_levels(heads: FieldHeads) -> list[LevelSums]:
    """Return, for each field, what the levels drawn before it say to its hidden units."""
    tables = read_by(heads.reader, heads.masked_weight())
    counts = [sum(c < column for c in heads.level_columns) for column in range(len(heads.fields))]
    own = [slice(c * heads.width, (c + 1) * heads.width) for c in range(len(heads.fields))]
    return [
        LevelSums([table[:, columns].contiguous() for table in tables[:count]])
        for columns, count in zip(own, counts, strict=True)
    ]
