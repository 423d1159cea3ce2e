"""Bookings before they meet the account's balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np

from riskgen.data.toybank.draws import Flags, Floats, Ints

NONE = -1
DAY = 86_400

CHANNELS = ("card_present", "online", "transfer", "standing_order", "direct_debit", "atm")
CARD, ONLINE, TRANSFER, STANDING_ORDER, DIRECT_DEBIT, ATM = range(6)


@dataclass(frozen=True, eq=False)
class Entries:
    """Bookings of many customers, in any order; codes, -1 where there is none.

    Attributes
    ----------
    owner : ndarray of shape (n,)
        Customer.
    second : ndarray of shape (n,)
        Seconds since the first midnight.
    cents : ndarray of shape (n,)
        Amount, positive; not used where ``share`` is.
    share : ndarray of shape (n,)
        Amount as a share of the funds available at that moment; 0 for a fixed one.
    credit : ndarray of shape (n,)
        True for money in.
    category, merchant, counterparty, channel, country, device : ndarray of shape (n,)
        Codes.
    typology : ndarray of shape (n,)
        Kind of fraud; -1 for a genuine booking.
    """

    owner: Ints = field(repr=False)
    second: Ints = field(repr=False)
    cents: Ints = field(repr=False)
    share: Floats = field(repr=False)
    credit: Flags = field(repr=False)
    category: Ints = field(repr=False)
    merchant: Ints = field(repr=False)
    counterparty: Ints = field(repr=False)
    channel: Ints = field(repr=False)
    country: Ints = field(repr=False)
    device: Ints = field(repr=False)
    typology: Ints = field(repr=False)

    @classmethod
    def book(
        cls,
        owner: Ints,
        second: Ints | Floats,
        cents: Ints | int,
        *,
        channel: Ints | int,
        category: Ints | int,
        country: Ints,
        share: Floats | float = 0.0,
        credit: Flags | bool = False,
        merchant: Ints | int = NONE,
        counterparty: Ints | int = NONE,
        device: Ints | int = NONE,
        typology: Ints | int = NONE,
    ) -> Self:
        """Return bookings; a single value stands for all of them."""
        n = len(owner)

        def codes(value: Ints | Floats | int) -> Ints:
            return np.broadcast_to(value, n).astype(np.int64)

        return cls(
            owner=codes(owner),
            second=codes(second),
            cents=codes(cents),
            share=np.broadcast_to(share, n).astype(np.float64),
            credit=np.broadcast_to(credit, n).astype(bool),
            category=codes(category),
            merchant=codes(merchant),
            counterparty=codes(counterparty),
            channel=codes(channel),
            country=codes(country),
            device=codes(device),
            typology=codes(typology),
        )

    def __len__(self) -> int:
        """Count the bookings."""
        return len(self.owner)

    def take(self, rows: Ints | Flags) -> Entries:
        """Return the bookings that ``rows`` names or keeps."""
        return Entries(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def join(parts: Sequence[Entries]) -> Entries:
    """Return all bookings of all parts."""
    return Entries(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Entries)}
    )
