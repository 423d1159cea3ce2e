"""Mule accounts: money in from strangers and out again."""

from __future__ import annotations

import numpy as np

from riskgen.data.events import ranges
from riskgen.data.toybank.cases import MULE, Cases, at_hour, between
from riskgen.data.toybank.draws import Floats, Ints, around, cents, typed
from riskgen.data.toybank.entries import ATM, DAY, NONE, TRANSFER, Entries, join
from riskgen.data.toybank.merchants import CASH, TRANSFERS
from riskgen.data.toybank.spending import HOUR, Town
from riskgen.data.toybank.surprises import burst


def pass_throughs(town: Town, cases: Cases, rng: np.random.Generator) -> Entries:
    """Money in from strangers and out again within hours, once to four times."""
    s, n = cases.severity, len(cases)
    rounds = 1 + rng.binomial(3, 0.4, n)
    which, begin = burst(
        at_hour(cases, np.full(n, 0.08), rng), rounds, np.full(n, 4.0 * DAY), 0.6, rng
    )
    wave = np.repeat(np.arange(len(which)), rng.integers(1, 5, len(which)))
    size = around(between(140, 900, s)[which], 0.8, len(which), rng)
    amount = typed(size[wave] * rng.uniform(0.6, 1.4, len(wave)), rng)
    at = begin[wave] + around(2.0 * HOUR, 1.0, len(wave), rng).astype(np.int64)
    payer = rng.integers(0, 4 * town.customers.n, len(wave))
    paid_in = _mule_entries(town, cases, which[wave], at, amount, payer, credit=True)
    total = np.bincount(wave, weights=amount, minlength=len(which)) / 100
    last = np.zeros(len(which), dtype=np.int64)
    np.maximum.at(last, wave, at)
    return join([paid_in, _passed_on(town, cases, which, last, total, rng)])


def _passed_on(
    town: Town, cases: Cases, which: Ints, last: Ints, total: Floats, rng: np.random.Generator
) -> Entries:
    s = cases.severity[which]
    parts = rng.integers(1, 4, len(which))
    wave = np.repeat(np.arange(len(which)), parts)
    lag = np.cumsum(around(between(14 * HOUR, 0.7 * HOUR, s)[wave], 0.7, len(wave), rng))
    first = np.repeat(np.cumsum(parts) - parts, parts)
    out = last[wave] + (lag - lag[first]).astype(np.int64) + ranges(parts) * 60
    out = out + around(between(9 * HOUR, 0.5 * HOUR, s)[wave], 0.5, len(wave), rng).astype(np.int64)
    amount = total[wave] * (0.75 + 0.22 * s[wave]) / parts[wave]
    cash = rng.random(len(wave)) < 0.25
    case = which[wave]
    moved = _mule_entries(
        town,
        cases,
        case[~cash],
        out[~cash],
        cents(amount[~cash]),
        cases.payee[case[~cash]],
        credit=False,
        device=town.customers.device(cases.owner[case[~cash]], out[~cash], rng),
    )
    owner = cases.owner[case[cash]]
    drawn = Entries.book(
        owner,
        out[cash],
        np.maximum(amount[cash] // 10, 1).astype(np.int64) * 1000,
        channel=ATM,
        category=CASH,
        country=town.customers.home[owner],
        typology=MULE,
    )
    return join([moved, drawn])


def _mule_entries(
    town: Town,
    cases: Cases,
    case: Ints,
    second: Ints,
    amount: Ints,
    counterparty: Ints,
    *,
    credit: bool,
    device: Ints | int = NONE,
) -> Entries:
    owner = cases.owner[case]
    return Entries.book(
        owner,
        second,
        amount,
        channel=TRANSFER,
        category=TRANSFERS,
        country=town.customers.where(owner, second),
        credit=credit,
        counterparty=counterparty,
        device=device,
        typology=MULE,
    )
