"""Who is touched, and after which of their events it begins.

The choice depends on the seed, the scenario and an entity's position only, so
that a higher severity makes the same cases worse instead of picking others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.errors import ScenarioError
from riskgen.simulate.condition import parse_condition
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.draws import uniforms

# Events that an entity must have before anything happens to it: a habit to break with [J].
FEWEST_BEFORE = 3
_CHOICE = 2


@dataclass(frozen=True, eq=False)
class Chosen:
    """Entities that are touched.

    Attributes
    ----------
    entity : ndarray of shape (k,), int64
        Entity index, increasing.
    anchor : ndarray of shape (k,), int64
        The entity's last row before it begins.
    position : ndarray of shape (k,), int64
        Position in the whole simulation.
    draws : ndarray of shape (k, width)
        Uniform numbers of their own.
    """

    entity: Ints
    anchor: Ints = field(repr=False)
    position: Ints = field(repr=False)
    draws: Floats = field(repr=False)


def eligible_rows(accounts: Accounts, where: str) -> tuple[Flags, list[str]]:
    """Return the rows after which it may begin, and the conditions left out.

    A row qualifies when ``where`` holds at it, the entity has three events so
    far of which money went out in one, there is money on the account (where
    the table has balances), and no event of the entity is labelled already.
    Names in ``where`` are columns, meanings, ``n_before`` (events so far) or
    ``history_d`` (days since the first).
    """
    events, omitted = accounts.events, list[str]()
    keep = _place(accounts) >= FEWEST_BEFORE
    keep &= ~events.entity_label()[events.owner]
    keep &= _debits_so_far(accounts) > 0
    if accounts.held is not None:
        keep &= accounts.held > 0
    for term in parse_condition(where):
        values = _numbers(accounts, term.name)
        if values is None:
            omitted.append(f"where {term}: the table has no column '{term.name}'")
        else:
            keep &= term.holds(values)
    return keep, omitted


def choose(
    accounts: Accounts, rows: Flags, share: float, *, seed: int, name: str, first: int, width: int
) -> Chosen:
    """Choose a share of the entities that have an eligible row.

    Parameters
    ----------
    accounts : Accounts
        The table.
    rows : ndarray of shape (n_events,), bool
        Rows after which it may begin.
    share : float
        Probability with which an eligible entity is chosen.
    seed, name, first, width
        Seed, scenario, position of entity 0 in the whole simulation, and how
        many uniform numbers each chosen entity gets.
    """
    events = accounts.events
    positions = first + np.arange(events.n_entities)
    lot = uniforms(seed, ("stress", name, "who"), positions, _CHOICE)
    candidates = np.flatnonzero(rows)
    counts = np.bincount(events.owner[candidates], minlength=events.n_entities)
    entity = np.flatnonzero((lot[:, 0] < share) & (counts > 0))
    rank = np.floor(lot[entity, 1] * counts[entity]).astype(np.int64)
    anchor = candidates[(np.cumsum(counts) - counts)[entity] + rank]
    draws = uniforms(seed, ("stress", name, "how"), positions[entity], width)
    return Chosen(entity, anchor, positions[entity], draws)


def preferring(accounts: Accounts, rows: Flags, wanted: Flags) -> Flags:
    """Return the eligible rows that are wanted as well; where an entity has none, all of its own.

    A case that would be better elsewhere is better than no case: what is asked
    of a history here does not decide who is touched.
    """
    both = rows & wanted
    owner = accounts.events.owner
    some = np.bincount(owner[both], minlength=accounts.events.n_entities) > 0
    return np.where(some[owner], both, rows)


def time_left(accounts: Accounts) -> Floats:
    """Return the seconds from each row to the owner's last event, shape (n_events,)."""
    last = accounts.events.offsets[1:] - 1
    return np.asarray(accounts.seconds[last][accounts.events.owner] - accounts.seconds)


def soon_after(accounts: Accounts, anchor: Ints, uniform: Floats) -> Floats:
    """Return a time after each anchor, before the owner's next event and within a day."""
    last = accounts.events.offsets[1:][accounts.events.owner[anchor]] - 1
    following = accounts.seconds[np.minimum(anchor + 1, last)]
    start = accounts.seconds[anchor]
    pause = np.where(anchor < last, following - start, SECONDS_PER_DAY)
    return np.asarray(start + uniform * np.minimum(pause, SECONDS_PER_DAY))


def own_credits(accounts: Accounts, anchor: Ints, uniform: Floats) -> Ints:
    """Return one row up to each anchor in which money came in; else one in which it went out."""
    if len(accounts.credits) == 0:
        return own_debits(accounts, anchor, uniform)
    rows, found = own_rows(accounts, accounts.credits, anchor, uniform)
    return np.where(found, rows, own_debits(accounts, anchor, uniform))


def own_debits(
    accounts: Accounts, anchor: Ints, uniform: Floats, preferred: Ints | None = None
) -> Ints:
    """Return one row up to each anchor in which money of the same entity went out.

    ``preferred`` (increasing rows) is drawn from where the entity has any.
    """
    result = own_rows(accounts, accounts.debits, anchor, uniform)[0]
    if preferred is None or len(preferred) == 0:
        return result
    rows, found = own_rows(accounts, preferred, anchor, uniform)
    return np.where(found, rows, result)


def own_rows(accounts: Accounts, pool: Ints, anchor: Ints, uniform: Floats) -> tuple[Ints, Flags]:
    """Return a row of ``pool`` of the same entity up to each anchor, and whether there is one.

    ``pool`` is increasing and not empty.
    """
    start = accounts.events.offsets[accounts.events.owner[anchor]]
    low = np.searchsorted(pool, start)
    count = np.searchsorted(pool, anchor, side="right") - low
    place = low + np.floor(uniform * count).astype(np.int64)
    return pool[np.minimum(place, len(pool) - 1)], np.asarray(count > 0)


def _debits_so_far(accounts: Accounts) -> Ints:
    total = np.cumsum(accounts.spent > 0)
    before = np.concatenate([[0], total])[accounts.events.offsets[:-1]]
    return np.asarray(total - before[accounts.events.owner], dtype=np.int64)


def _place(accounts: Accounts) -> Floats:
    """Return how many events the owner has had, the event itself included."""
    start = accounts.events.offsets[:-1][accounts.events.owner]
    return np.asarray(np.arange(len(start)) - start + 1, dtype=np.float64)


def _numbers(accounts: Accounts, name: str) -> Floats | None:
    """Return what ``name`` is worth at each event, or None when the table does not say."""
    events, schema = accounts.events, accounts.events.schema
    if name == "n_before":
        return _place(accounts)
    if name == "history_d":
        start = events.offsets[:-1][events.owner]
        return np.asarray((accounts.seconds - accounts.seconds[start]) / SECONDS_PER_DAY)
    usable = schema.with_role("channel", "context", "derived")
    found = next((c for c in usable if name in (c.name, c.meaning)), None)
    if found is None:
        return None
    if found.kind not in ("amount", "number", "flag"):
        raise ScenarioError(
            f"The scenario compares '{name}' with a number, but column '{found.name}' holds "
            f"values of kind '{found.kind}'. Compare a column of numbers."
        )
    return events.numbers(found.name)
