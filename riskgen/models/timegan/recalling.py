"""What sequences have shown so far, kept up step by step while they are drawn.

The twin of :func:`riskgen.models.timegan.recall.recall_windows`: the same signals, never
laid out level by level but weighed where they are. Tables of all fields lie in one
buffer, so that a step is noted at once; rows of sequences that ended stay where they are.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from riskgen.models.timegan.recall import RecallLayout


class _Tables:
    """A table for each field in one buffer: a row for each sequence and company.

    Parameters
    ----------
    n : int
        Sequences.
    companies, widths : list of int
        Rows of each sequence and columns, for each field.
    dtype : torch.dtype
        Of what the tables hold.
    """

    def __init__(
        self,
        n: int,
        companies: list[int],
        widths: list[int],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        sizes = [n * company * width for company, width in zip(companies, widths, strict=True)]
        self._starts = torch.tensor([0, *accumulate(sizes)][:-1], dtype=torch.int64)
        self._widths = torch.tensor(widths, dtype=torch.int64)
        self.all = torch.zeros(sum(sizes), dtype=dtype)
        parts = torch.split(self.all, sizes)
        self.of = [part.view(-1, width) for part, width in zip(parts, widths, strict=True)]

    def places(self, rows: Tensor, codes: Tensor) -> Tensor:
        """Return where ``codes`` lie in the buffer; rows and codes of shape (n, n_fields)."""
        return (self._starts + rows * self._widths + codes).flatten()


class RunningRecall:
    """Signals of the sequences that go on.

    Parameters
    ----------
    layout : RecallLayout
        Of the fields.
    context : Tensor of shape (n, n_context_level_fields), int64
        Codes of the contexts.
    """

    def __init__(self, layout: RecallLayout, context: Tensor) -> None:
        self._layout, n = layout, len(context)
        widths = [size + 1 for size in layout.levels]
        companies = [1 if a < 0 else layout.levels[a] + 1 for a in layout.anchors]
        # Both hold log(1 + times).
        self._times = _Tables(n, [1] * len(widths), widths)
        self._together = _Tables(n, companies, widths)
        self._last = _Tables(n, companies, [1] * len(widths), torch.int64)
        for table, size in zip(self._last.of, layout.levels, strict=True):
            table.fill_(size)
        self._named = [_named(layout, k, context) for k in range(len(widths))]
        self._companies = companies
        self._all_companies = torch.tensor(companies, dtype=torch.int64)
        self._anchors = torch.tensor(layout.anchors, dtype=torch.int64).clamp(min=0)
        self._anchored = (torch.tensor(layout.anchors) >= 0).long()
        self._distinct = torch.zeros(n, len(widths))
        self._rows = torch.arange(n)

    def keep(self, rows: Tensor) -> None:
        """Forget all sequences but ``rows``."""
        self._distinct, self._rows = self._distinct[rows], self._rows[rows]

    def novelty(self) -> Tensor:
        """Return log(1 + distinct levels so far), shape (n, n_level_fields)."""
        return torch.from_numpy(np.log1p(self._distinct.numpy()))

    def weighed(self, k: int, codes: Tensor, gates: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Return the signals of field ``k``, weighed and added up, shape (n, n_levels).

        Parameters
        ----------
        k : int
            Number of the field.
        codes : Tensor of shape (n, n_level_fields), int64
            Right for the fields drawn before in the step.
        gates : Tensor of shape (n, SIGNALS)
            Weights of the signals.
        chosen : Tensor of shape (n,), int64, or None
            Sequences that are asked for; None for all.
        """
        rows = self._rows if chosen is None else self._rows.index_select(0, chosen)
        anchor, named = self._layout.anchors[k], self._named[k]
        shared = rows
        if anchor >= 0:
            shared = torch.add(codes[:, anchor], rows, alpha=self._companies[k])
        times = self._times.of[k].index_select(0, rows)
        together = times if anchor < 0 else self._together.of[k].index_select(0, shared)
        # One column more than levels: it takes what was last or named where nothing was.
        result = times.sign().mul_(gates[:, 0:1])
        result.addcmul_(times, gates[:, 1:2]).addcmul_(together, gates[:, 2:3])
        result.scatter_add_(1, self._last.of[k].index_select(0, shared), gates[:, 3:4])
        if named is not None:
            result.scatter_add_(1, named.index_select(0, rows), gates[:, 4:5])
        return result[:, :-1]

    def note(self, codes: Tensor) -> None:
        """Remember a step that was drawn."""
        rows = self._rows[:, None]
        shared = rows * self._all_companies + codes.index_select(1, self._anchors) * self._anchored
        times = self._times.places(rows, codes)
        self._distinct += (self._times.all.index_select(0, times) == 0.0).view(codes.shape)
        _count(self._times.all, times)
        _count(self._together.all, self._together.places(shared, codes))
        latest = self._last.places(shared, torch.zeros_like(codes))
        self._last.all.scatter_(0, latest, codes.flatten())


def _count(logs: Tensor, places: Tensor) -> None:
    """Count one more at distinct ``places`` of a buffer of log(1 + times)."""
    before = np.rint(np.expm1(logs.index_select(0, places).numpy()))
    logs.scatter_(0, places, torch.from_numpy(np.log1p(before + 1.0)))


def _named(layout: RecallLayout, k: int, context: Tensor) -> Tensor | None:
    """Return the level that the context names, shape (n, 1); the number of levels for none."""
    source, size = layout.sources[k], layout.levels[k]
    if source < 0:
        return None
    return context[:, source : source + 1].clamp(max=size)
