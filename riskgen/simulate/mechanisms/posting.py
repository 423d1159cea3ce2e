"""Put a burst into the table: money first, then rows, in the order of time.

Money is conserved: a fraud takes no more than there is, and what the owner can
no longer pay for afterwards is declined and leaves the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.derived.derivation import derive_again, openings
from riskgen.data.events import Events, ranges
from riskgen.data.schema import Channel
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst

# Columns that stay the owner's unless the typology changes them itself.
OWN = ("country", "device")

Changes = dict[str, tuple[Ints, list[object] | Floats]]


@dataclass(frozen=True, eq=False)
class Posting:
    """What became of a burst.

    Attributes
    ----------
    events : Events
        The table with the burst in it.
    affected : ndarray of shape (n_events,), bool
        Which of its rows were inserted.
    units : ndarray of shape (m,), int64
        Units that each event of the burst could take; 0 where it was not posted.
    declined : ndarray, int64
        Rows of the base that could no longer be paid for.
    """

    events: Events
    affected: Flags = field(repr=False)
    units: Ints = field(repr=False)
    declined: Ints = field(repr=False)


def post(accounts: Accounts, burst: Burst, *, label: bool) -> Posting:
    """Insert ``burst``; ``label`` writes 1 on its events if labels are by event."""
    if len(burst) == 0:
        nothing = np.zeros(0, dtype=np.int64)
        untouched = np.zeros(accounts.events.n_events, dtype=bool)
        return Posting(accounts.events, untouched, nothing, nothing)
    cash = _Cash.free(accounts, burst) if accounts.held is None else _Cash.run(accounts, burst)
    keep = np.ones(accounts.events.n_events, dtype=bool)
    keep[cash.declined] = False
    base, posted = np.flatnonzero(keep), np.flatnonzero(cash.units > 0)
    rows = np.concatenate([base, burst.template[posted]])
    at = len(base) + np.arange(len(posted))
    changes = _changes(accounts, burst, posted, cash.units, at)
    if label and accounts.events.schema.label_level == "event":
        changes[str(accounts.events.schema.label)] = (at, np.ones(len(posted)))
    if accounts.balance is not None:
        changes[accounts.balance] = _balances(accounts, cash, base, posted)
    seconds = np.concatenate([accounts.seconds[base], burst.seconds[posted]])
    # The same order that Events.edit puts rows into: entity, time, then as listed.
    order = np.lexsort((np.arange(len(rows)), seconds, accounts.events.owner[rows]))
    # Books that round would move by a cent: the balance stays as it was posted.
    kept = () if accounts.balance is None else (accounts.balance,)
    edited = accounts.events.edit(rows, changes)
    edited = derive_again(edited, openings(accounts.events), burst.entity, kept)
    return Posting(edited, order >= len(base), cash.units, cash.declined)


@dataclass(frozen=True, eq=False)
class _Cash:
    """Units that every event could move, and balances after it where there are any."""

    units: Ints
    declined: Ints
    base_rows: Ints
    base_held: Ints
    burst_held: Ints

    @classmethod
    def free(cls, accounts: Accounts, burst: Burst) -> _Cash:
        nothing = np.zeros(0, dtype=np.int64)
        return cls(np.maximum(burst.units, 1), nothing, nothing, nothing, nothing)

    @classmethod
    def run(cls, accounts: Accounts, burst: Burst) -> _Cash:
        """Walk through what follows in all touched accounts at once, event by event."""
        assert accounts.held is not None
        queue = _Queue.build(accounts, burst)
        balance = queue.opening.copy()
        moved, after = queue.flow.copy(), np.zeros_like(queue.flow)
        for step in range(int(queue.lengths.max(initial=0))):
            live = np.flatnonzero(queue.lengths > step)
            at = queue.starts[live] + step
            wanted, have = queue.flow[at], balance[live]
            taken = np.minimum(-wanted, np.maximum(have, 0))
            paid = (wanted >= 0) | (have + wanted >= queue.floor[live])
            moved[at] = np.where(queue.inserted[at], -taken, np.where(paid, wanted, 0))
            queue.declined[at] = ~queue.inserted[at] & ~paid
            balance[live] += moved[at]
            after[at] = balance[live]
        return queue.result(moved, after, len(burst))


@dataclass(frozen=True, eq=False)
class _Queue:
    """Events from the first inserted one on, for each touched entity, in time order."""

    starts: Ints
    lengths: Ints
    opening: Ints
    floor: Ints
    flow: Ints
    inserted: Flags
    index: Ints
    declined: Flags

    @classmethod
    def build(cls, accounts: Accounts, burst: Burst) -> _Queue:
        assert accounts.held is not None
        offsets, held = accounts.events.offsets, accounts.held
        entity, first = np.unique(burst.entity, return_index=True)
        start = first_after(accounts, entity, burst.seconds[first])
        opening = held[start - 1]
        later = offsets[entity + 1] - start
        base = np.repeat(start, later) + ranges(later)
        rank = np.concatenate([np.repeat(np.arange(len(entity)), later), _ranks(burst.entity)])
        seconds = np.concatenate([accounts.seconds[base], burst.seconds])
        flow = np.concatenate([held[base] - held[base - 1], -burst.units])
        inserted = np.arange(len(rank)) >= len(base)
        index = np.concatenate([base, np.arange(len(burst))])
        order = np.lexsort((np.arange(len(rank)), seconds, rank))
        lengths = np.bincount(rank, minlength=len(entity))
        floor = np.minimum(np.minimum.reduceat(held, offsets[:-1]), 0)[entity]
        starts = np.cumsum(lengths) - lengths
        none = np.zeros(len(rank), dtype=bool)
        queue = (flow[order], inserted[order], index[order], none)
        return cls(starts, lengths, opening, floor, *queue)

    def result(self, moved: Ints, after: Ints, n_burst: int) -> _Cash:
        burst, base = self.index[self.inserted], self.index[~self.inserted]
        units, held = np.zeros(n_burst, dtype=np.int64), np.zeros(n_burst, dtype=np.int64)
        units[burst], held[burst] = -moved[self.inserted], after[self.inserted]
        declined = self.index[self.declined]
        return _Cash(units, np.sort(declined), base, after[~self.inserted], held)


def first_after(accounts: Accounts, entity: Ints, seconds: Floats) -> Ints:
    """Return the first row of each entity that is later than a time."""
    offsets = accounts.events.offsets
    result = offsets[entity].copy()
    lengths = offsets[entity + 1] - offsets[entity]
    rows = np.repeat(result, lengths) + ranges(lengths)
    rank = np.repeat(np.arange(len(entity)), lengths)
    earlier = accounts.seconds[rows] <= seconds[rank]
    return np.asarray(result + np.bincount(rank[earlier], minlength=len(entity)), dtype=np.int64)


def _ranks(entity: Ints) -> Ints:
    return np.asarray(np.unique(entity, return_inverse=True)[1], dtype=np.int64)


def _balances(
    accounts: Accounts, cash: _Cash, base: Ints, posted: Ints
) -> tuple[Ints, list[object] | Floats]:
    kept = ~np.isin(cash.base_rows, cash.declined)
    places = np.searchsorted(base, cash.base_rows[kept])
    held = np.concatenate([cash.base_held[kept], cash.burst_held[posted]])
    at = np.concatenate([places, len(base) + np.arange(len(posted))])
    return at, held / 10.0**accounts.decimals


def _changes(accounts: Accounts, burst: Burst, posted: Ints, units: Ints, at: Ints) -> Changes:
    """Return what differs from the copied template rows, apart from balances."""
    schema = accounts.events.schema
    changes: Changes = {schema.time: (at, burst.seconds[posted])}
    for name, sign in accounts.money.items():
        changes[name] = (at, sign * units[posted] / 10.0**accounts.decimals)
    for channel in schema.with_role("channel"):
        if channel.name not in changes and channel.name != accounts.balance:
            changes[channel.name] = (at, _values(accounts.events, channel, burst, posted))
    for channel in schema.with_role("row_id"):
        changes[channel.name] = (at, _fresh_rows(accounts.events, channel, len(posted)))
    return changes


def _values(events: Events, channel: Channel, burst: Burst, posted: Ints) -> list[object]:
    """Return one column of the posted events: source or template, then their own texts."""
    rows = burst.template if channel.meaning in OWN else burst.source
    values: list[object] = events.frame[channel.name].gather(rows[posted]).to_list()
    if channel.name in burst.texts:
        values = [None if value is None else str(value) for value in values]
        place = np.full(len(burst), -1)
        place[posted] = np.arange(len(posted))
        positions, texts = burst.texts[channel.name]
        for at, text in zip(place[positions].tolist(), texts, strict=True):
            if at >= 0:
                values[at] = text
    return values


def _fresh_rows(events: Events, channel: Channel, count: int) -> list[object]:
    column = events.frame[channel.name]
    if column.dtype.is_numeric():
        above = int(np.nanmax(events.numbers(channel.name), initial=0)) + 1
        return [above + n for n in range(count)]
    return [f"new-{n:06d}" for n in range(count)]
