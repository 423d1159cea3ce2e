"""What comes back every month: income, rent, subscriptions, savings and top-ups."""

from __future__ import annotations

import numpy as np

from riskgen.data.toybank.customers import RETIRED, SELF_EMPLOYED, STUDENT
from riskgen.data.toybank.draws import Flags, Ints, around, cents
from riskgen.data.toybank.entries import (
    DAY,
    DIRECT_DEBIT,
    NONE,
    STANDING_ORDER,
    TRANSFER,
    Entries,
    join,
)
from riskgen.data.toybank.merchants import DIGITAL, HOUSING, INCOME, TRANSFERS, UTILITIES
from riskgen.data.toybank.spending import HOUR, Town

# Days of the month on which orders are carried out [J].
_ORDER_DAYS = (1, 2, 3, 5, 15, 28)
_MONEY_OUT, _MONEY_IN = False, True
_SAVER_SHARE, _TOP_UP_ORDER = 0.6, 0.55


def income_and_rent(town: Town, rng: np.random.Generator) -> Entries:
    """Return income of main accounts, rent, bills and subscriptions."""
    return join(
        [
            _salaries(town, rng),
            _invoices(town, rng),
            _rents(town, rng),
            _bills(town, rng),
            *[_subscription(town, share, rng) for share in (0.4, 0.15, 0.05)],
        ]
    )


def savings_and_top_ups(town: Town, booked: Entries, rng: np.random.Generator) -> Entries:
    """Return orders that keep accounts near balance, given what is booked already.

    Main accounts save part of what is left each month; spending accounts are
    topped up with about what they spend.
    """
    people, months = town.customers, town.calendar.months
    signed = np.where(booked.credit, booked.cents, -booked.cents).astype(np.float64)
    left = np.bincount(booked.owner, weights=signed, minlength=people.n) / 100 / months
    wish = np.abs(left) * rng.uniform(0.75, 1.02, people.n)
    saves = (left > 60) & (rng.random(people.n) < _SAVER_SHARE)
    tops = (left < -5) & ((rng.random(people.n) < _TOP_UP_ORDER) | people.main)
    irregular = (left < -5) & ~tops
    own = 6 * people.n + np.arange(people.n)
    amount = np.maximum(np.round(np.where(tops, 1.2, 1.0) * wish / 10) * 10, 10) * 100
    whole = amount.astype(np.int64)
    return join(
        [
            _monthly(town, saves, whole, rng, category=TRANSFERS, payee=own, credit=_MONEY_OUT),
            _monthly(town, tops, whole, rng, category=TRANSFERS, payee=own, credit=_MONEY_IN),
            _ad_hoc_top_ups(town, irregular, whole, rng),
        ]
    )


def _salaries(town: Town, rng: np.random.Generator) -> Entries:
    people, n = town.customers, town.customers.n
    paid = people.main & (people.segment != SELF_EMPLOYED)
    amount = cents(people.income)
    parts = []
    for rule, days in enumerate(town.calendar.paydays):
        owner = np.flatnonzero(paid & (people.payday == rule))
        whom, day = np.repeat(owner, len(days)), np.tile(days, len(owner))
        raised = day > np.where(rng.random(n) < 0.5, rng.integers(30, 720, n), 10_000)[whom]
        extra = (rng.random(n) < 0.25)[whom] & (day % 365 > 300) & (day % 365 < 335)
        factor = np.where(raised, 1.04, 1.0) * np.where(extra, 1.8, 1.0)
        parts.append(_income(town, whom, day, (amount[whom] * factor).astype(np.int64), rng))
    return join(parts)


def _income(town: Town, owner: Ints, day: Ints, amount: Ints, rng: np.random.Generator) -> Entries:
    second = day * DAY + rng.integers(1 * HOUR, 6 * HOUR, len(owner))
    people = town.customers
    source = np.where(people.segment[owner] == RETIRED, 5 * people.n, people.employer[owner])
    return Entries.book(
        owner,
        second,
        amount,
        channel=np.where(people.segment[owner] == STUDENT, STANDING_ORDER, TRANSFER),
        category=INCOME,
        country=people.home[owner],
        credit=True,
        counterparty=source,
    )


