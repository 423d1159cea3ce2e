"""A simulated bank for demo and tests: habits, surprises and five kinds of fraud.

Every parameter in this package is judgement [J]: the bank is invented, seeded
and documented as such, and no result on it says anything about a real bank.
Fraud overlaps with genuine surprises (new phones, large transfers, bursts of
small payments, journeys, money passed on), so that a detector has work to do.
Knows nothing of schemas, generators or measures.
"""

from __future__ import annotations

import polars as pl

from riskgen.data.toybank.calendar import open_calendar
from riskgen.data.toybank.cases import TYPOLOGIES, open_cases
from riskgen.data.toybank.customers import LARGEST_OVERDRAFT, open_accounts
from riskgen.data.toybank.entries import join
from riskgen.data.toybank.frauds import frauds
from riskgen.data.toybank.ledger import settle
from riskgen.data.toybank.merchants import CATEGORIES, open_merchants
from riskgen.data.toybank.orders import income_and_rent, savings_and_top_ups
from riskgen.data.toybank.spending import Town, everyday
from riskgen.data.toybank.surprises import surprises
from riskgen.data.toybank.table import write_table
from riskgen.seeding import stream

__all__ = ["CATEGORIES", "LARGEST_OVERDRAFT", "TYPOLOGIES", "simulate_bank"]

# Of the wanted bookings, at least this part is everyday life [J].
LEAST_EVERYDAY = 0.35


def simulate_bank(
    n_customers: int = 2_000,
    days: int = 365,
    seed: int = 0,
    fraud_share: float = 0.02,
    events_per_customer: float = 50.0,
) -> pl.DataFrame:
    """Return the bookings of a simulated bank, customer by customer in time order.

    Parameters
    ----------
    n_customers : int
        Number of customers, at least 1; one without a booking does not appear.
    days : int
        Days from 1 January 2025, at least 28.
    seed : int
        Same arguments, same table.
    fraud_share : float
        Share of customers struck by one fraud, 0..1. A case may leave no
        booking when the account is empty.
    events_per_customer : float
        Mean number of bookings aimed at; standing orders set a floor.

    Returns
    -------
    polars.DataFrame
        ``customer_id, timestamp, amount`` (positive, two decimals),
        ``direction`` (debit or credit), ``signed_amount, balance`` (after the
        booking; previous balance plus signed amount, to the cent), ``category,
        merchant`` (missing where none sells), ``counterparty`` (transfers and
        orders only), ``channel, country, device`` (missing at cash machines, for
        plastic cards, overnight orders and guest checkouts), ``home_country,
        age_band, segment`` (fixed per customer), ``is_fraud`` (0 or 1) and
        ``fraud_typology`` (missing where genuine).
    """
    assert n_customers >= 1
    assert days >= 28
    assert 0 <= fraud_share <= 1
    calendar = open_calendar(days)
    merchants = open_merchants(stream(seed, "toybank", "merchants"))
    customers = open_accounts(n_customers, calendar, merchants, stream(seed, "toybank", "accounts"))
    town = Town(calendar, customers, merchants)
    fixed = join(
        [
            income_and_rent(town, stream(seed, "toybank", "orders")),
            surprises(town, stream(seed, "toybank", "surprises")),
        ]
    )
    rest = events_per_customer - len(fixed) / n_customers
    wanted = max(rest, LEAST_EVERYDAY * events_per_customer)
    booked = join([fixed, everyday(town, wanted, stream(seed, "toybank", "everyday"))])
    saved = savings_and_top_ups(town, booked, stream(seed, "toybank", "savings"))
    cases = open_cases(town, fraud_share, stream(seed, "toybank", "cases"))
    struck, silent = frauds(town, cases, stream(seed, "toybank", "frauds"))
    ledger = settle(join([booked, saved, struck]), customers, calendar.seconds, silent)
    return write_table(ledger, customers, stream(seed, "toybank", "keys"))
