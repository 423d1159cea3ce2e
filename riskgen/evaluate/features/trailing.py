"""Running quantities within each entity, computed for all events at once.

Knows arrays only. Every function here is causal: what it returns for an event
depends on that event and earlier ones of the same entity, in row order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIXED = float(2**24)  # sums are of multiples of its inverse; up to 5e11 within a customer
RECENT = 15  # events that a recent median looks back on [J]: enough to be steady, cheap to sort


@dataclass(frozen=True, eq=False)
class Timeline:
    """Where each entity's events begin, and when every event was.

    Attributes
    ----------
    offsets : ndarray of shape (n_entities + 1,), int64
        Entity ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``.
    seconds : ndarray of shape (n_events,)
        Time of each event, seconds since 1970.
    owner, start, position : ndarray of shape (n_events,), int64
        Entity, first row of that entity, and rank within it (from 0).
    """

    offsets: Ints
    seconds: Floats
    owner: Ints = field(init=False, repr=False)
    start: Ints = field(init=False, repr=False)
    position: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay out who owns each row."""
        lengths = np.diff(self.offsets)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        start = self.offsets[:-1][owner]
        object.__setattr__(self, "owner", owner)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "position", np.arange(len(owner)) - start)

    @property
    def n_events(self) -> int:
        """Number of rows."""
        return len(self.owner)

    def previous(self, values: Floats, first: float = np.nan) -> Floats:
        """Return the value of the event before; ``first`` where there is none."""
        shifted = np.empty(len(values), dtype=np.float64)
        shifted[1:] = values[:-1]
        shifted[self.position == 0] = first
        return shifted

    def running_sum(self, values: Floats) -> Floats:
        """Return the sum over the entity's events up to and including this one."""
        return self.sum_since(values, self.start)

    def sum_since(self, values: Floats, first: Ints) -> Floats:
        """Return the sum over rows ``first`` (of the same entity) to this one.

        Values are rounded to 2^-24 and added as whole numbers: the sum is exact, and
        no other customer and no later event can change its last bit.
        """
        whole = np.rint(values * FIXED).astype(np.int64)
        total = np.concatenate([[0], np.cumsum(whole)])
        # The total of all customers may run over; differences come out right all the same.
        return np.asarray((total[1:] - total[first]) / FIXED)

    def window_first(self, width: float) -> Ints:
        """Return the first row of the entity that is less than ``width`` seconds old."""
        if self.n_events == 0:
            return np.zeros(0, dtype=np.int64)
        # Whole milliseconds, so that no other entity's times can change a rounding.
        elapsed = np.round((self.seconds - self.seconds.min()) * 1e3).astype(np.int64)
        wide = np.int64(round(width * 1e3))
        stride = elapsed.max() + wide + 1
        key = self.owner * stride + elapsed
        first = np.searchsorted(key, key - wide, side="right")
        return np.asarray(np.maximum(first, self.start), dtype=np.int64)

    def running_max(self, values: Floats) -> Floats:
        """Return the largest value so far, this event included."""
        levels, rank = np.unique(values, return_inverse=True)
        highest = np.maximum.accumulate(self.owner * (len(levels) + 1) + rank)
        return np.asarray(levels[highest - self.owner * (len(levels) + 1)])

    def last_same(self, codes: Ints) -> Ints:
        """Return the row of the entity's last event with the same code, -1 if none."""
        order = np.lexsort((np.arange(self.n_events), codes, self.owner))
        earlier = np.full(self.n_events, -1, dtype=np.int64)
        if self.n_events < 2:
            return earlier
        now, then = order[1:], order[:-1]
        same = (codes[now] == codes[then]) & (self.owner[now] == self.owner[then])
        earlier[now[same]] = then[same]
        return earlier

    def times_before(self, codes: Ints) -> Floats:
        """Return how many earlier events of the entity have the same code."""
        order = np.lexsort((np.arange(self.n_events), codes, self.owner))
        fresh = np.ones(self.n_events, dtype=bool)
        ordered, owner = codes[order], self.owner[order]
        fresh[1:] = (ordered[1:] != ordered[:-1]) | (owner[1:] != owner[:-1])
        heads = np.flatnonzero(fresh)
        counts = np.empty(self.n_events, dtype=np.float64)
        counts[order] = np.arange(self.n_events) - heads[np.cumsum(fresh) - 1]
        return counts

    def recent_median(self, values: Floats) -> Floats:
        """Return the median of the up to 15 events before; NaN for the first."""
        back = np.arange(1, RECENT + 1)
        rows = np.arange(self.n_events)[:, None] - back
        inside = back <= self.position[:, None]
        window = np.where(inside, values[np.maximum(rows, 0)], np.inf)
        window.sort(axis=1)
        count = np.minimum(self.position, RECENT)
        every = np.arange(self.n_events)
        low, high = np.maximum(count - 1, 0) // 2, count // 2
        middle = np.full(self.n_events, np.nan)
        some = count > 0
        both = window[every[some], low[some]], window[every[some], high[some]]
        middle[some] = (both[0] + both[1]) / 2
        return middle
