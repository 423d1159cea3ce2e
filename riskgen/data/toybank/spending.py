"""Everyday bookings: purchases, cash and small transfers between people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskgen.data.toybank.calendar import Calendar
from riskgen.data.toybank.customers import Customers, spending_group
from riskgen.data.toybank.draws import Flags, Floats, Ints, around, cents, cumulative, pick, typed
from riskgen.data.toybank.entries import ATM, CARD, DAY, NONE, ONLINE, TRANSFER, Entries, join
from riskgen.data.toybank.merchants import (
    CASH,
    DIGITAL,
    MARKETPLACE,
    MEDIAN,
    N_KINDS,
    SPREAD,
    TRANSFERS,
    Merchants,
)

HOUR = 3_600
# Of all everyday bookings: outings with a card, cash, transfers out and in [J].
_CASH_SHARE, _OUT_SHARE, _IN_SHARE = 0.05, 0.08, 0.05
# A quarter of outings has more than one stop; mean stops an outing [J].
_MORE_STOPS = 0.27
_GUEST_SHARE = 0.22  # online purchases without a recognised device
_KNOWN_PAYEE = 0.9
_PAYEE_RANKS = cumulative(np.array([[0.55, 0.3, 0.15]]))
_NEARBY_ABROAD = 0.012


@dataclass(frozen=True)
class Town:
    """All that bookings are drawn from."""

    calendar: Calendar
    customers: Customers
    merchants: Merchants


def _hours() -> Floats:
    """Return the share of purchases by hour of day, for each kind of merchant."""
    clock = np.arange(24)

    def peak(*centres: tuple[float, float, float]) -> Floats:
        total: Floats = sum(
            weight * np.exp(-0.5 * ((clock + 0.5 - hour) / width) ** 2)
            for hour, width, weight in centres
        ) + np.full(24, 0.004)
        return total

    shops = peak((11, 2, 0.8), (17.5, 1.8, 1))
    evening = peak((13, 3, 0.4), (20.5, 2.2, 1))
    rows = [shops] * N_KINDS
    rows[1] = peak((12.5, 1, 1), (19.5, 1.6, 1.2))  # restaurants
    rows[2] = peak((8, 1.2, 1), (17.5, 1.5, 1), (23, 1.2, 0.15))  # transport
    rows[MARKETPLACE] = rows[9] = rows[11] = evening
    rows[7] = peak((20, 2, 1), (23, 1.5, 0.3))  # entertainment
    rows[DIGITAL] = peak((14, 4, 0.5), (21.5, 2, 1), (0.5, 1.2, 0.25))
    rows += [peak((10, 2.2, 0.6), (18, 2.4, 0.9))]  # transfers and cash
    return cumulative(np.array(rows))


_HOURS = _hours()


def time_of_day(kinds: Ints, owner: Ints, town: Town, rng: np.random.Generator) -> Ints:
    """Draw seconds since midnight for purchases of ``kinds`` (12 for anything else)."""
    hour = pick(_HOURS, kinds, rng) + rng.random(len(kinds))
    shift = town.customers.chronotype[owner] * 0.6
    return ((hour + shift) % 24 * HOUR).astype(np.int64)


def spread_days(owner: Ints, town: Town, rng: np.random.Generator) -> Ints:
    """Draw the day of each booking by weekday, payday and season."""
    return pick(town.calendar.shares, spending_group(town.customers)[owner], rng)


def everyday(town: Town, mean_count: float, rng: np.random.Generator) -> Entries:
    """Return everyday bookings, ``mean_count`` a customer before late joiners are cut."""
    return join(
        [
            _outings(town, mean_count * (1 - _CASH_SHARE - _OUT_SHARE - _IN_SHARE), rng),
            _cash(town, mean_count * _CASH_SHARE, rng),
            _between_people(town, mean_count * _OUT_SHARE, rng, credit=False),
            _between_people(town, mean_count * _IN_SHARE, rng, credit=True),
        ]
    )


def _times(town: Town, mean: float, rng: np.random.Generator) -> Ints:
    """Return customers, each repeated as often as something happens to it."""
    counts = rng.poisson(mean * town.customers.activity)
    return np.repeat(np.arange(town.customers.n), counts)


def _outings(town: Town, mean_count: float, rng: np.random.Generator) -> Entries:
    owner = _times(town, mean_count * (1 - _MORE_STOPS), rng)
    day = spread_days(owner, town, rng)
    kinds = pick(town.customers.taste, owner, rng)
    second = day * DAY + time_of_day(kinds, owner, town, rng)
    stops = rng.geometric(1 - _MORE_STOPS, len(owner))
    owner, first = np.repeat(owner, stops), np.repeat(np.cumsum(stops) - stops, stops)
    later = np.arange(len(owner)) > first
    pause = np.where(later, around(35 * 60, 0.9, len(owner), rng), 0.0)
    passed = np.cumsum(pause)
    second = np.repeat(second, stops) + (passed - passed[first]).astype(np.int64)
    kinds = np.where(later, pick(town.customers.taste, owner, rng), np.repeat(kinds, stops))
    return purchases(town, owner, second, kinds, rng)


def purchases(
    town: Town,
    owner: Ints,
    second: Ints,
    kinds: Ints,
    rng: np.random.Generator,
    *,
    habit: float = 1.0,
    factor: Floats | float = 1.0,
) -> Entries:
    """Return card purchases at favourite or popular merchants.

    ``habit`` scales the loyalty to favourites, ``factor`` the amounts.
    """
    people = town.customers
    where = people.where(owner, second)
    at_home = where == people.home[owner]
    loyal = at_home & (rng.random(len(owner)) < habit * people.loyalty[owner])
    shop = _shops(town, owner, kinds, loyal, rng)
    online = town.merchants.online[shop]
    level = people.level[owner] * town.merchants.level[shop] * factor
    amount = MEDIAN[kinds] * level * np.exp(SPREAD[kinds] * rng.standard_normal(len(owner)))
    country = np.where(online, town.merchants.country[shop], where)
    country = np.where(country < 0, people.home[owner], country)
    nearby = ~online & at_home & (rng.random(len(owner)) < _NEARBY_ABROAD)
    return Entries.book(
        owner,
        second,
        priced(amount, rng),
        channel=np.where(online, ONLINE, CARD),
        category=kinds,
        merchant=shop,
        country=np.where(nearby, (country + 1) % 6, country),
        device=_card_device(town, owner, second, online, rng),
    )


def _shops(town: Town, owner: Ints, kinds: Ints, loyal: Flags, rng: np.random.Generator) -> Ints:
    rank = np.searchsorted([0.62, 0.88], rng.random(len(owner)), side="right")
    favourite = town.customers.favourites[owner, kinds, rank]
    return np.where(loyal, favourite, town.merchants.choose(kinds, rng))


def _card_device(
    town: Town, owner: Ints, second: Ints, online: Flags, rng: np.random.Generator
) -> Ints:
    """Return the device of online and phone-wallet payments; none for a guest or a plastic card."""
    known = np.where(online, 1 - _GUEST_SHARE, town.customers.wallet[owner])
    seen = rng.random(len(owner)) < known
    return np.where(seen, town.customers.device(owner, second, rng), NONE)


def priced(amount: Floats, rng: np.random.Generator) -> Ints:
    """Return prices in cents: many end in 99, 50 or 00, the rest anywhere."""
    exact = cents(amount)
    whole = np.maximum(np.round(amount), 1).astype(np.int64) * 100
    kind = rng.random(len(amount))
    ending = np.where(kind < 0.25, whole - 1, np.where(kind < 0.37, whole, exact))
    return np.where((kind >= 0.37) & (kind < 0.45), (exact // 50 + 1) * 50, ending)


def _cash(town: Town, mean_count: float, rng: np.random.Generator) -> Entries:
    owner = _times(town, mean_count, rng)
    other = np.full(len(owner), N_KINDS)
    second = spread_days(owner, town, rng) * DAY + time_of_day(other, owner, town, rng)
    notes = np.array([2000, 3000, 5000, 10_000, 15_000, 20_000, 30_000, 50_000])
    chosen = rng.choice(8, len(owner), p=[0.08, 0.07, 0.3, 0.28, 0.08, 0.12, 0.05, 0.02])
    country = town.customers.where(owner, second)
    return Entries.book(owner, second, notes[chosen], channel=ATM, category=CASH, country=country)


def _between_people(
    town: Town, mean_count: float, rng: np.random.Generator, *, credit: bool
) -> Entries:
    owner = _times(town, mean_count, rng)
    other = np.full(len(owner), N_KINDS)
    second = spread_days(owner, town, rng) * DAY + time_of_day(other, owner, town, rng)
    amount = around(38 * town.customers.level[owner], 0.95, len(owner), rng)
    return transfers(town, owner, second, typed(amount, rng), rng, credit=credit)


def transfers(
    town: Town,
    owner: Ints,
    second: Ints,
    amount: Ints,
    rng: np.random.Generator,
    *,
    credit: bool = False,
    payee: Ints | None = None,
    share: Floats | float = 0.0,
) -> Entries:
    """Return transfers to (or from) ``payee``, by default mostly people known already."""
    people = town.customers
    known = people.payees[owner, pick(_PAYEE_RANKS, np.zeros_like(owner), rng)]
    fresh = rng.integers(0, 4 * people.n, len(owner))
    usual = np.where(rng.random(len(owner)) < _KNOWN_PAYEE, known, fresh)
    device = NONE if credit else people.device(owner, second, rng)
    country = people.home[owner] if credit else people.where(owner, second)
    return Entries.book(
        owner,
        second,
        amount,
        channel=TRANSFER,
        category=TRANSFERS,
        country=country,
        share=share,
        credit=credit,
        counterparty=usual if payee is None else payee,
        device=device,
    )
