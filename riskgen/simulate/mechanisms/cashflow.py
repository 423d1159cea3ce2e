"""What every event can move, once a burst and edits are put into touched accounts.

Nobody takes more than there is, what comes in is always accepted, and what the
owner can no longer pay for afterwards is declined. Knows money, not columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst


@dataclass(frozen=True, eq=False)
class CashFlow:
    """Units that every event moves, and balances after it where there are any.

    Attributes
    ----------
    units : ndarray of shape (m,), int64
        What each event of the burst moves, positive; 0 for nothing.
    declined : ndarray, int64
        Rows of the base that can no longer be paid for.
    base_rows, base_held : ndarray of shape (r,), int64
        Rows of the base whose balance was computed anew, and the balance.
    burst_held : ndarray of shape (m,), int64
        Balance after each event of the burst.
    """

    units: Ints = field(repr=False)
    declined: Ints = field(repr=False)
    base_rows: Ints = field(repr=False)
    base_held: Ints = field(repr=False)
    burst_held: Ints = field(repr=False)

    @classmethod
    def of(cls, accounts: Accounts, burst: Burst) -> CashFlow:
        """Return what ``burst`` can move in ``accounts``."""
        if accounts.held is None:
            nothing = np.zeros(0, dtype=np.int64)
            return cls(np.maximum(burst.units, 1), nothing, nothing, nothing, nothing)
        return _walked(_Queue.build(accounts, burst), len(burst))


def first_after(accounts: Accounts, entity: Ints, seconds: Floats) -> Ints:
    """Return the first row of each entity that is later than a time."""
    offsets = accounts.events.offsets
    result = offsets[entity].copy()
    lengths = offsets[entity + 1] - offsets[entity]
    rows = np.repeat(result, lengths) + ranges(lengths)
    rank = np.repeat(np.arange(len(entity)), lengths)
    earlier = accounts.seconds[rows] <= seconds[rank]
    return np.asarray(result + np.bincount(rank[earlier], minlength=len(entity)), dtype=np.int64)


def _walked(queue: _Queue, n_burst: int) -> CashFlow:
    """Walk through what follows in all touched accounts at once, event by event."""
    balance = queue.opening.copy()
    moved, after = queue.flow.copy(), np.zeros_like(queue.flow)
    declined = np.zeros(len(queue.flow), dtype=bool)
    for step in range(int(queue.lengths.max(initial=0))):
        live = np.flatnonzero(queue.lengths > step)
        at = queue.starts[live] + step
        wanted, have, inserted = queue.flow[at], balance[live], queue.inserted[at]
        taken = np.minimum(-wanted, np.maximum(have, 0))
        paid = (wanted >= 0) | (have + wanted >= queue.floor[live])
        moved[at] = np.where(inserted & (wanted < 0), -taken, np.where(paid, wanted, 0))
        declined[at] = ~inserted & ~paid
        balance[live] += moved[at]
        after[at] = balance[live]
    return queue.result(moved, after, declined, n_burst)


@dataclass(frozen=True, eq=False)
class _Queue:
    """Events from the first change on, for each touched entity, in time order."""

    starts: Ints
    lengths: Ints
    opening: Ints
    floor: Ints
    flow: Ints
    inserted: Flags
    index: Ints

    @classmethod
    def build(cls, accounts: Accounts, burst: Burst) -> _Queue:
        assert accounts.held is not None
        offsets, held = accounts.events.offsets, accounts.held
        entity, start = _begins(accounts, burst)
        base = _kept_rows(start, offsets[entity + 1], burst.edits.removed)
        owner = np.concatenate([accounts.events.owner[base], burst.entity])
        rank = np.searchsorted(entity, owner)
        seconds = np.concatenate([accounts.seconds[base], burst.seconds])
        wanted = np.where(burst.incoming, burst.units, -burst.units)
        flow = np.concatenate([_changes(accounts)[base], wanted])
        inserted = np.arange(len(rank)) >= len(base)
        index = np.concatenate([base, np.arange(len(burst))])
        order = np.lexsort((np.arange(len(rank)), seconds, rank))
        lengths = np.bincount(rank, minlength=len(entity))
        floor = np.minimum(np.minimum.reduceat(held, offsets[:-1]), 0)[entity]
        starts = np.cumsum(lengths) - lengths
        opening = _openings(accounts, entity, start)
        return cls(starts, lengths, opening, floor, flow[order], inserted[order], index[order])

    def result(self, moved: Ints, after: Ints, declined: Flags, n_burst: int) -> CashFlow:
        burst, base = self.index[self.inserted], self.index[~self.inserted]
        units, held = np.zeros(n_burst, dtype=np.int64), np.zeros(n_burst, dtype=np.int64)
        units[burst], held[burst] = np.abs(moved[self.inserted]), after[self.inserted]
        gone = np.sort(self.index[declined])
        return CashFlow(units, gone, base, after[~self.inserted], held)


def _begins(accounts: Accounts, burst: Burst) -> tuple[Ints, Ints]:
    """Return the touched entities, and the first row of each that may change."""
    removed = burst.edits.removed
    owner = accounts.events.owner[removed]
    entity = np.unique(np.concatenate([burst.entity, owner]))
    seconds = np.full(len(entity), np.inf)
    np.minimum.at(seconds, np.searchsorted(entity, burst.entity), burst.seconds)
    start = first_after(accounts, entity, seconds)
    np.minimum.at(start, np.searchsorted(entity, owner), removed)
    return entity, start


def _kept_rows(start: Ints, stop: Ints, removed: Ints) -> Ints:
    rows = np.repeat(start, stop - start) + ranges(stop - start)
    return rows[~np.isin(rows, removed)]


def _changes(accounts: Accounts) -> Ints:
    """Return by how much each row moves the balance; a first row by its own amount."""
    assert accounts.held is not None
    change = np.diff(accounts.held, prepend=0)
    first = accounts.events.offsets[:-1]
    change[first] = (accounts.received - accounts.spent)[first]
    return change


def _openings(accounts: Accounts, entity: Ints, start: Ints) -> Ints:
    """Return the balance of each entity before row ``start``."""
    assert accounts.held is not None
    first = accounts.events.offsets[entity]
    before = accounts.held[first] - _changes(accounts)[first]
    return np.where(start > first, accounts.held[np.maximum(start - 1, 0)], before)
