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
        One for each level field; at least one.
    """

    def __init__(self, tables: list[Tensor]) -> None:
        sizes = [len(table) for table in tables]
        self.starts = torch.tensor([0, *accumulate(sizes)][:-1], dtype=torch.int64)
        self._table = torch.cat(tables)

    def of(self, codes: Tensor) -> Tensor:
        """Return the sum of the rows of ``codes`` (n, n_level_fields), shape (n, width)."""
        return self.at(codes + self.starts)

    def at(self, places: Tensor) -> Tensor:
        """Return the sum of the rows at ``places``: codes plus ``starts``, in one piece."""
        first = torch.arange(0, places.numel(), places.shape[1])
        result: Tensor = torch.embedding_bag(self._table, places.flatten(), first)[0]
        return result


def read_by(reader: RowReader, weight: Tensor) -> list[Tensor]:
    """Return what ``weight`` (width, reader.width) makes of each level: a table for each field.

    Tables have shape (n_codes, width); codes as the reader knows them.
    """
    parts = torch.split(reader.table.weight, reader.sizes) if reader.sizes else ()
    width = reader.embedding
    columns = [weight[:, k * width : (k + 1) * width] for k in range(reader.n_levels)]
    return [part @ column.T for part, column in zip(parts, columns, strict=True)]


def earlier_levels(heads: FieldHeads) -> list[LevelSums | None]:
    """Return, for each field, what the levels drawn before it say to its hidden units.

    None where there are none. Levels that are drawn later say nothing, whatever they are.
    """
    width, columns = heads.width, range(len(heads.fields))
    tables = read_by(heads.reader, heads.masked_weight())
    known = [any(c < column for c in heads.level_columns) for column in columns]
    own = [[table[:, c * width : (c + 1) * width] for table in tables] for c in columns]
    return [LevelSums(parts) if some else None for parts, some in zip(own, known, strict=True)]
