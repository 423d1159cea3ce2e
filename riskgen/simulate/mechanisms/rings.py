"""Who belongs together in a scenario that happens across entities, and when.

Rings are formed among neighbours: entities 0 to 127 may hold one, 128 to 255
the next, so that it changes no ring how many are simulated. A ring takes the
first of its neighbours who can take part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.cashflow import first_after
from riskgen.simulate.mechanisms.draws import uniforms
from riskgen.simulate.mechanisms.population import Chosen

_LOT = 3  # numbers of a ring that decide whether, how large and when
# Part of the covered time in which nothing happens, at most: habits come first [J].
_QUIET = 0.8


@dataclass(frozen=True, eq=False)
class Plot:
    """What a typology says of its rings.

    Attributes
    ----------
    low, high : int
        Fewest and most members.
    lead_d : float
        Days of history wanted before it begins; less where that is more than
        four fifths of the time that the table covers.
    room_d : float
        Days that it takes.
    least : ndarray of shape (n_entities,), or None
        Units that an account must hold all the while, where there are balances.
    """

    low: int
    high: int
    lead_d: float
    room_d: float
    least: Floats | None = field(default=None, repr=False)

    @property
    def block(self) -> int:
        """Neighbours that a ring is formed from: twice as many as it needs at least.

        A power of two, so that the chunks of a simulation hold whole rings.
        """
        return 2 << max(self.high - 1, 0).bit_length()


@dataclass(frozen=True, eq=False)
class Ringed(Chosen):
    """Entities that are touched, by ring.

    Attributes
    ----------
    ring, number : ndarray of shape (k,), int64
        Number of the ring, from 0 without gaps in this part, and in the whole
        simulation.
    begin : ndarray of shape (k,)
        When it begins, seconds; the same for all of a ring.
    shared : ndarray of shape (k, n)
        Uniform numbers that a ring has in common.
    """

    ring: Ints = field(repr=False)
    number: Ints = field(repr=False)
    begin: Floats = field(repr=False)
    shared: Floats = field(repr=False)

    @property
    def n_rings(self) -> int:
        """Number of rings."""
        return int(self.ring.max(initial=-1)) + 1

    @property
    def members(self) -> Ints:
        """Members of each entity's ring, shape (k,)."""
        return np.asarray(np.bincount(self.ring, minlength=self.n_rings)[self.ring])


def choose_rings(
    accounts: Accounts,
    rows: Flags,
    share: float,
    plot: Plot,
    *,
    seed: int,
    name: str,
    first: int,
    width: int,
    common: int,
) -> Ringed:
    """Choose a share of the rings; members have an eligible row before it begins.

    Who is able comes first by position, until the ring has the size that it drew.

    Parameters
    ----------
    accounts, rows, share, seed, name, first, width
        As for :func:`~riskgen.simulate.mechanisms.population.choose`; the share
        is one of rings.
    plot : Plot
        Sizes and times.
    common : int
        Uniform numbers that each ring gets.
    """
    positions = first + np.arange(accounts.events.n_entities)
    block = positions // plot.block
    numbers, of_block = np.unique(block, return_inverse=True)
    lot = uniforms(seed, ("stress", name, "rings"), numbers, _LOT + common)[of_block]
    sizes = plot.low + np.floor(lot[:, 1] * (plot.high - plot.low + 1))
    begin = _begins(accounts, plot, lot[:, 2])
    anchor = _anchors(accounts, rows, begin)
    able = (anchor >= 0) & _affords(accounts, plot, begin)
    entity = np.flatnonzero((lot[:, 0] < share) & able & (_places(of_block, able) < sizes))
    ring = np.asarray(np.unique(block[entity], return_inverse=True)[1], dtype=np.int64)
    draws = uniforms(seed, ("stress", name, "how"), positions[entity], width)
    numbers = block[entity]
    parts = (entity, anchor[entity], positions[entity], draws, ring, numbers, begin[entity])
    return Ringed(*parts, lot[entity][:, _LOT:])


def _places(block: Ints, able: Flags) -> Ints:
    """Return how many who are able come before each entity in its block."""
    before: Ints = np.cumsum(able) - able
    first = np.flatnonzero(np.diff(block, prepend=-1))
    return np.asarray(before - before[first][block], dtype=np.int64)


def _affords(accounts: Accounts, plot: Plot, begin: Floats) -> Flags:
    """Whether the lowest balance of each entity while it lasts is high enough."""
    if accounts.held is None or plot.least is None:
        return np.ones(len(begin), dtype=bool)
    entity = np.arange(len(begin))
    start = np.maximum(first_after(accounts, entity, begin) - 1, accounts.events.offsets[:-1])
    stop = first_after(accounts, entity, begin + plot.room_d * SECONDS_PER_DAY)
    stop = np.maximum(stop, start + 1)
    # Every second piece runs from one entity's end to the next one's beginning.
    pieces = np.stack([start, stop], axis=1).ravel()
    lowest = np.minimum.reduceat(np.append(accounts.held, 0), pieces)[::2]
    return np.asarray(lowest >= plot.least)


def _begins(accounts: Accounts, plot: Plot, uniform: Floats) -> Floats:
    """Return when each entity's ring begins: after the lead, with room to the end."""
    start, end = accounts.seconds.min(initial=np.inf), accounts.seconds.max(initial=-np.inf)
    low = start + min(plot.lead_d * SECONDS_PER_DAY, _QUIET * (end - start))
    high = max(end - plot.room_d * SECONDS_PER_DAY, low)
    return np.asarray(low + uniform * (high - low))


def _anchors(accounts: Accounts, rows: Flags, begin: Floats) -> Ints:
    """Return each entity's last eligible row before it begins; -1 without one."""
    owner, eligible = accounts.events.owner, np.flatnonzero(rows)
    before = eligible[accounts.seconds[eligible] <= begin[owner[eligible]]]
    anchor = np.full(len(begin), -1, dtype=np.int64)
    anchor[owner[before]] = before  # in time order: the last one stays
    return anchor
