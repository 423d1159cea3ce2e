"""Cases in a table: bursts of events that a label points at, each of one entity.

Where the label is by event, a case is a run of labelled events. Where it is one
for an entity nobody says which events it means: the end of its history, a month
or a third of it, stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, Events, ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Ints
from riskgen.simulate.mechanisms.population import FEWEST_BEFORE

PAUSE_DAYS = 30.0  # without a labelled event, after which another case begins [J]
# The end of a labelled entity's history that its label is taken to be about, the
# shorter of the two [J].
TAIL_DAYS, TAIL_SHARE = 30.0, 1 / 3
MOST_EVENTS = 200  # events of one case; later ones are left out [J]


@dataclass(frozen=True, eq=False)
class Cases:
    """Bursts of labelled events.

    Attributes
    ----------
    rows : ndarray of shape (m,), int64
        Rows of the table, case after case, in time order.
    offsets : ndarray of shape (n_cases + 1,), int64
        Case ``i`` has ``rows[offsets[i]:offsets[i + 1]]``.
    n_left_out : int
        Cases whose owner has too little history to be compared with.
    """

    rows: Ints = field(repr=False)
    offsets: Ints = field(repr=False)
    n_left_out: int = 0

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Events of each case, shape (n_cases,)."""
        return np.diff(self.offsets)

    @property
    def case(self) -> Ints:
        """Case of each row, shape (m,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def onset(self) -> Ints:
        """First row of each case, shape (n_cases,)."""
        return self.rows[self.offsets[:-1]]

    def take(self, cases: Ints, n_left_out: int) -> Cases:
        """Return the named cases, in increasing order."""
        lengths = self.lengths[cases]
        at = np.repeat(self.offsets[cases], lengths) + ranges(lengths)
        return Cases(self.rows[at], _offsets(lengths), n_left_out)


def find_cases(accounts: Accounts) -> Cases:
    """Return the cases of a table whose owner has a habit to break with.

    A habit is three unlabelled events before the case, as for those who get it, and
    money that went out in one of the owner's unlabelled events. Events
    without an amount are no part of a case.
    """
    found = _by_entity(accounts) if accounts.events.schema.label_level == "entity" else None
    found = _by_event(accounts) if found is None else found
    normal = ~in_cases(accounts.events, found)
    before = _before(accounts.events, found, normal)
    paid = np.bincount(
        accounts.events.owner, normal & (accounts.spent > 0), accounts.events.n_entities
    )
    usable = (before >= FEWEST_BEFORE) & (paid[accounts.events.owner[found.onset]] > 0)
    kept = found.take(np.flatnonzero(usable), int((~usable).sum()))
    return _shortened(kept)


def in_cases(events: Events, cases: Cases) -> Flags:
    """Return which rows are labelled or belong to a case, shape (n_events,)."""
    inside = np.zeros(events.n_events, dtype=bool)
    if events.schema.label_level != "entity":
        inside |= events.event_label()
    inside[cases.rows] = True
    return inside


def _by_event(accounts: Accounts) -> Cases:
    events = accounts.events
    rows = np.flatnonzero(events.event_label() & (accounts.moved > 0))
    if len(rows) == 0:
        return Cases(rows, np.zeros(1, dtype=np.int64))
    pause = np.diff(accounts.seconds[rows]) > PAUSE_DAYS * SECONDS_PER_DAY
    begins = np.flatnonzero(pause | (np.diff(events.owner[rows]) != 0)) + 1
    return Cases(rows, np.concatenate([[0], begins, [len(rows)]]).astype(np.int64))


def _by_entity(accounts: Accounts) -> Cases:
    events, seconds = accounts.events, accounts.seconds
    first, last = seconds[events.offsets[:-1]], seconds[events.offsets[1:] - 1]
    length = np.minimum(TAIL_SHARE * (last - first), TAIL_DAYS * SECONDS_PER_DAY)
    tail = events.event_label() & (seconds > (last - length)[events.owner])
    rows = np.flatnonzero(tail & (accounts.moved > 0))
    counts = np.bincount(events.owner[rows], minlength=events.n_entities)
    return Cases(rows, _offsets(counts[counts > 0]))


def _before(events: Events, cases: Cases, normal: Flags) -> Ints:
    """Return how many unlabelled events each owner had before the case."""
    total = np.concatenate([[0], np.cumsum(normal)])
    start = events.offsets[events.owner[cases.onset]]
    return np.asarray(total[cases.onset] - total[start], dtype=np.int64)


def _shortened(cases: Cases) -> Cases:
    lengths = np.minimum(cases.lengths, MOST_EVENTS)
    at = np.repeat(cases.offsets[:-1], lengths) + ranges(lengths)
    return Cases(cases.rows[at], _offsets(lengths), cases.n_left_out)


def _offsets(lengths: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
