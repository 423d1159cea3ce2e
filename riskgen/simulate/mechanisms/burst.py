"""Events to be inserted into sequences, before anyone asked whether there is money for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats, Ints

Texts = Mapping[str, tuple[Ints, Sequence[str | None]]]


@dataclass(frozen=True, eq=False)
class Burst:
    """Inserted events, sorted by entity and time.

    Attributes
    ----------
    entity : ndarray of shape (m,), int64
        Whose sequence each event goes into.
    template : ndarray of shape (m,), int64
        A row of the same entity, of which the event is a copy.
    source : ndarray of shape (m,), int64
        The row whose category, channel and merchant the event takes; the
        template itself for a familiar kind of event.
    seconds : ndarray of shape (m,)
        Time, as the table would hold it.
    units : ndarray of shape (m,), int64
        Wanted amount in the smallest unit of money.
    role : ndarray of shape (m,), int64
        Part of the event in the typology (0 first part, 1 second part).
    texts : mapping of column to (positions, values)
        Values that differ from the template and the source.
    """

    entity: Ints
    template: Ints = field(repr=False)
    source: Ints = field(repr=False)
    seconds: Floats = field(repr=False)
    units: Ints = field(repr=False)
    role: Ints = field(repr=False)
    texts: Texts = field(repr=False)

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.entity)


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
