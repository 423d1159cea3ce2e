"""Events of a plan in the making: some of them, in no particular order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, Edits, Texts, in_time_order
from riskgen.simulate.mechanisms.population import Chosen, own_credits, own_debits


@dataclass(frozen=True, eq=False)
class Draft:
    """Planned events.

    Attributes
    ----------
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    seconds : ndarray of shape (m,)
        Time.
    units : ndarray of shape (m,), int64
        Wanted amount, at least 1.
    source : ndarray of shape (m,), int64
        Row that the event takes its kind from.
    role, turn : ndarray of shape (m,), int64
        Part of the event in the typology; number of its payee.
    credit : ndarray of shape (m,), bool
        Whether it brings money in.
    """

    rank: Ints = field(repr=False)
    seconds: Floats = field(repr=False)
    units: Ints = field(repr=False)
    source: Ints = field(repr=False)
    role: Ints = field(repr=False)
    turn: Ints = field(repr=False)
    credit: Flags = field(repr=False)

    @classmethod
    def of(
        cls,
        rank: Ints,
        seconds: Floats,
        units: Ints | Floats,
        source: Ints,
        *,
        role: int = 0,
        turn: Ints | int = 0,
        credit: bool = False,
    ) -> Draft:
        """Return events of one role and direction; units are rounded down, 1 at least."""
        whole = np.maximum(np.floor(units), 1).astype(np.int64)
        roles, ways = np.full(len(rank), role), np.full(len(rank), credit)
        turns = np.broadcast_to(np.asarray(turn, dtype=np.int64), rank.shape)
        return cls(rank, seconds, whole, source, roles, turns, ways)

    def beside(self, *others: Draft) -> Draft:
        """Return these events and those of ``others``."""
        parts = (self, *others)
        return Draft(
            np.concatenate([part.rank for part in parts]),
            np.concatenate([part.seconds for part in parts]),
            np.concatenate([part.units for part in parts]),
            np.concatenate([part.source for part in parts]),
            np.concatenate([part.role for part in parts]),
            np.concatenate([part.turn for part in parts]),
            np.concatenate([part.credit for part in parts]),
        )

    def only(self, kept: Flags) -> Draft:
        """Return some of the events."""
        return self._at(np.flatnonzero(kept))

    def ordered(self, accounts: Accounts) -> Draft:
        """Return the events by entity and time, inside the time that the table covers."""
        last = accounts.seconds.max(initial=-np.inf)
        seconds = accounts.on_clock(np.minimum(self.seconds, last))
        return self._at(in_time_order(self.rank, seconds), seconds)

    def _at(self, rows: Ints, seconds: Floats | None = None) -> Draft:
        times = self.seconds if seconds is None else seconds
        return Draft(
            self.rank[rows],
            times[rows],
            self.units[rows],
            self.source[rows],
            self.role[rows],
            self.turn[rows],
            self.credit[rows],
        )

    def burst(
        self,
        accounts: Accounts,
        chosen: Chosen,
        uniform: Floats,
        texts: Texts,
        edits: Edits | None = None,
        like: Ints | None = None,
    ) -> Burst:
        """Return the events as a burst.

        ``uniform`` (k,) picks the owners' template rows, among the rows ``like``
        where an owner has any.
        """
        preferred = None if like is None else np.sort(like)
        debits = own_debits(accounts, chosen.anchor, uniform, preferred)
        template = debits[self.rank]
        if self.credit.any():
            incoming = own_credits(accounts, chosen.anchor, uniform)[self.rank]
            template = np.where(self.credit, incoming, template)
        entity = chosen.entity[self.rank]
        parts = (entity, template, self.source, self.seconds, self.units, self.role, texts)
        return Burst(*parts, self.credit, Edits() if edits is None else edits)
