"""Amounts that an entity pays again: rents, subscriptions, standing orders.

A codec of which earlier amount comes back; it knows neither the column's name
nor what the amounts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.bins import LAST_PLACE
from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints
from riskgen.data.codecs.kinds import Kind
from riskgen.data.codecs.ranks import Groups, find_ranks, replay
from riskgen.seeding import stream

RANKS = 15  # ranks with a level of their own; later ones share the last level [J]
LEAST_EXCESS = 0.05  # share of events that repeat beyond chance, to be worth a field [J]


@dataclass(frozen=True)
class Repeats:
    """Levels: a new amount, then move-to-front ranks 0 to 14, then all older ones.

    Attributes
    ----------
    kind : Kind
        Categories that stay the same when an amount comes back.
    """

    kind: Kind

    @property
    def levels(self) -> int:
        """Number of levels."""
        return RANKS + 2

    def encode(self, codes: Ints, owners: Ints, kinds: Ints) -> Floats:
        """Return levels with places, shape (n,).

        Parameters
        ----------
        codes : ndarray of shape (n,), int64
            Equal for equal amounts; -1 where there is none.
        owners, kinds : ndarray of shape (n,), int64
            Entity and kind of each event.
        """
        rank, filled = find_ranks(codes, Groups.of(owners, kinds))
        place = (rank - RANKS + 0.5) / np.maximum(filled - RANKS, 1)
        older = np.clip(place, 0.0, LAST_PLACE)
        return 1.0 + np.minimum(rank, RANKS) + np.where(rank < RANKS, 0.5, older)

    def sources(self, values: Floats, owners: Ints, kinds: Ints) -> Ints:
        """Return the row that each event takes its amount from; a new one from its own."""
        rank = np.floor(values).astype(np.int64) - 1
        place = values - np.floor(values)

        def choose(rows: Ints, table: Ints) -> Ints:
            filled = (table >= 0).sum(axis=1)
            older = np.floor(place[rows] * np.maximum(filled - RANKS, 1)).astype(np.int64)
            back = np.where(rank[rows] >= RANKS, RANKS + older, rank[rows])
            held = table[np.arange(len(rows)), np.clip(back, 0, table.shape[1] - 1)]
            # A rank that the entity has not reached yet is a new amount.
            return np.where((back >= 0) & (back < filled), held, rows)

        return replay(choose, rank < 0, Groups.of(owners, kinds))

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {"kind": dict(self.kind.sizes)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Repeats:
        """Return the codec that ``state`` was taken from."""
        return cls(Kind(state["kind"]))


def repeats_are_habits(codes: Ints, owners: Ints, kinds: Ints, free: NDArray[np.bool_]) -> bool:
    """Whether entities repeat their own amounts, not only popular ones.

    Compares the share of events whose amount the entity had before, among
    events of one kind, with the same after the amounts of each kind were
    dealt out to entities at random. Shared amounts (not ``free``) do not count.
    """
    codes, owners, kinds = codes[free], owners[free], kinds[free]
    if len(np.unique(owners)) < SMALLEST_GROUP:
        return False
    shuffled = np.lexsort((stream(0, "repeats").random(len(codes)), kinds))
    dealt = codes.copy()
    dealt[np.argsort(kinds, kind="stable")] = codes[shuffled]
    excess = _repeated(codes, owners, kinds) - _repeated(dealt, owners, kinds)
    return excess >= LEAST_EXCESS


def _repeated(codes: Ints, owners: Ints, kinds: Ints) -> float:
    order = np.lexsort((codes, kinds, owners))
    same = np.ones(len(codes) - 1, dtype=bool)
    for part in (owners, kinds, codes):
        same &= np.diff(part[order]) == 0
    return float(same.mean()) if len(same) else 0.0
