"""Move-to-front ranks (Bentley et al. 1986) of many sequences at once.

What was used last comes first: rank r is the (r + 1)-th most recently used of
a sequence's own distinct codes. Knows neither columns nor panels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import Ints

MEMORY = 1_024  # earlier codes of a sequence that are remembered [J]
BLOCK = 4_000_000  # cells of the table of recent codes held at once, 32 MB

Choose = Callable[[Ints, Ints], Ints]
"""Returns a code for each of some events (rows), given the recent codes of
their sequences, shape (n, width), latest first, -1 where there is none."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Events put in groups, in time order within a group.

    Attributes
    ----------
    order : ndarray of shape (n_events,), int64
        Rows, group by group.
    offsets : ndarray of shape (n_groups + 1,), int64
        Group ``i`` is ``order[offsets[i]:offsets[i + 1]]``.
    """

    order: Ints = field(repr=False)
    offsets: Ints = field(repr=False)

    @classmethod
    def of(cls, owners: Ints, kinds: Ints) -> Groups:
        """Group events by entity and kind, both of shape (n_events,)."""
        order = np.lexsort((kinds, owners))
        fresh = (np.diff(owners[order], prepend=-1) != 0) | (np.diff(kinds[order], prepend=-1) != 0)
        return cls(order, np.append(np.flatnonzero(fresh), len(order)).astype(np.int64))

    def blocks(self, first_visits: NDArray[np.bool_]) -> Iterator[tuple[_Steps, int]]:
        """Return blocks of groups whose tables fit in memory, and the tables' width."""
        lengths = np.diff(self.offsets)
        counts = np.concatenate([[0], np.cumsum(first_visits[self.order])])
        distinct = np.minimum(np.diff(counts[self.offsets]) + 1, MEMORY)
        waiting = np.argsort(-lengths, kind="stable")
        while len(waiting):
            widest = np.maximum.accumulate(distinct[waiting])
            cells = widest * np.arange(1, len(waiting) + 1)
            n = max(int(np.searchsorted(cells, BLOCK, side="right")), 1)
            block, waiting = waiting[:n], waiting[n:]
            steps = _Steps(self.order, self.offsets[block], lengths[block])
            yield steps, int(distinct[block].max())


@dataclass(frozen=True, eq=False)
class _Steps:
    """Rows of the first events of groups, of the second ones, …, longest group first."""

    order: Ints
    starts: Ints
    lengths: Ints

    def __iter__(self) -> Iterator[Ints]:
        for step in range(int(self.lengths[0])):
            alive = int(np.searchsorted(-self.lengths, -step, side="left"))
            yield self.order[self.starts[:alive] + step]


def find_ranks(codes: Ints, groups: Groups) -> tuple[Ints, Ints]:
    """Return the rank of each code in its group, and how many codes there were.

    Parameters
    ----------
    codes : ndarray of shape (n_events,), int64
        -1 where there is none.
    groups : Groups
        Which events belong together.

    Returns
    -------
    (ndarray, ndarray) of shape (n_events,), int64
        Rank (-1: first visit, forgotten or no code); distinct codes before.
    """
    rank = np.full(len(codes), -1, dtype=np.int64)
    filled = np.zeros(len(codes), dtype=np.int64)
    for steps, width in groups.blocks(_first_visits(codes, groups)):
        table = np.full((len(steps.starts), width), -1, dtype=np.int64)
        for rows in steps:
            part = table[: len(rows)]
            match = (part == codes[rows, None]) & (codes[rows, None] >= 0)
            rank[rows] = np.where(match.any(axis=1), match.argmax(axis=1), -1)
            filled[rows] = (part >= 0).sum(axis=1)
            _move_to_front(part, codes[rows])
    return rank, filled


def replay(choose: Choose, first_visits: NDArray[np.bool_], groups: Groups) -> Ints:
    """Return the code that ``choose`` gives each event, in time order of each group.

    ``first_visits`` (n_events,) marks the events that may bring a new code;
    it bounds the table that ``choose`` sees.
    """
    result = np.full(len(first_visits), -1, dtype=np.int64)
    for steps, width in groups.blocks(first_visits):
        table = np.full((len(steps.starts), width), -1, dtype=np.int64)
        for rows in steps:
            part = table[: len(rows)]
            result[rows] = choose(rows, part)
            _move_to_front(part, result[rows])
    return result


def _first_visits(codes: Ints, groups: Groups) -> NDArray[np.bool_]:
    group = np.repeat(np.arange(len(groups.offsets) - 1), np.diff(groups.offsets))
    held = codes[groups.order]
    _, first = np.unique(group * (int(codes.max(initial=0)) + 2) + held + 1, return_index=True)
    visits = np.zeros(len(codes), dtype=bool)
    visits[groups.order[first]] = True
    return visits & (codes >= 0)


def _move_to_front(table: Ints, codes: Ints) -> None:
    """Put each row's code first and close the gap it leaves; -1 changes nothing."""
    match = table == codes[:, None]
    width = table.shape[1]
    place = np.where(match.any(axis=1), match.argmax(axis=1), width - 1)
    place[codes < 0] = -1
    moved = np.arange(1, width) <= place[:, None]
    table[:, 1:] = np.where(moved, table[:, :-1], table[:, 1:])
    table[codes >= 0, 0] = codes[codes >= 0]
