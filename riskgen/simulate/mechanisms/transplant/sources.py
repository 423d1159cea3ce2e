"""Rows of the receivers' table that planted events are copied from.

What a planted event is (category, channel, merchant) comes from an unlabelled row
of the same table, of the same kind and about the same amount: a new payee's from
somebody else, a familiar one's from the receiver's own past.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.draws import rotations
from riskgen.simulate.mechanisms.habits import Habits
from riskgen.simulate.mechanisms.payees import Payees, Texts
from riskgen.simulate.mechanisms.population import own_rows
from riskgen.simulate.mechanisms.transplant.kinds import Kind, Sorted
from riskgen.simulate.mechanisms.transplant.shapes import payee_codes

_TRIES = 16  # rows of the kind that are looked at, and as many of a wider one
_ROUNDS = 8  # in which two payees of a case that fell on one are drawn apart [J]
# Rows of about the same amount to choose from: this share of a kind, at least this many [J].
_NEAR_SHARE, _NEAR_LEAST = 0.02, 10


class Wanted(NamedTuple):
    """What planted events should be like, one row each.

    Attributes
    ----------
    entity, anchor : ndarray of shape (n,), int64
        Receiver, and its last row before the burst.
    units : ndarray of shape (n,), int64
        Amount.
    new_payee, new_category : ndarray of shape (n,), bool
        Whether payee and category should be new to the receiver.
    uniform : ndarray of shape (n,)
        Which of the rows that fit.
    """

    entity: Ints
    anchor: Ints
    units: Ints
    new_payee: Flags
    new_category: Flags
    uniform: Floats

    def at(self, rows: Flags | Ints) -> Wanted:
        """Return some of the events."""
        return Wanted(
            self.entity[rows],
            self.anchor[rows],
            self.units[rows],
            self.new_payee[rows],
            self.new_category[rows],
            self.uniform[rows],
        )


@dataclass(frozen=True, eq=False)
class Sources:
    """Unlabelled rows of a table by kind.

    Attributes
    ----------
    accounts : Accounts
        The table.
    payees : Payees
        Whom its owners know.
    category : Habits or None
        Categories that they use.
    sorted : Sorted
        Its events by kind.
    """

    accounts: Accounts
    payees: Payees = field(repr=False)
    category: Habits | None = field(repr=False)
    sorted: Sorted = field(repr=False)

    @classmethod
    def of(cls, accounts: Accounts, payees: Payees) -> Sources:
        """Read the kinds and categories of ``accounts``."""
        channels = accounts.events.schema.with_role("channel")
        column = next((c.name for c in channels if c.meaning == "category"), None)
        category = None if column is None else Habits.of(accounts.events, column)
        return cls(accounts, payees, category, Sorted.of(accounts, payees))

    def has(self, credit: bool) -> bool:
        """Whether any unlabelled row of the table moves money that way."""
        return len(self.pool(Kind(credit, None, "", ""))) > 0

    def pool(self, kind: Kind) -> Ints:
        """Return the unlabelled rows of a kind that move money, increasing."""
        keep = self.sorted.holds(kind) & ~self.accounts.events.event_label()
        return np.flatnonzero(keep & (self.accounts.moved > 0))

    def rows(self, wanted: Wanted, kind: Ints, kinds: tuple[Kind, ...], reach: int = 1) -> Ints:
        """Return a row for each wanted event; ``kind`` says which of ``kinds`` it is.

        ``reach`` is how many times farther amounts may lie than is usual.
        """
        result = np.zeros(len(kind), dtype=np.int64)
        for number in np.unique(kind).tolist():
            here = kind == number
            part, levels = wanted.at(here), (kinds[number], *kinds[number].wider())
            pools = [pool for pool in map(self.pool, levels) if len(pool)]
            near = self._near(part, pools, reach)
            own, found = self._own(part, pools)
            result[here] = np.where(found & ~part.new_payee, own, near)
        return result

    def apart(self, rank: Ints, wanted: Wanted, kind: Ints, kinds: tuple[Kind, ...]) -> Ints:
        """Return rows as :meth:`rows` does, with another payee for each event of a receiver.

        ``rank`` is the receiver of each event. Who has too few payees repeats some.
        """
        result = self.rows(wanted, kind, kinds)
        codes = payee_codes(self.payees, self.accounts.events.n_events)
        for turn in range(1, _ROUNDS):
            again = np.flatnonzero(_repeated(rank, codes[result]))
            if len(again) == 0:
                break
            other = rotations(wanted.uniform[again], turn + 1)[:, turn]
            retry = wanted.at(again)._replace(uniform=other)
            result[again] = self.rows(retry, kind[again], kinds, reach=2**turn)
        return result

    def _near(self, wanted: Wanted, pools: list[Ints], reach: int) -> Ints:
        """Return somebody's row of about the amount that is as new as it should be."""
        narrow, wide = pools[0], pools[min(1, len(pools) - 1)]
        parts = [self._candidates(wanted, pool, reach) for pool in (narrow, wide)]
        rows = np.concatenate(parts, axis=1)
        entity = np.repeat(wanted.entity, rows.shape[1])
        fresh = ~self.payees.known(entity, rows.ravel()).reshape(rows.shape)
        # Whether the payee is new counts most, then the category's novelty, then the kind.
        score = 4 * (fresh == wanted.new_payee[:, None]) + (np.arange(rows.shape[1]) < _TRIES)
        if self.category is not None:
            used = self.category.used(entity, self.category.codes[rows.ravel()])
            score += 2 * (~used.reshape(rows.shape) == wanted.new_category[:, None])
        return np.asarray(rows[np.arange(len(rows)), score.argmax(axis=1)])

    def _candidates(self, wanted: Wanted, pool: Ints, reach: int) -> Ints:
        moved = self.accounts.moved[pool]
        order = np.argsort(moved, kind="stable")
        width = min(reach * max(_NEAR_LEAST, int(_NEAR_SHARE * len(pool))), len(pool))
        place = np.searchsorted(moved[order], wanted.units)[:, None]
        spread = (rotations(wanted.uniform, _TRIES) - 0.5) * 2 * width
        place = np.abs(place + np.floor(spread).astype(np.int64))
        # At the ends of the pool, reflect instead of piling up on the largest row.
        place = np.where(place >= len(pool), 2 * len(pool) - 2 - place, place)
        return pool[order[np.clip(place, 0, len(pool) - 1)]]

    def _own(self, wanted: Wanted, pools: list[Ints]) -> tuple[Ints, Flags]:
        """Return one of the receiver's own earlier rows, of the narrowest kind that it has."""
        rows = np.zeros(len(wanted.entity), dtype=np.int64)
        found = np.zeros(len(rows), dtype=bool)
        for pool in pools:
            own, there = own_rows(self.accounts, pool, wanted.anchor, wanted.uniform)
            rows = np.where(there & ~found, own, rows)
            found |= there
        return rows, found


