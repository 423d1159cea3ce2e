"""Whom money goes to and from where: familiar or new to the owner of an account.

A new kind of event is taken from a real row of about the same amount, so that
category, channel and merchant fit each other and the amount.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.approvals import Approvals
from riskgen.simulate.mechanisms.draws import rotations
from riskgen.simulate.mechanisms.habits import Habits, fresh_ids
from riskgen.simulate.mechanisms.population import Chosen

_TRIES = 16
# Rows of about the same amount to choose from: this share of all, at least this many [J].
_NEAR_SHARE, _NEAR_LEAST = 0.01, 25
# Events before the share of new payees is counted: everything is new at first [J].
_SETTLED = 5

Texts = dict[str, tuple[Ints, list[str | None]]]


@dataclass(frozen=True, eq=False)
class Payees:
    """Habits in the columns that say who is paid, from where and with what.

    Attributes
    ----------
    accounts : Accounts
        The table.
    payees : tuple of Habits
        Merchant and counterparty; the category where there is neither.
    country, device : Habits or None
        The other habits.
    pool : ndarray, int64
        Rows that new kinds of events are taken from, by amount: unlabelled, of
        one direction. For a stranger, who acts from afar, only those with a
        device where the table has devices.
    """

    accounts: Accounts
    payees: tuple[Habits, ...] = field(repr=False)
    country: Habits | None = field(repr=False)
    device: Habits | None = field(repr=False)
    pool: Ints = field(repr=False)

    @classmethod
    def of(cls, accounts: Accounts, *, stranger: bool = True) -> Payees:
        """Read the habits in the columns that the schema gives a meaning."""
        events = accounts.events
        found = {c.meaning: c.name for c in reversed(events.schema.with_role("channel"))}
        names = [found[m] for m in ("merchant", "counterparty") if m in found]
        names = names or [found[m] for m in ("category",) if m in found]
        payees = tuple(Habits.of(events, name) for name in names)
        country = Habits.of(events, found["country"]) if "country" in found else None
        device = Habits.of(events, found["device"]) if "device" in found else None
        pool = _pool(accounts, accounts.debits, device if stranger else None)
        return cls(accounts, payees, country, device, pool)

    def incoming(self) -> Payees:
        """Return the same habits with a pool of rows in which money came in."""
        return replace(self, pool=_pool(self.accounts, self.accounts.credits, None))

    def within(self, wanted: Flags) -> Payees:
        """Return the same habits with the rows of the pool that are wanted; maybe none."""
        return replace(self, pool=self.pool[wanted[self.pool]])

    def paying(self, meaning: str) -> Payees:
        """Return the same habits with the rows that name such a payee, if there are any."""
        schema = self.accounts.events.schema
        found = [h for h in self.payees if schema.channel(h.column).meaning == meaning]
        named = self.within(found[0].codes >= 0) if found else self
        return named if len(named.pool) else self

    def known(self, entity: Ints, rows: Ints) -> Flags:
        """Whether each entity has paid the payee of each row; no payee counts as known."""
        result, decided = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
        for habits in self.payees:
            here = ~decided & (habits.codes[rows] >= 0)
            result[here] = habits.used(entity[here], habits.codes[rows[here]])
            decided |= here
        return result

    def numbers(self, rows: Ints) -> Ints:
        """Return a number for the payee of each row; -1 where it names none."""
        result = np.full(len(rows), -1, dtype=np.int64)
        above = 0
        for habits in self.payees:
            codes = habits.codes[rows]
            result = np.where((result < 0) & (codes >= 0), above + codes, result)
            above += len(habits.levels)
        return result

    def new_share(self) -> float:
        """Share of events with a payee that is new to the owner, beginnings left out."""
        events = self.accounts.events
        place = np.arange(events.n_events) - events.offsets[:-1][events.owner]
        settled = place >= _SETTLED
        if not settled.any():
            return float("nan")
        first = np.zeros(events.n_events, dtype=bool)
        for habits in self.payees:
            first |= habits.first_uses(events.owner)
        return float(first[settled].mean())

    def at_merchants(self) -> Payees:
        """Return the same habits with a pool of rows that name the first kind of payee."""
        if not self.payees:
            return self
        named = self.pool[self.payees[0].codes[self.pool] >= 0]
        return replace(self, pool=named) if len(named) else self

    def similar_rows(self, entity: Ints, units: Ints, uniform: Floats) -> Ints:
        """Return rows of about the given amounts, with a payee new to the entity if possible."""
        pool = self.pool
        width = max(_NEAR_LEAST, int(_NEAR_SHARE * len(pool)))
        place = np.searchsorted(self.accounts.moved[pool], units)[:, None]
        place = place + np.floor((rotations(uniform, _TRIES) - 0.5) * 2 * width).astype(np.int64)
        # At the ends of the pool, reflect instead of piling up on the largest row.
        place = np.abs(place)
        place = np.clip(np.where(place >= len(pool), 2 * len(pool) - 2 - place, place), 0, None)
        rows = pool[np.minimum(place, len(pool) - 1)]
        known = self.known(np.repeat(entity, _TRIES), rows.ravel()).reshape(rows.shape)
        return np.asarray(rows[np.arange(len(rows)), (~known).argmax(axis=1)])

    def name_payees(self, texts: Texts, new: Flags, source: Ints, who: Ints, turn: Ints) -> Flags:
        """Give new payees a name of their own where names are personal.

        Parameters
        ----------
        texts : dict
            Receives the names.
        new : ndarray of shape (m,), bool
            Events that should go to somebody new.
        source : ndarray of shape (m,), int64
            Rows that the events take their payee from.
        who, turn : ndarray of shape (m,), int64
            Position of the entity in the simulation; number of the payee.

        Returns
        -------
        ndarray of shape (m,), bool
            Which events got a name that nobody has.
        """
        named = np.zeros(len(new), dtype=bool)
        for habits in self.payees:
            here = new & (habits.codes[source] >= 0) & self._may_be_new(habits)
            at = np.flatnonzero(here)
            if len(at):
                texts[habits.column] = (at, [*fresh_ids(habits, who[at], turn[at])])
            named |= here
        return named

    def _may_be_new(self, habits: Habits) -> bool:
        """Whether there may be a name that nobody has: of people, not of kinds."""
        kind = self.accounts.events.schema.channel(habits.column).meaning == "category"
        return habits.is_personal and not kind

    def as_owner(self, texts: Texts, anchor: Ints, source: Ints) -> None:
        """Let the owner act: the own device where the kind of event shows one, else none."""
        if self.device is None:
            return
        shows = (self.device.codes[source] >= 0).tolist()
        own = self.own_device(anchor)
        values = [name if there else None for name, there in zip(own, shows, strict=True)]
        texts[self.device.column] = (np.arange(len(values)), values)

    def use_devices(self, texts: Texts, names: list[str | None]) -> None:
        """Put other devices, where there is a name, in place of those that events show."""
        if self.device is None or not names:
            return
        at, shown = texts[self.device.column]
        pairs = zip(shown, names, strict=True)
        values = [own if own is None or name is None else name for own, name in pairs]
        texts[self.device.column] = (at, values)

    def own_device(self, rows: Ints) -> list[str | None]:
        """Return the device that the owner of each row used last, None before the first."""
        assert self.device is not None
        return self.last_used(self.device, rows)

    def last_used(self, habits: Habits, rows: Ints) -> list[str | None]:
        """Return the level that the owner of each row used last, None before the first."""
        held = np.flatnonzero(habits.codes >= 0)
        last = np.searchsorted(held, rows, side="right") - 1
        at = held[np.maximum(last, 0)] if len(held) else np.zeros_like(rows)
        starts = self.accounts.events.offsets[self.accounts.events.owner[rows]]
        owned = (last >= 0) & (at >= starts)
        codes = np.where(owned, habits.codes[at], -1).tolist()
        return [habits.levels[code] if code >= 0 else None for code in codes]


def _pool(accounts: Accounts, pool: Ints, device: Habits | None) -> Ints:
    normal = pool[~accounts.events.event_label()[pool]]
    pool = normal if len(normal) else pool
    approvals = Approvals.of(accounts)
    if approvals is not None:
        pool = pool[~approvals.refused[pool]]
    if device is not None:
        remote = pool[device.codes[pool] >= 0]
        pool = remote if len(remote) else pool
    return np.asarray(pool[np.argsort(accounts.moved[pool], kind="stable")])


def other_levels(
    habits: Habits,
    chosen: Chosen,
    rank: Ints,
    wanted: Flags,
    uniform: Floats,
    *,
    fresh: bool,
) -> tuple[Texts, Flags]:
    """Give whole bursts one level of a column that the owner never used.

    Parameters
    ----------
    habits : Habits
        The column, such as a country or a device.
    chosen : Chosen
        The entities.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    wanted : ndarray of shape (k,), bool
        Which bursts should get another level.
    uniform : ndarray of shape (k,)
        Which level.
    fresh : bool
        Whether it may be one that nobody has, where levels are personal.

    Returns
    -------
    texts : dict
        Values for :class:`Burst`.
    changed : ndarray of shape (m,), bool
        Events that got another level.
    """
    if fresh and habits.is_personal:
        names: list[str] = fresh_ids(habits, chosen.position, np.full(len(wanted), 999))
        found = wanted
    else:
        codes = habits.never_used(chosen.entity, uniform)
        names = [habits.levels[code] for code in codes.tolist()] if habits.levels else []
        found = wanted & (codes >= 0)
    changed = found[rank]
    at = np.flatnonzero(changed)
    return {habits.column: (at, [names[item] for item in rank[at].tolist()])}, changed
