"""How kinds of events keep their monthly returns: how often, and what weekends do to them.

Learned from the events of a panel. Knows days and kinds, no network.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.models.timegan.dues import LATE, SOONEST, Days, month_later, rolled

FEWEST = 30
"""Returns on a weekend below which nothing is said of weekends [J]."""

MOSTLY = 0.6
"""Share of weekends' returns that must move one way, to be a rule [J]."""


@dataclass(frozen=True, eq=False)
class Occurrences:
    """Which sequence had which kind on which day.

    Attributes
    ----------
    owner, codes, days : ndarray of shape (n,), int64
        Sequence, kind and day of each event.
    n_kinds : int
        Codes from here on are no kind.
    """

    owner: Days = field(repr=False)
    codes: Days = field(repr=False)
    days: Days = field(repr=False)
    n_kinds: int

    @classmethod
    def of(cls, owner: Days, codes: Days, days: Days, n_kinds: int) -> Occurrences:
        """Return the occurrences of kinds, each array of shape (n_events,)."""
        some = codes < n_kinds
        return cls(owner[some], codes[some], days[some], n_kinds)

    def among(self, sequences: Days) -> Occurrences:
        """Return those of the named sequences."""
        kept = np.isin(self.owner, sequences)
        return Occurrences(self.owner[kept], self.codes[kept], self.days[kept], self.n_kinds)

    def kept_share(self, last_day: int) -> NDArray[np.float64]:
        """Return how often a monthly return of each kind is kept, shape (n_kinds,).

        Returns that are due too late to be seen do not count; one that was not kept
        is added to each kind.
        """
        due = month_later(self.days)
        asked = due + LATE <= last_day
        kept = self._between(due - SOONEST, due + LATE)[asked]
        counts = np.bincount(self.codes[asked], minlength=self.n_kinds)
        found = np.bincount(self.codes[asked], kept, minlength=self.n_kinds)
        return np.asarray(found / (counts + 1.0))

    def rolls(self) -> Days:
        """Return what weekends do to the returns of each kind, shape (n_kinds,), int64.

        1 where they move to the next working day, -1 to the one before, else 0.
        """
        due, ways = month_later(self.days), np.array([[0], [1], [-1]])
        weekend = np.mod(due + 3, 7) >= 5
        there = self._between(rolled(due, ways), rolled(due, ways)) & weekend
        hits = np.stack(
            [np.bincount(self.codes, way, minlength=self.n_kinds) for way in there.astype(float)]
        )
        shares = hits / np.maximum(hits.sum(axis=0), 1.0)
        found = np.where(shares[1] >= MOSTLY, 1, np.where(shares[2] >= MOSTLY, -1, 0))
        return np.where(hits.sum(axis=0) >= FEWEST, found, 0).astype(np.int64)

    def _between(self, first: Days, last: Days) -> NDArray[np.bool_]:
        """Return where the same kind came again from ``first`` to ``last``, any (…, n)."""
        width = int(self.days.max(initial=0)) + 400
        place = (self.owner * self.n_kinds + self.codes) * width
        there = np.sort(place + self.days)
        begin, end = (np.searchsorted(there, place + day) for day in (first, last + 1))
        return np.asarray(end > begin)
