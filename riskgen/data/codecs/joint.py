"""Several categories as one: the kind of an event.

Channel, operation and purpose say one thing together: a rent is a standing order
to a landlord. As one level it has a rhythm of its own, which none of its parts
has. A codec of levels; it knows no column and no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints, holders
from riskgen.data.panel import Field

MOST = 64  # levels of a kind; more would each be seen too seldom [J]
GROWTH = 2.0  # a category joins if levels grow at most so much, as they would not by chance [J]
COVERED = 0.98  # share of events whose kind must be one that 11 entities hold [J]
NAME = "kind"


@dataclass(frozen=True, eq=False)
class Joint:
    """Common combinations of some categories' levels, and one level for all others.

    Attributes
    ----------
    members : tuple of str
        Categories that are told together, at least two.
    table : ndarray of shape (n_combinations, n_members), int64
        Level of each member; each combination is held by at least 11 entities.
    """

    members: tuple[str, ...]
    table: Ints = field(repr=False)

    @classmethod
    def fit(cls, known: Mapping[str, Ints], owners: Ints) -> Joint | None:
        """Choose the categories that belong together; None where none do.

        Parameters
        ----------
        known : mapping of str to ndarray of shape (n_events,), int64
            Levels of the categories, by column name.
        owners : ndarray of shape (n_events,), int64
            Entity of each event.
        """
        best: Joint | None = None
        for start in known:
            found = cls._grown(start, known, owners)
            if best is None or len(found.members) > len(best.members):
                best = found
        return best if best is not None and len(best.members) > 1 else None

    @classmethod
    def _grown(cls, start: str, known: Mapping[str, Ints], owners: Ints) -> Joint:
        """Add categories to ``start`` as long as their combinations stay few."""
        chosen = _common((start,), known, owners)
        for name in known:
            if name == start:
                continue
            wider = _common((*chosen.members, name), known, owners)
            alone = _common((name,), known, owners)
            few = GROWTH * max(len(chosen.table), len(alone.table), 1)
            if len(wider.table) <= min(few, MOST) and wider.coverage(known) >= COVERED:
                chosen = wider
        return chosen

    def coverage(self, known: Mapping[str, Ints]) -> float:
        """Return the share of events whose combination is a common one."""
        levels = self._stack(known)
        return float((self._codes(levels) < len(self.table)).mean()) if len(levels) else 0.0

    @property
    def fields(self) -> tuple[Field, ...]:
        """The kind; its last level stands for all rare combinations."""
        return (Field(NAME, len(self.table) + 1),)

    def requires(self, item: Field) -> Field:
        """Return a member's field as one that is drawn for rare combinations only."""
        return Field(item.name, item.levels, item.spread, (NAME, len(self.table)))

    def encode(self, members: Floats) -> Floats:
        """Return kind and members of shape (n, 1 + n_members) from ``members`` (n, n_members).

        Members are 0 where the kind says them.
        """
        codes = self._codes(members.astype(np.int64))
        rare = (codes == len(self.table))[:, None]
        return np.column_stack([codes, np.where(rare, members, 0.0)])

    def decode(self, values: Floats) -> Floats:
        """Return the members (n, n_members) that :meth:`encode` was given."""
        codes = values[:, 0].astype(np.int64)
        members = self._said[codes]
        rare = np.flatnonzero(codes == len(self.table))
        members[rare] = values[rare, 1:]
        return members

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {"members": list(self.members), "table": self.table.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Joint:
        """Return the codec that ``state`` was taken from."""
        table = np.array(state["table"], dtype=np.int64).reshape(-1, len(state["members"]))
        return cls(tuple(state["members"]), table)

    @cached_property
    def _said(self) -> Floats:
        """Members of each kind; 0 where the kind does not say them."""
        rare = np.zeros((1, len(self.members)))
        return np.concatenate([self.table.astype(np.float64), rare])

    def _stack(self, known: Mapping[str, Ints]) -> Ints:
        return np.column_stack([known[name] for name in self.members])

    def _codes(self, levels: Ints) -> Ints:
        """Return the combination of each row; their number where it is none of them."""
        sizes = np.maximum(levels.max(axis=0, initial=0), self.table.max(axis=0, initial=0)) + 1
        keys = np.ravel_multi_index(tuple(self.table.T), tuple(sizes))
        order = np.argsort(keys)
        wanted = np.ravel_multi_index(tuple(levels.T), tuple(sizes))
        place = np.clip(np.searchsorted(keys[order], wanted), 0, max(len(keys) - 1, 0))
        if not len(keys):
            return np.zeros(len(levels), dtype=np.int64)
        return np.where(keys[order][place] == wanted, order[place], len(keys)).astype(np.int64)


def _common(members: tuple[str, ...], known: Mapping[str, Ints], owners: Ints) -> Joint:
    """Return the combinations that at least 11 entities hold, the commonest first."""
    levels = np.column_stack([known[name] for name in members])
    if not len(levels):
        return Joint(members, np.zeros((0, len(members)), dtype=np.int64))
    rows, codes, counts = np.unique(levels, axis=0, return_inverse=True, return_counts=True)
    held = holders(codes.ravel(), owners, len(rows)) >= SMALLEST_GROUP
    order = np.flatnonzero(held)[np.argsort(-counts[held], kind="stable")]
    return Joint(members, rows[order].astype(np.int64))
