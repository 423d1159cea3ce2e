"""Which levels of a column an entity has used, and levels that it never did.

Keeps the vocabulary closed: what is new to an entity exists elsewhere in the
table, except for identifiers, which are new to everybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import Events
from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints
from riskgen.simulate.mechanisms.draws import rotations

_TRIES = 32
_NUMBERED = re.compile(r"([^0-9]*)([0-9]{1,15})")


@dataclass(frozen=True, eq=False)
class Habits:
    """Levels of one column by entity.

    Attributes
    ----------
    column : str
        The column.
    codes : ndarray of shape (n_events,), int64
        Level of each event; -1 is missing.
    levels : list of str
        The levels, sorted.
    known : ndarray, int64
        Sorted keys of the (entity, level) pairs that occur.
    """

    column: str
    codes: Ints = field(repr=False)
    levels: list[str] = field(repr=False)
    known: Ints = field(repr=False)

    @classmethod
    def of(cls, events: Events, column: str) -> Habits:
        """Read the habits of ``events`` in ``column``."""
        codes, levels = events.codes(column)
        seen = codes >= 0
        known = np.unique(events.owner[seen] * max(len(levels), 1) + codes[seen])
        return cls(column, codes, levels, known)

    def used(self, entity: Ints, codes: Ints) -> Flags:
        """Whether each entity has used the level; a missing level counts as used."""
        keys = entity * max(len(self.levels), 1) + codes
        found = np.searchsorted(self.known, keys)
        inside = np.minimum(found, max(len(self.known) - 1, 0))
        hit = (self.known[inside] == keys) if len(self.known) else np.zeros(len(keys), dtype=bool)
        return np.asarray(hit | (codes < 0))

    def first_uses(self, owner: Ints) -> Flags:
        """Whether each event is the first with its level for its entity."""
        keys = owner * (len(self.levels) + 1) + self.codes
        first = np.zeros(len(keys), dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        return first & (self.codes >= 0)

    def never_used(self, entity: Ints, uniform: Floats) -> Ints:
        """Return a level that each entity never used; -1 where none was found.

        Levels are drawn by the square root of their frequency [J]: a plain
        frequency would propose the home country again and again.
        """
        if len(self.levels) == 0:
            return np.full(len(entity), -1, dtype=np.int64)
        weights = np.sqrt(np.bincount(self.codes[self.codes >= 0], minlength=len(self.levels)))
        edges = np.cumsum(weights) / weights.sum()
        tries = np.searchsorted(edges, rotations(uniform, _TRIES), side="right")
        tries = np.minimum(tries, len(self.levels) - 1)
        fresh = ~self.used(np.repeat(entity, _TRIES), tries.ravel()).reshape(tries.shape)
        chosen = tries[np.arange(len(entity)), fresh.argmax(axis=1)]
        return np.where(fresh.any(axis=1), chosen, -1)

    @property
    def is_personal(self) -> bool:
        """Whether levels belong to few entities each, as payees and devices do."""
        return len(self.known) < 2 * len(self.levels)


def fresh_ids(habits: Habits, positions: Ints, turns: Ints) -> list[str]:
    """Return identifiers that nobody in the table has, written like those that it has.

    Parameters
    ----------
    habits : Habits
        The column.
    positions : ndarray of shape (n,), int64
        Position of the entity in the whole simulation.
    turns : ndarray of shape (n,), int64
        Which new identifier of that entity it is, below 1,000.
    """
    numbers = (positions * 1000 + turns).tolist()
    shapes = [_NUMBERED.fullmatch(level) for level in habits.levels]
    prefixes = {shape[1] if shape else None for shape in shapes}
    if len(prefixes) != 1 or None in prefixes:
        # As the encoder makes names up, beyond the thousand that it gives one entity.
        pairs = zip(positions.tolist(), turns.tolist(), strict=True)
        return [f"new-{position:06d}-{1000 + turn}" for position, turn in pairs]
    largest = max(int(shape[2]) for shape in shapes if shape)
    return [f"{prefixes.copy().pop()}{largest + 1 + number}" for number in numbers]
