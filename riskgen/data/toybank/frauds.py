"""Four kinds of fraud as bursts in one customer's account; the fifth is next door."""

from __future__ import annotations

import numpy as np

from riskgen.data.toybank.cases import (
    ACCOUNT_TAKEOVER,
    APP_SCAM,
    BUST_OUT,
    CARD_TESTING,
    MULE,
    Cases,
    at_hour,
    between,
    one_of,
)
from riskgen.data.toybank.draws import Floats, Ints, around
from riskgen.data.toybank.entries import ATM, CARD, DAY, NONE, ONLINE, TRANSFER, Entries, join
from riskgen.data.toybank.merchants import (
    CASH,
    COUNTRIES,
    DIGITAL,
    ELECTRONICS,
    MARKETPLACE,
    TRANSFERS,
    TRAVEL,
)
from riskgen.data.toybank.pass_through import pass_throughs
from riskgen.data.toybank.spending import HOUR, Town, priced
from riskgen.data.toybank.surprises import burst, savings_in

_CASH_OUT_KINDS = np.array([ELECTRONICS, MARKETPLACE, TRAVEL, DIGITAL])


def frauds(town: Town, cases: Cases, rng: np.random.Generator) -> tuple[Entries, Ints]:
    """Return all bookings of all cases, and when each customer falls silent.

    Returns
    -------
    entries : Entries
        Fraudulent ones carry their typology; what the victim does in good faith
        does not.
    silent_from : ndarray of shape (n_customers,)
        Second after which nothing is booked any more.
    """
    bust, silent = _bust_outs(town, cases.of(BUST_OUT), rng)
    parts = [
        _account_takeovers(town, cases.of(ACCOUNT_TAKEOVER), rng),
        _card_tests(town, cases.of(CARD_TESTING), rng),
        pass_throughs(town, cases.of(MULE), rng),
        _scams(town, cases.of(APP_SCAM), rng),
        bust,
    ]
    return join(parts), silent


def _pushes(
    town: Town,
    cases: Cases,
    case: Ints,
    second: Ints,
    share: Floats,
    *,
    payee: Ints,
    device: Ints,
    country: Ints,
) -> Entries:
    owner = cases.owner[case]
    return Entries.book(
        owner,
        second,
        1,
        channel=TRANSFER,
        category=TRANSFERS,
        country=country,
        share=share,
        counterparty=payee,
        device=device,
        typology=cases.typology[case],
    )


def _shops(
    town: Town,
    cases: Cases,
    case: Ints,
    second: Ints,
    amount: Floats,
    kinds: Ints,
    device: Ints,
    rng: np.random.Generator,
) -> Entries:
    owner = cases.owner[case]
    shop = town.merchants.choose(kinds, rng, online=True)
    country = town.merchants.country[shop]
    return Entries.book(
        owner,
        second,
        priced(amount, rng),
        channel=ONLINE,
        category=kinds,
        merchant=shop,
        country=np.where(country < 0, town.customers.home[owner], country),
        device=device,
        typology=cases.typology[case],
    )


def _account_takeovers(town: Town, cases: Cases, rng: np.random.Generator) -> Entries:
    """Return pushes from a new device or by remote control to a new payee, and some shopping."""
    s, n = cases.severity, len(cases)
    start = at_hour(cases, 0.15 + 0.45 * s, rng)
    own = town.customers.device(cases.owner, start, rng)
    device = one_of(0.55 + 0.4 * s, cases.device, own, rng)
    home = town.customers.home[cases.owner]
    country = one_of(0.15 + 0.45 * s, rng.integers(0, len(COUNTRIES), n), home, rng)
    payee = one_of(np.full(n, 0.9), cases.payee, town.customers.payees[cases.owner, 0], rng)
    case, at = burst(start, 1 + rng.poisson(1.2 + 4 * s), between(4 * HOUR, 300, s), 1.0, rng)
    drained = 0.3 + 0.65 * s * rng.uniform(0.6, 1.0, n)
    counts = np.bincount(case, minlength=n)
    each = 1 - (1 - drained) ** (1 / np.maximum(counts, 1))
    shopping = rng.random(len(case)) < 0.3
    pushes, shops = case[~shopping], case[shopping]
    kinds = _CASH_OUT_KINDS[rng.integers(0, 4, len(shops))]
    amount = around(between(70, 350, s)[shops], 0.8, len(shops), rng)
    return join(
        [
            _pushes(
                town,
                cases,
                pushes,
                at[~shopping],
                each[pushes] * rng.uniform(0.6, 1.0, len(pushes)),
                payee=payee[pushes],
                device=device[pushes],
                country=country[pushes],
            ),
            _shops(town, cases, shops, at[shopping], amount, kinds, device[shops], rng),
        ]
    )


