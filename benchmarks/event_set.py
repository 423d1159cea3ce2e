"""A toy set of card events, written month by month, so that memory stays small.

Nobody's data: customers are numbers, and everything else follows from a seed.
One account holds 1 event in 250, so that its history has 200,000 events when
the set has 50 million.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

MONTHS = np.arange("2022-01", "2024-01", dtype="M8[M]")
EVENTS_PER_CUSTOMER = 25  # 50 million events of 2 million customers
GIANT = 1 / 250  # share of events that one account holds
FRAUD = 0.002
ROWS_PER_GROUP = 250_000
CATEGORIES = np.array(
    ["groceries", "fuel", "restaurants", "travel", "clothing", "electronics", "health", "cash"]
)
TYPICAL = np.array([3500, 6000, 2800, 21000, 5500, 15000, 3200, 10000])  # cents
COUNTRIES = np.array(["DE", "FR", "NL", "AT", "IT", "ES", "PL", "GB", "US", "TR"])
CHANNELS = np.array(["chip", "contactless", "online"])
MERCHANTS = 4000  # of each category


def write_event_set(folder: Path, n_events: int, seed: int = 0) -> None:
    """Write about ``n_events`` events as ``folder/month=2022-01/part-0.parquet`` and on."""
    sizes = np.full(len(MONTHS), n_events // len(MONTHS))
    sizes[-1] += n_events - sizes.sum()
    for number, (month, size) in enumerate(zip(MONTHS, sizes, strict=True)):
        rng = np.random.default_rng([seed, number])
        part = folder / f"month={month}"
        part.mkdir(parents=True)
        n_customers = max(n_events // EVENTS_PER_CUSTOMER, 1)
        frame = _month(rng, month, int(size), n_customers)
        frame.write_parquet(part / "part-0.parquet", row_group_size=ROWS_PER_GROUP)


def _month(rng: np.random.Generator, month: np.datetime64, n: int, customers: int) -> pl.DataFrame:
    # Some customers pay ten times as often as others.
    customer = (customers * rng.random(n) ** 1.5).astype(np.int64)
    customer[rng.random(n) < GIANT] = 0
    taste = _mixed(customer, 1) % len(CATEGORIES)
    usual = rng.random(n) < 0.5
    category = np.where(usual, taste, rng.integers(0, len(CATEGORIES), n))
    regular = _mixed(customer, 2 + category) % MERCHANTS
    merchant = np.where(rng.random(n) < 0.6, regular, rng.integers(0, MERCHANTS, n))
    fraud = rng.random(n) < FRAUD
    home = np.minimum(_mixed(customer, 20) % 16, len(COUNTRIES) - 1) * (customer % 3 == 0)
    abroad = (rng.random(n) < 0.03) | (fraud & (rng.random(n) < 0.5))
    country = np.where(abroad, rng.integers(0, len(COUNTRIES), n), home)
    channel = np.where(fraud, 2, rng.choice(3, n, p=[0.3, 0.4, 0.3]))
    cents = TYPICAL[category] * np.exp(rng.normal(0.0, 0.7, n)) * np.where(fraud, 2.5, 1.0)
    seconds = _moments(rng, month, n)
    frame = pl.DataFrame(
        {
            "customer_id": customer,
            "timestamp": seconds.astype("M8[s]").astype("M8[us]"),
            "amount_cents": np.maximum(np.rint(cents), 1).astype(np.int64),
            "merchant_category": pl.Series(CATEGORIES).gather(pl.Series(category)),
            "merchant_id": category * MERCHANTS + merchant,
            "country": pl.Series(COUNTRIES).gather(pl.Series(country)),
            "channel": pl.Series(CHANNELS).gather(pl.Series(channel)),
            "is_fraud": fraud.astype(np.int8),
        }
    )
    named = ("C" + pl.col("customer_id").cast(pl.String).str.zfill(8)).alias("customer_id")
    shop = ("M" + pl.col("merchant_id").cast(pl.String).str.zfill(6)).alias("merchant_id")
    return frame.with_columns(named, shop)


def _mixed(numbers: NDArray[np.int64], salt: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return scrambled numbers: a fixed taste of each customer without a table of tastes."""
    state = (numbers + 1) * np.int64(0x9E3779B1) + np.asarray(salt) * np.int64(0x85EBCA6B)
    state ^= state >> 15
    return (state * np.int64(0xC2B2AE35) >> 16) & 0xFFFF


def _moments(rng: np.random.Generator, month: np.datetime64, n: int) -> NDArray[np.int64]:
    """Return sorted seconds since 1970: days alike, most of them between 8 and 20 o'clock."""
    first = month.astype("M8[D]").astype(np.int64)
    days = (month + 1).astype("M8[D]").astype(np.int64) - first
    hours = np.mod(rng.normal(14.0, 4.0, n), 24.0)
    moment = (first + rng.integers(0, days, n)) * 86_400 + (hours * 3600).astype(np.int64)
    return np.sort(moment)
