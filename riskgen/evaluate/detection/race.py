"""Who is ahead of whom when alerts are dealt out, for many resampled populations at once.

Counting by entity makes a resampled population a product of matrices. Knows counts,
not scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Race:
    """Customer-days of each entity by day, and those ahead of a hit but of no earlier one.

    Counting by entity makes a resampled population a product of matrices.
    """

    active: Any  # (n_entities, n_days)
    ahead: Any  # (n_entities, n_hits), hits by day and falling score
    owner: Ints
    day: Ints
    frauds: Ints

    def recall(self, budget: float, weights: Floats) -> Floats:
        """Return the share of fraud customers found in each population, shape (draws,)."""
        alerts = np.cumsum(weights @ self.active, axis=1) * budget
        alerts = np.diff(np.floor(alerts + 1e-9), axis=1, prepend=0.0)
        before = np.cumsum(weights @ self.ahead, axis=1)
        fresh = np.diff(self.day, prepend=-1) != 0
        start = np.flatnonzero(fresh)[np.cumsum(fresh) - 1]
        before -= np.pad(before, ((0, 0), (1, 0)))[:, start]
        # One alert finds a customer, however often it was drawn.
        found = (before < alerts[:, self.day]).astype(np.float64)
        return self._share(found, weights[:, self.frauds])

    def _share(self, found: Floats, fraud: Floats) -> Floats:
        caught = np.zeros_like(fraud)
        by_owner = np.argsort(self.owner, kind="stable")
        who, first = np.unique(self.owner[by_owner], return_index=True)
        if len(who):
            top = np.maximum.reduceat(found[:, by_owner], first, axis=1)
            caught[:, np.searchsorted(self.frauds, who)] = top
        total = fraud.sum(axis=1)
        share = (caught * fraud).sum(axis=1) / np.maximum(total, 1.0)
        return np.asarray(np.where(total > 0, share, np.nan))


def counted(row: Ints, column: Ints, shape: tuple[int, int]) -> Any:
    """Return how often each pair occurs, sparse."""
    return sparse.coo_array((np.ones(len(row)), (row, column)), shape=shape).tocsr()


def precision_area(every: Any, true: Any, weights: Floats) -> Floats:
    """Return the area for each population, shape (draws,); NaN without a labelled row."""
    gain = weights @ true
    above, found = np.cumsum(weights @ every, axis=1), np.cumsum(gain, axis=1)
    total = gain.sum(axis=1)
    area = (gain * found / np.maximum(above, 1.0)).sum(axis=1)
    return np.asarray(np.where(total > 0, area / np.maximum(total, 1.0), np.nan))
