"""A bank whose customers keep the calendar: paydays, month ends, weekends, opening hours."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.schema import Schema

START = 20_089  # 1 January 2025, days since 1970; a Wednesday
DAYS = 151  # to the end of May
PAYDAY = 25
KINDS = ("salary", "rent", "shop", "online")


def habit_bank(n: int, seed: int = 0) -> Events:
    """Return customers with four kinds of events, each with a calendar of its own.

    Salary on the 25th at night (a batch), rent on the last day of the month at
    six in the morning, shops from 8 to 20 and never on Sundays, online at any
    hour of the evening, more at weekends.
    """
    rng = np.random.default_rng(seed)
    days = (START + np.arange(DAYS)).astype("M8[D]")
    parts = [_of(rng, n, days, kind) for kind in range(len(KINDS))]
    owner, seconds, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    size = np.array([7.5, 6.5, 3.0, 3.5])[kind] + rng.normal(0, 0.3, len(kind))
    amount = np.round(np.exp(size), 2)
    table = pl.DataFrame(
        {
            "customer": [f"c{i:05d}" for i in owner],
            "when": pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us")),
            "kind": np.array(KINDS)[kind],
            "amount": amount,
        }
    )
    return Events.build(table, habit_schema())


def _of(rng, n, days, kind):
    """Return owner, seconds and kind of all events of one kind."""
    number = (days - days.astype("M8[M]").astype("M8[D]")).astype(int) + 1
    last = (days + 1).astype("M8[M]") != days.astype("M8[M]")
    weekday = (START + np.arange(DAYS) + 3) % 7
    chance = (
        (number == PAYDAY) * 1.0,
        last * 0.95,
        np.where(weekday == 6, 0.0, np.where(weekday == 5, 0.45, 0.25)),
        np.where(weekday >= 5, 0.25, 0.08),
    )[kind]
    rate = np.ones(n) if kind < 2 else rng.uniform(0.4, 1.2, n)
    owner, day = np.nonzero(rng.random((n, DAYS)) < rate[:, None] * chance[None, :])
    hour = (
        rng.uniform(2.0, 2.5, len(owner)),
        np.full(len(owner), 6.0),
        8.0 + 12.0 * rng.beta(2.0, 1.6, len(owner)),
        18.0 + 6.0 * rng.beta(1.6, 1.6, len(owner)),
    )[kind]
    seconds = (START + day) * SECONDS_PER_DAY + np.floor(hour * 3_600.0)
    return owner, seconds, np.full(len(owner), kind)


def habit_schema() -> Schema:
    return Schema.model_validate(
        {
            "domain": "transactions",
            "resolution": "clock",
            "channels": (
                {"name": "customer", "dtype": "String", "kind": "identifier", "role": "entity"},
                {"name": "when", "dtype": "Datetime(us)", "kind": "timestamp", "role": "time"},
                {
                    **{"name": "kind", "dtype": "String", "kind": "category", "role": "channel"},
                    "meaning": "category",
                },
                {
                    **{"name": "amount", "dtype": "Float64", "kind": "amount", "role": "channel"},
                    **{"meaning": "amount", "decimals": 2},
                },
            ),
        }
    )
