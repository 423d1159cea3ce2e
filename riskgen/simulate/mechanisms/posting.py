"""Put a burst and edits into the table: money first, then rows, in the order of time.

Money is conserved: a fraud takes no more than there is, and what the owner can
no longer pay for afterwards is declined and leaves the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.derived.derivation import derive_again, openings
from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst
from riskgen.simulate.mechanisms.cashflow import CashFlow

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
        Units that each event of the burst could move; 0 where it was not posted.
    declined : ndarray, int64
        Rows of the base that could no longer be paid for.
    """

    events: Events
    affected: Flags = field(repr=False)
    units: Ints = field(repr=False)
    declined: Ints = field(repr=False)


def post(accounts: Accounts, burst: Burst, *, label: bool) -> Posting:
    """Insert ``burst`` and carry out its edits.

    ``label`` writes 1 on its events if labels are by event.
    """
    if len(burst) == 0 and not burst.edits:
        nothing = np.zeros(0, dtype=np.int64)
        untouched = np.zeros(accounts.events.n_events, dtype=bool)
        return Posting(accounts.events, untouched, nothing, nothing)
    cash = CashFlow.of(accounts, burst)
    keep = np.ones(accounts.events.n_events, dtype=bool)
    keep[cash.declined] = False
    keep[burst.edits.removed] = False
    base, posted = np.flatnonzero(keep), np.flatnonzero(cash.units > 0)
    rows = np.concatenate([base, burst.template[posted]])
    at = len(base) + np.arange(len(posted))
    changes = _changes(accounts, burst, posted, cash.units, at)
    changes |= _context(accounts.events.owner[rows], burst)
    if label and accounts.events.schema.label_level == "event":
        changes[str(accounts.events.schema.label)] = (at, np.ones(len(posted)))
    if accounts.balance is not None:
        changes[accounts.balance] = _balances(accounts, cash, base, posted)
    seconds = np.concatenate([accounts.seconds[base], burst.seconds[posted]])
    # The same order that Events.edit puts rows into: entity, time, then as listed.
    order = np.lexsort((np.arange(len(rows)), seconds, accounts.events.owner[rows]))
    edited = _derived(accounts, burst, accounts.events.edit(rows, changes))
    return Posting(edited, order >= len(base), cash.units, cash.declined)


def _derived(accounts: Accounts, burst: Burst, edited: Events) -> Events:
    """Return what follows from time and money, computed again for the touched entities."""
    # Books that round would move by a cent: the balance stays as it was posted.
    kept = () if accounts.balance is None else (accounts.balance,)
    touched = [burst.entity, accounts.events.owner[burst.edits.removed]]
    touched += [entities for entities, _ in burst.edits.context.values()]
    return derive_again(edited, openings(accounts.events), np.concatenate(touched), kept)


def _balances(
    accounts: Accounts, cash: CashFlow, base: Ints, posted: Ints
) -> tuple[Ints, list[object] | Floats]:
    kept = ~np.isin(cash.base_rows, cash.declined)
    places = np.searchsorted(base, cash.base_rows[kept])
    held = np.concatenate([cash.base_held[kept], cash.burst_held[posted]])
    at = np.concatenate([places, len(base) + np.arange(len(posted))])
    return at, held / 10.0**accounts.decimals


def _context(owner: Ints, burst: Burst) -> Changes:
    """Return the values that all events of an entity get."""
    changes: Changes = {}
    for name, (entities, texts) in burst.edits.context.items():
        at = np.flatnonzero(np.isin(owner, entities))
        of = dict(zip(entities.tolist(), texts, strict=True))
        changes[name] = (at, [of[item] for item in owner[at].tolist()])
    return changes


def _changes(accounts: Accounts, burst: Burst, posted: Ints, units: Ints, at: Ints) -> Changes:
    """Return what differs from the copied template rows, apart from balances."""
    schema = accounts.events.schema
    changes: Changes = {schema.time: (at, burst.seconds[posted])}
    for name, sign in accounts.money.items():
        # A column with signs shows money out as minus; one without shows sizes.
        signs = np.where(burst.incoming[posted], 1, sign)
        changes[name] = (at, signs * units[posted] / 10.0**accounts.decimals)
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
        if channel.dtype == "Boolean":
            values = [None if value is None else str(value).lower() == "true" for value in values]
    return values


def _fresh_rows(events: Events, channel: Channel, count: int) -> list[object]:
    column = events.frame[channel.name]
    if column.dtype.is_numeric():
        above = int(np.nanmax(events.numbers(channel.name), initial=0)) + 1
        return [above + n for n in range(count)]
    return [f"new-{n:06d}" for n in range(count)]
