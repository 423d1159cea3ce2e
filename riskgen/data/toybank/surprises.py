"""Genuine things that look like fraud.

A detector that has only seen quiet customers would look better than it is;
each of these mimics one typology and is labelled genuine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.toybank.customers import Customers
from riskgen.data.toybank.draws import Floats, Ints, around, typed
from riskgen.data.toybank.entries import DAY, NONE, ONLINE, Entries, join
from riskgen.data.toybank.merchants import (
    CLOTHING,
    DIGITAL,
    ELECTRONICS,
    MARKETPLACE,
    N_KINDS,
    RESTAURANTS,
    TRAVEL,
)
from riskgen.data.toybank.spending import (
    HOUR,
    Town,
    priced,
    purchases,
    spread_days,
    time_of_day,
    transfers,
)

# How often each happens to a customer in a year [J]: in any month about ten
# customers are surprised for one that is struck in a year at a 2 % share.
LARGE_TRANSFERS, SAVINGS_MOVES = 0.3, 0.4
MICRO_BURSTS, SPREES, POOLS = 0.5, 0.55, 0.3
NEW_PHONE_TRANSFERS = 0.5  # share of new phones that are used for transfers at once
_SPREE_KINDS = np.array([CLOTHING, ELECTRONICS, MARKETPLACE, TRAVEL])


def surprises(town: Town, rng: np.random.Generator) -> Entries:
    """Return all genuine surprises of all customers."""
    return join(
        [
            _large_transfers(town, rng),
            _micro_bursts(town, rng),
            _pools(town, rng),
            _sprees(town, rng),
            _new_phones(town, rng),
            _savings_moves(town, rng),
        ]
    )


def _happenings(
    town: Town, a_year: NDArray[np.floating] | float, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return (owner, second) of things that happen ``a_year`` times at daytime."""
    people: Customers = town.customers
    counts = rng.poisson(np.broadcast_to(a_year * town.calendar.n_days / 365, people.n))
    owner = np.repeat(np.arange(people.n), counts)
    day = spread_days(owner, town, rng)
    return owner, day * DAY + time_of_day(np.full(len(owner), N_KINDS), owner, town, rng)