def _invoices(town: Town, rng: np.random.Generator) -> Entries:
    """Return the irregular income of the self-employed, heavy-tailed, from many payers."""
    people = town.customers
    who = np.flatnonzero(people.main & (people.segment == SELF_EMPLOYED))
    owner = np.repeat(who, rng.poisson(1.6 * town.calendar.months, len(who)))
    amount = around(0.42 * people.income[owner], 0.8, len(owner), rng)
    day = rng.integers(0, town.calendar.n_days, len(owner))
    payer = rng.integers(0, 4 * people.n, len(owner))
    second = day * DAY + rng.integers(6 * HOUR, 18 * HOUR, len(owner))
    return Entries.book(
        owner,
        second,
        cents(amount),
        channel=TRANSFER,
        category=INCOME,
        country=people.home[owner],
        credit=True,
        counterparty=payer,
    )


def _rents(town: Town, rng: np.random.Generator) -> Entries:
    people, n = town.customers, town.customers.n
    amount = np.round(people.income * rng.uniform(0.22, 0.4, n) / 5) * 500
    payee = 7 * n + rng.integers(0, max(n // 5, 3), n)
    chosen = people.main & (rng.random(n) < np.where(people.segment == RETIRED, 0.4, 0.75))
    return _monthly(town, chosen, amount.astype(np.int64), rng, category=HOUSING, payee=payee)


def _bills(town: Town, rng: np.random.Generator) -> Entries:
    people, n = town.customers, town.customers.n
    shop = town.merchants.choose(np.full(n, UTILITIES), rng)
    amount = cents(around(58 * np.sqrt(people.level), 0.35, n, rng))
    chosen = people.main & (rng.random(n) < 0.6)
    return _monthly(town, chosen, amount, rng, category=UTILITIES, merchant=shop)


def _subscription(town: Town, share: float, rng: np.random.Generator) -> Entries:
    people, n = town.customers, town.customers.n
    shop = town.merchants.choose(np.full(n, DIGITAL), rng)
    amount = np.array([399, 799, 999, 1299, 1799, 2999])[rng.integers(0, 6, n)]
    chosen = rng.random(n) < share * (0.4 + 0.8 * people.digital)
    booked = _monthly(town, chosen, amount, rng, category=DIGITAL, merchant=shop)
    begins = np.where(rng.random(n) < 0.35, rng.random(n) * town.calendar.seconds, -1)
    ends = np.where(rng.random(n) < 0.25, rng.random(n) * town.calendar.seconds, np.inf)
    alive = (booked.second >= begins[booked.owner]) & (booked.second < ends[booked.owner])
    return booked.take(alive)


def _monthly(
    town: Town,
    chosen: Flags,
    amount: Ints,
    rng: np.random.Generator,
    *,
    category: int,
    payee: Ints | None = None,
    merchant: Ints | None = None,
    credit: bool = False,
) -> Entries:
    """Return one booking a month with an exact amount, always on the same order day."""
    people = town.customers
    which = rng.integers(0, len(_ORDER_DAYS), people.n)
    moment = rng.integers(2 * HOUR, 5 * HOUR, people.n)  # overnight batch
    parts = []
    for order, day_of_month in enumerate(_ORDER_DAYS):
        days = town.calendar.monthly(day_of_month)
        owner = np.flatnonzero(chosen & (which == order))
        whom, day = np.repeat(owner, len(days)), np.tile(days, len(owner))
        parts.append(
            Entries.book(
                whom,
                day * DAY + moment[whom],
                amount[whom],
                channel=STANDING_ORDER if merchant is None else DIRECT_DEBIT,
                category=category,
                country=people.home[whom],
                credit=credit,
                merchant=NONE if merchant is None else merchant[whom],
                counterparty=NONE if payee is None else payee[whom],
            )
        )
    return join(parts)


def _ad_hoc_top_ups(town: Town, chosen: Flags, amount: Ints, rng: np.random.Generator) -> Entries:
    """Return top-ups by hand: irregular days, whole hundreds or the usual amount."""
    people = town.customers
    who = np.flatnonzero(chosen)
    owner = np.repeat(who, rng.poisson(1.1 * town.calendar.months, len(who)))
    day = rng.integers(0, town.calendar.n_days, len(owner))
    times = np.maximum(np.round(rng.gamma(3, 0.35, len(owner)) * 4) / 4, 0.25)
    return Entries.book(
        owner,
        day * DAY + rng.integers(7 * HOUR, 23 * HOUR, len(owner)),
        np.maximum((amount[owner] * times / 1000).astype(np.int64), 1) * 1000,
        channel=TRANSFER,
        category=TRANSFERS,
        country=people.home[owner],
        credit=True,
        counterparty=6 * people.n + owner,
    )