def _card_tests(town: Town, cases: Cases, rng: np.random.Generator) -> Entries:
    """Tiny payments one after another, then dear ones hours or days later."""
    s, n = cases.severity, len(cases)
    start = at_hour(cases, 0.2 + 0.3 * s, rng)
    counts = 2 + rng.poisson(1 + 20 * s**2)
    case, at = burst(start, counts, between(900, 25, s), 0.8, rng)
    kinds = np.where(rng.random(n) < 0.7, DIGITAL, MARKETPLACE)
    tiny = around(between(4.0, 1.2, s)[case], 0.7, len(case), rng)
    seen = np.where(rng.random(n) < 0.4, cases.device, NONE)
    tests = _shops(town, cases, case, at, tiny, kinds[case], seen[case], rng)
    last = at[np.cumsum(counts) - 1] if n else at
    out = last + around(between(30 * HOUR, 3 * HOUR, s), 0.8, n, rng).astype(np.int64)
    cash, when = burst(out, 1 + rng.poisson(0.6 + 1.8 * s), np.full(n, 1_500.0), 1.0, rng)
    amount = around(between(60, 420, s)[cash], 0.6, len(cash), rng)
    chosen = _CASH_OUT_KINDS[rng.integers(0, 4, len(cash))]
    return join([tests, _shops(town, cases, cash, when, amount, chosen, seen[cash], rng)])


def _scams(town: Town, cases: Cases, rng: np.random.Generator) -> Entries:
    """Return one to four large sums that the victim pushes to a new payee, on the own device."""
    s, n = cases.severity, len(cases)
    start = at_hour(cases, np.full(n, 0.03), rng)
    counts = 1 + rng.binomial(3, 0.3 + 0.5 * s)
    case, at = burst(start, counts, between(10 * HOUR, 0.5 * HOUR, s), 1.0, rng)
    share = (0.45 + 0.5 * s * rng.uniform(0.6, 1.0, n))[case]
    owner = cases.owner[case]
    pushed = _pushes(
        town,
        cases,
        case,
        at,
        share * rng.uniform(0.7, 1.0, len(case)),
        payee=cases.payee[case],
        device=town.customers.device(owner, at, rng),
        country=town.customers.where(owner, at),
    )
    funded = rng.random(n) < 0.35 + 0.4 * s
    return join([pushed, savings_in(town, cases.owner[funded], start[funded], rng)])


def _bust_outs(town: Town, cases: Cases, rng: np.random.Generator) -> tuple[Entries, Ints]:
    """Cash-like spending up to the limit within weeks, then often silence."""
    s, n = cases.severity, len(cases)
    counts = 4 + rng.poisson(4 + 12 * s)
    days = between(24, 5, s)
    case, at = burst(at_hour(cases, np.full(n, 0.1), rng), counts, days * DAY / counts, 0.9, rng)
    silent = np.full(town.customers.n, np.iinfo(np.int64).max)
    gone = rng.random(n) < 0.7
    if n:
        last = at[np.cumsum(counts) - 1]
        silent[cases.owner[gone]] = last[gone] + HOUR
    return _cash_like(town, cases, case, at, rng), silent


def _cash_like(town: Town, cases: Cases, case: Ints, at: Ints, rng: np.random.Generator) -> Entries:
    owner = cases.owner[case]
    kinds = _CASH_OUT_KINDS[rng.integers(0, 4, len(case))]
    shop = town.merchants.choose(kinds, rng)
    cash = rng.random(len(case)) < 0.3
    online = town.merchants.online[shop]
    share = between(0.06, 0.4, cases.severity)[case] * rng.uniform(0.5, 1.5, len(case))
    device = np.where(online, town.customers.device(owner, at, rng), NONE)
    return Entries.book(
        owner,
        at,
        1,
        channel=np.where(cash, ATM, np.where(online, ONLINE, CARD)),
        category=np.where(cash, CASH, kinds),
        merchant=np.where(cash, NONE, shop),
        country=town.customers.where(owner, at),
        share=np.minimum(share, 0.95),
        device=np.where(cash, NONE, device),
        typology=BUST_OUT,
    )
