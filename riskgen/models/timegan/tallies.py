"""What sequences have shown before each event, counted once for a panel.

Batches take their rows in place of counting again: the same signals as
:func:`riskgen.models.timegan.recall.recall_windows`, which counts where a table would
be too large. Knows no network.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.models.timegan.recall import SIGNALS, Codes, RecallLayout

MOST_BYTES = 2**29
"""Largest table, 512 MiB [J]: four bytes for each level of each event, 1.5 kB an event on
the simulated bank with 379 levels; larger ones are not made."""

Counts = NDArray[np.int16]


class Tallies:
    """Signals of any rows of a panel.

    Parameters
    ----------
    layout : RecallLayout
        Of the fields.
    owner : ndarray of shape (n_rows,), int64
        Sequence of each row; rows of a sequence in order of time.
    codes : ndarray of shape (n_rows, n_level_fields), int64
        At most the number of levels, which stands for a field that does not apply.
    """

    def __init__(self, layout: RecallLayout, owner: Codes, codes: Codes) -> None:
        self._layout = layout
        self._times = [_before(owner, codes[:, k], n)[0] for k, n in enumerate(layout.levels)]
        self._together: list[Tensor | None] = []
        self._last: list[Tensor] = []
        for k, (n, anchor) in enumerate(zip(layout.levels, layout.anchors, strict=True)):
            company = owner
            if anchor >= 0:
                company = owner * (layout.levels[anchor] + 1) + codes[:, anchor]
            together, last = _before(company, codes[:, k], n)
            self._together.append(together if anchor >= 0 else None)
            self._last.append(last)

    @staticmethod
    def fit(layout: RecallLayout, n_rows: int) -> bool:
        """Return whether the table of so many rows is small enough to be made."""
        return 4 * n_rows * sum(layout.levels) <= MOST_BYTES

    def of(self, rows: Tensor, named: list[Tensor]) -> list[Tensor]:
        """Return the signals of ``rows``, each of shape (n, SIGNALS, n_levels).

        ``named`` says for each field what the context names, shape (n, n_levels).
        """
        return [self._field(k, rows, told) for k, told in enumerate(named)]

    def _field(self, k: int, rows: Tensor, named: Tensor) -> Tensor:
        n_levels = self._layout.levels[k]
        found = torch.zeros(len(rows), SIGNALS, n_levels + 1)
        times = self._times[k].index_select(0, rows).float()
        company = self._together[k]
        found[:, 0, :n_levels] = times.sign()
        found[:, 1, :n_levels] = times.log1p_()
        together = times if company is None else company.index_select(0, rows).float().log1p_()
        found[:, 2, :n_levels] = together
        last = self._last[k].index_select(0, rows)
        found[:, 3].scatter_(1, last[:, None], 1.0)
        found[:, 4, :n_levels] = named
        return found[:, :, :n_levels]


def _before(group: Codes, code: Codes, n_levels: int) -> tuple[Tensor, Tensor]:
    """Return how often each level came earlier in the group of each row, and which came last.

    Shapes (n_rows, n_levels), int16, and (n_rows,), int64; the last is ``n_levels``
    where there is none.
    """
    order = np.argsort(group, kind="stable")
    sorted_group, sorted_code = group[order], code[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = sorted_group[1:] != sorted_group[:-1]
    start = np.flatnonzero(first)[np.cumsum(first) - 1]
    hot = np.zeros((len(order), n_levels + 1), dtype=np.int32)
    hot[np.arange(len(order)), sorted_code] = 1
    seen = np.cumsum(hot[:, :n_levels], axis=0, dtype=np.int32) - hot[:, :n_levels]
    counts = np.empty((len(order), n_levels), dtype=np.int16)
    counts[order] = seen - seen[start]
    last = np.full(len(order), n_levels, dtype=np.int64)
    last[order[1:]] = np.where(first[1:], n_levels, sorted_code[:-1])
    return torch.from_numpy(counts), torch.from_numpy(last)
