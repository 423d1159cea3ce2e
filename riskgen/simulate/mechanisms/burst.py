"""What a typology wants done to sequences, before anyone asked whether there is money for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints

Texts = Mapping[str, tuple[Ints, Sequence[str | None]]]


@dataclass(frozen=True, eq=False)
class Edits:
    """What becomes of events that the owners have already.

    Attributes
    ----------
    removed : ndarray of shape (r,), int64
        Rows that leave the table: what follows a stop, what a thin file lacks.
    context : mapping of column to (entities, values)
        Values that all events of an entity get, the inserted ones as well.
    """

    removed: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    context: Texts = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        """Return whether anything is to be edited."""
        return bool(len(self.removed) or self.context)


@dataclass(frozen=True, eq=False)
class Burst:
    """Inserted events, sorted by entity and time, and edits beside them.

    Attributes
    ----------
    entity : ndarray of shape (m,), int64
        Whose sequence each event goes into.
    template : ndarray of shape (m,), int64
        A row of the same entity, of which the event is a copy.
    source : ndarray of shape (m,), int64
        The row whose category, channel, merchant and direction the event takes;
        the template itself for a familiar kind of event. It must go the same
        way as the event: a debit is the source of debits.
    seconds : ndarray of shape (m,)
        Time, as the table would hold it.
    units : ndarray of shape (m,), int64
        Wanted amount in the smallest unit of money.
    role : ndarray of shape (m,), int64
        Part of the event in the typology (0 first part, 1 second part).
    texts : mapping of column to (positions, values)
        Values that differ from the template and the source.
    credit : ndarray of shape (m,), bool, or None
        Events that bring money in; None when all take it out.
    edits : Edits
        What becomes of the events that were there.
    """

    entity: Ints
    template: Ints = field(repr=False)
    source: Ints = field(repr=False)
    seconds: Floats = field(repr=False)
    units: Ints = field(repr=False)
    role: Ints = field(repr=False)
    texts: Texts = field(repr=False)
    credit: Flags | None = field(default=None, repr=False)
    edits: Edits = field(default_factory=Edits, repr=False)

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.entity)

    @property
    def incoming(self) -> Flags:
        """Whether each event brings money in, shape (m,)."""
        return np.zeros(len(self), dtype=bool) if self.credit is None else self.credit


def in_time_order(rank: Ints, seconds: Floats) -> Ints:
    """Return the order of events by entity, then time (stable)."""
    return np.lexsort((np.arange(len(rank)), seconds, rank))


def places(rank: Ints) -> tuple[Ints, Ints]:
    """Return each event's place within its entity and the entity's count, from sorted ranks."""
    counts = np.bincount(rank)
    starts = np.cumsum(counts) - counts
    return np.arange(len(rank)) - starts[rank], counts[rank]


def as_round_as(units: Ints, example: Ints, decimals: int) -> Ints:
    """Round amounts down to the step that an example amount is a multiple of.

    People draw 200, not 203.17: an inserted amount is as round as a real one
    of its size, else the last digits alone would give it away. No more than a tenth
    is rounded off; at least 1 unit is left.
    """
    result = units.copy()
    for step in (1, 10, 50, 100, 500, 1000):
        coarse = int(step * 10**decimals)
        fits = (example > 0) & (np.mod(example, coarse) == 0) & (units >= 10 * coarse)
        result = np.where(fits, units // coarse * coarse, result)
    return np.maximum(result, 1)
