"""Bookings in order, with a balance that adds up to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import ranges
from riskgen.data.toybank.customers import Customers
from riskgen.data.toybank.draws import Flags, Ints
from riskgen.data.toybank.entries import Entries


@dataclass(frozen=True, eq=False)
class Ledger:
    """Bookings by customer and time, with the amounts and balances in cents.

    Attributes
    ----------
    entries : Entries
        Sorted; times of one customer strictly increase.
    cents, balance : ndarray of shape (n,)
        Amount booked (positive) and balance after it.
    """

    entries: Entries
    cents: Ints = field(repr=False)
    balance: Ints = field(repr=False)


def settle(entries: Entries, customers: Customers, end: int, silent_from: Ints) -> Ledger:
    """Book entries one after another; a debit beyond the overdraft limit is refused.

    Entries outside the customer's time at the bank are left out, and a refused
    payment leaves no trace, as in a table of bookings.
    """
    inside = (entries.second >= customers.joined[entries.owner]) & (entries.second < end)
    inside &= entries.second <= silent_from[entries.owner]
    kept = np.flatnonzero(inside)
    order = kept[np.argsort(entries.owner[kept] * (end + 1) + entries.second[kept], kind="stable")]
    ordered = entries.take(order)
    cents, balance = _booked(ordered, customers)
    done = cents > 0
    final = ordered.take(done)
    final.second[:] = _increasing(final.owner, final.second)
    return Ledger(final, cents[done], balance[done])


def _booked(entries: Entries, customers: Customers) -> tuple[Ints, Ints]:
    """Return cents (0 where refused) and balances, walking all customers side by side.

    Step k books the k-th entry of every customer that has one, so that the
    loop is as long as the busiest customer, not as the table.
    """
    counts = np.bincount(entries.owner, minlength=customers.n)
    first = np.cumsum(counts) - counts
    busiest = np.argsort(-counts, kind="stable")
    active = np.searchsorted(-counts[busiest], -np.arange(counts.max(initial=0)), side="left")
    funds = customers.opening.copy()
    cents = entries.cents.copy()
    balance = np.zeros(len(entries), dtype=np.int64)
    for step, n_active in enumerate(active):
        who = busiest[:n_active]
        row = first[who] + step
        free = funds[who] + customers.limit[who]
        amount = _amount(entries, row, free)
        credit = entries.credit[row]
        amount = np.where(credit | (amount <= free), amount, 0)
        funds[who] += np.where(credit, amount, -amount)
        cents[row], balance[row] = amount, funds[who]
    return cents, balance


def _amount(entries: Entries, row: Ints, free: Ints) -> Ints:
    """Return fixed amounts, or shares of the free funds in whole tens or units."""
    share = entries.share[row]
    part = np.floor(share * np.maximum(free, 0)).astype(np.int64)
    grain = np.where(part >= 10_000, 1_000, 100)
    return np.where(share > 0, part // grain * grain, entries.cents[row])


def _increasing(owner: Ints, second: Ints) -> Ints:
    """Move ties one second apart, so that times of one customer strictly increase."""
    new: Flags = np.append(True, owner[1:] != owner[:-1])
    starts = np.flatnonzero(new[: len(owner)])
    rank = ranges(np.diff(np.append(starts, len(owner))))
    span = np.int64(second.max(initial=0) + len(owner) + 1)
    highest = np.maximum.accumulate(second - rank + owner * span)
    moved: Ints = highest - owner * span + rank
    return moved
