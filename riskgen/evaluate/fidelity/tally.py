"""Counts for each entity, from which every distance between two sets follows.

A table of shape (entities, cells) holds what each entity adds: an event count for
each bin, level or transition, or sums that a statistic is made of. Resampling
entities is then one matrix product. Knows raw events, not what is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from riskgen.data.events import Events

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FINEST = 512  # cells that a distribution function is compared on; exact below as many values [J]
MOST_LEVELS = 100  # levels compared one by one; the rest are one cell [J]
HELD_BY = 11  # entities that a level, or a cell of a chart, must stand for [C: cell-size rule]


@dataclass(frozen=True, eq=False)
class Tally:
    """What each entity adds to each cell.

    Attributes
    ----------
    cells : csr_array or ndarray of shape (n_entities, n_cells)
    """

    cells: sparse.csr_array | Floats

    @property
    def n_entities(self) -> int:
        """Number of rows."""
        return int(self.cells.shape[0])

    def total(self, weights: Floats | None = None) -> Floats:
        """Return the cells summed over entities.

        Parameters
        ----------
        weights : ndarray of shape (draws, n_entities) or None
            How often each entity counts; None counts everyone once.

        Returns
        -------
        ndarray of shape (n_cells,) or (draws, n_cells)
        """
        if weights is None:
            return np.asarray(self.cells.sum(axis=0), dtype=np.float64).ravel()
        return np.ascontiguousarray((self.cells.T @ weights.T).T, dtype=np.float64)


def counted(owner: Ints, cell: Ints, n_entities: int, n_cells: int) -> Tally:
    """Return how often each entity has each cell; pairs may repeat."""
    ones = np.ones(len(owner))
    table = sparse.csr_array((ones, (owner, cell)), shape=(n_entities, n_cells))
    table.sum_duplicates()
    return Tally(table)


def joined(first: Tally, second: Tally) -> Tally:
    """Return the entities of both, one after the other."""
    if isinstance(first.cells, np.ndarray) or isinstance(second.cells, np.ndarray):
        return Tally(np.concatenate([np.asarray(first.cells), np.asarray(second.cells)]))
    return Tally(sparse.csr_array(sparse.vstack([first.cells, second.cells], format="csr")))


def cuts(values: Sequence[Floats], most: int = FINEST) -> Floats:
    """Return cell boundaries shared by several sets of numbers; NaN is left out.

    With at most ``most`` distinct values each is its own cell and a comparison
    on the cells is exact; otherwise quantiles of all sets together.
    """
    everything = np.concatenate([v[~np.isnan(v)] for v in values])
    if len(everything) == 0:
        return np.zeros(1)
    distinct = np.unique(everything)
    if len(distinct) <= most:
        return distinct
    return np.unique(np.quantile(everything, np.linspace(0, 1, most + 1)))


def cell_of(values: Floats, boundaries: Floats) -> Ints:
    """Return the cell of each number: the first boundary not below it; missing comes last."""
    cell = np.searchsorted(boundaries, values, side="left")
    return np.where(np.isnan(values), len(boundaries) + 1, cell).astype(np.int64)


def n_cells(boundaries: Floats) -> int:
    """Return how many cells :func:`cell_of` uses."""
    return len(boundaries) + 2


def shared_levels(
    name: str, sets: Sequence[Events], reference: Sequence[Events], most: int = MOST_LEVELS
) -> tuple[list[Ints], list[str]]:
    """Return a category of several sets as codes into one list of cells.

    Parameters
    ----------
    name : str
        Column.
    sets : sequence of Events
        The sets to code.
    reference : sequence of Events
        Real events; levels that fewer than 11 of their entities hold, or that
        are beyond the ``most`` widest held, are one cell, together with levels
        that no reference has: every new customer brings some of those.
        Missing values are another.

    Returns
    -------
    tuple of (list of ndarray of shape (n_events,); list of cell names)
    """
    holders: dict[str, int] = {}
    for events in reference:
        for level, count in _holders(events, name):
            holders[level] = holders.get(level, 0) + count
    widest = sorted(holders, key=lambda level: (-holders[level], level))[:most]
    kept = {level: i for i, level in enumerate(w for w in widest if holders[w] >= HELD_BY)}
    rare, missing = len(kept), len(kept) + 1
    coded = []
    for events in sets:
        codes, levels = events.codes(name)
        places = [kept.get(level, rare) for level in levels]
        coded.append(np.array([*places, missing], dtype=np.int64)[codes])
    return coded, [*kept, "(rare)", "(missing)"]


def _holders(events: Events, name: str) -> list[tuple[str, int]]:
    codes, levels = events.codes(name)
    known = codes >= 0
    pairs = np.unique(events.owner[known] * len(levels) + codes[known])
    counts = np.bincount(pairs % max(len(levels), 1), minlength=len(levels))
    return [(level, int(count)) for level, count in zip(levels, counts, strict=True)]