def share_payees(payees: Payees, texts: Texts, rows: tuple[Ints, Ints], named: Flags) -> None:
    """Write the payee of one row on events that are copied from another, in the same column.

    What a payee gives back comes from a row of its own, that names somebody else.

    Parameters
    ----------
    payees, texts
        Habits, and where the names go.
    rows : tuple of ndarray of shape (m,), int64
        Rows that the events are copied from, and rows that name their payees.
    named : ndarray of shape (m,), bool
        Events that have a name of their own already.
    """
    source, lead = rows
    for habits in payees.payees:
        codes = habits.codes[lead]
        here = (codes >= 0) & (habits.codes[source] >= 0) & (lead != source) & ~named
        at = np.flatnonzero(here)
        if len(at):
            old = texts.get(habits.column, (at[:0], list[str | None]()))
            names = [habits.levels[code] for code in codes[at].tolist()]
            texts[habits.column] = (np.concatenate([old[0], at]), [*old[1], *names])


def _repeated(rank: Ints, codes: Ints) -> Flags:
    """Return which events name somebody whom an earlier one of the same receiver names."""
    keys = rank * (int(codes.max(initial=0)) + 2) + codes + 1
    again = np.ones(len(keys), dtype=bool)
    again[np.unique(keys, return_index=True)[1]] = False
    return again & (codes >= 0)