def burst(
    second: Ints, counts: Ints, gap: Floats, spread: float, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return (case, second) of ``counts`` bookings from ``second`` on, ``gap`` seconds apart."""
    case = np.repeat(np.arange(len(second)), counts)
    pause = around(gap[case], spread, len(case), rng)
    passed = np.cumsum(pause)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return case, second[case] + (passed - passed[first]).astype(np.int64)


def awake(second: Ints) -> Ints:
    """Move what would fall between midnight and six to the morning after."""
    asleep = second % DAY < 6 * HOUR
    return second + np.where(asleep, 7 * HOUR, 0)


def _large_transfers(town: Town, rng: np.random.Generator) -> Entries:
    """Return large payments (a car, a builder), often after moving savings in."""
    owner, second = _happenings(town, LARGE_TRANSFERS, rng)
    n = len(owner)
    known = rng.random(n) < 0.5
    payee = np.where(
        known, town.customers.payees[owner, 0], rng.integers(0, 4 * town.customers.n, n)
    )
    pushes = rng.choice([1, 2, 3], n, p=[0.82, 0.13, 0.05])
    case, at = burst(second, pushes, np.full(n, 2.5 * HOUR), 1.2, rng)
    whole = np.ones(len(case), dtype=np.int64)
    share = rng.beta(1.6, 2.2, n)[case]
    pushed = transfers(town, owner[case], awake(at), whole, rng, payee=payee[case], share=share)
    funded = rng.random(n) < 0.3
    return join([pushed, savings_in(town, owner[funded], second[funded], rng)])


def savings_in(town: Town, owner: Ints, second: Ints, rng: np.random.Generator) -> Entries:
    """Return money moved in from the customer's own savings shortly before ``second``."""
    before = second - around(1_800, 1.0, len(owner), rng).astype(np.int64)
    amount = typed(around(900 * town.customers.level[owner], 0.9, len(owner), rng), rng)
    own = 6 * town.customers.n + owner
    return transfers(town, owner, np.maximum(before, 0), amount, rng, credit=True, payee=own)


def _micro_bursts(town: Town, rng: np.random.Generator) -> Entries:
    """Games, parking and tickets: many tiny online payments at one or two merchants."""
    owner, second = _happenings(town, MICRO_BURSTS * 2 * town.customers.digital, rng)
    counts = 3 + rng.poisson(rng.gamma(1.5, 4.0, len(owner)))
    gap = around(150.0, 0.7, len(owner), rng)
    case, at = burst(second, counts, gap, 1.0, rng)
    shop = town.merchants.choose(np.full(len(owner), DIGITAL), rng)
    other = town.merchants.choose(np.full(len(owner), DIGITAL), rng)
    chosen = np.where(rng.random(len(case)) < 0.75, shop[case], other[case])
    seen = rng.random(len(owner)) < 0.75
    device = np.where(seen[case], town.customers.device(owner[case], at, rng), NONE)
    country = town.merchants.country[chosen]
    return Entries.book(
        owner[case],
        at,
        priced(around(2.2, 0.8, len(case), rng), rng),
        channel=ONLINE,
        category=DIGITAL,
        merchant=chosen,
        country=np.where(country < 0, town.customers.home[owner[case]], country),
        device=device,
    )


def _pools(town: Town, rng: np.random.Generator) -> Entries:
    """Friends send their shares, and the sum is passed on: genuine in and out."""
    owner, second = _happenings(town, POOLS, rng)
    n = len(owner)
    counts = rng.integers(2, 7, n)
    each = typed(around(55.0, 0.9, n, rng), rng)
    case, at = burst(second, counts, around(5 * HOUR, 0.8, n, rng), 1.2, rng)
    payer = rng.integers(0, 4 * town.customers.n, len(case))
    friend = rng.random(len(case)) < 0.5
    payer = np.where(friend, town.customers.payees[owner[case], case % 3], payer)
    paid_in = transfers(town, owner[case], awake(at), each[case], rng, credit=True, payee=payer)
    last = np.cumsum(counts) - 1
    out = awake(awake(at[last]) + around(7 * HOUR, 1.2, n, rng).astype(np.int64))
    total = (each * counts * rng.uniform(0.9, 1.3, n)).astype(np.int64)
    by_transfer = rng.random(n) < 0.6
    passed = transfers(town, owner[by_transfer], out[by_transfer], total[by_transfer], rng)
    card = ~by_transfer
    kinds = np.where(rng.random(int(card.sum())) < 0.5, RESTAURANTS, TRAVEL)
    paid = purchases(town, owner[card], out[card], kinds, rng, habit=0.3, factor=2.0)
    return join([paid_in, passed, paid])


def _sprees(town: Town, rng: np.random.Generator) -> Entries:
    """Return dear purchases at merchants never seen before: a sale, a move, a wedding."""
    owner, second = _happenings(town, SPREES, rng)
    n = len(owner)
    case, at = burst(second, 2 + rng.poisson(2.5, n), around(3_000.0, 0.8, n, rng), 1.0, rng)
    at = np.where(rng.random(n)[case] < 0.1, at, awake(at))  # one in ten is a night out
    kinds = _SPREE_KINDS[rng.integers(0, 4, len(case))]
    factor = around(1.5, 0.4, n, rng)[case]
    return purchases(town, owner[case], at, kinds, rng, habit=0.1, factor=factor)


def _new_phones(town: Town, rng: np.random.Generator) -> Entries:
    """Return the first transfers on the day a phone was replaced."""
    people = town.customers
    owner, slot = np.nonzero((people.switch < town.calendar.seconds) & (people.switch > 0))
    chosen = rng.random(len(owner)) < NEW_PHONE_TRANSFERS
    owner, second = owner[chosen], people.switch[owner, slot][chosen]
    counts = 1 + rng.poisson(0.8, len(owner))
    case, at = burst(second + HOUR // 2, counts, np.full(len(owner), 2.0 * HOUR), 1.2, rng)
    amount = typed(around(120 * people.level[owner[case]], 1.1, len(case), rng), rng)
    return transfers(town, owner[case], at, amount, rng)


def _savings_moves(town: Town, rng: np.random.Generator) -> Entries:
    """Most of the account moved to the customer's own savings in one go."""
    owner, second = _happenings(town, SAVINGS_MOVES * town.customers.main, rng)
    share = rng.beta(2.5, 1.6, len(owner))
    own = 6 * town.customers.n + owner
    one = np.ones(len(owner), dtype=np.int64)
    return transfers(town, owner, second, one, rng, payee=own, share=share)
