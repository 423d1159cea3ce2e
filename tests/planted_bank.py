"""A bank in which single customers own unmistakable words, numbers and times."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.data.split import NAMES, Split, split_events

# What every planted text contains: labels, e-mails, names, keys of customers and payees.
STEMS = ("Zqplant", "zqplant", "@mail.example", "@secret.example", "surname")
STEMS += ("77345001", "88236149")
GIVEN = ("Anna", "Peter", "Maria", "Jonas", "Laura", "Felix", "Elena", "Paul")


@dataclass(frozen=True)
class Plants:
    """What must never come out.

    Attributes
    ----------
    texts : tuple of str
        Parts of the words, names, e-mails and account numbers that single customers own.
    numbers : tuple of float
        Amounts, balances and scores far beyond all others.
    times : tuple of datetime
        Moments long before and after all others.
    """

    texts: tuple[str, ...] = field(repr=False)
    numbers: tuple[float, ...] = field(repr=False)
    times: tuple[datetime, ...] = field(repr=False)


def planted_bank(n: int = 260) -> tuple[pl.DataFrame, Plants]:
    """Return a table whose every partition of the split holds plants, and the plants."""
    drawn = small_bank(n, fraud_share=0.3)
    keys = pl.Series("customer", [iban(773_450_010_000_000_000 + 7_919 * i) for i in drawn.owner])
    events = Events.build(drawn.frame.with_columns(keys), drawn.schema)
    frame = _with_columns(events.frame, events.owner, np.random.default_rng(5))
    return _planted(frame, _owners(split_events(events)))


def _owners(split: Split) -> list[str]:
    """Return two customers of each partition, with at least eight events there."""
    chosen = []
    for name in NAMES:
        part = getattr(split, name)
        chosen += [part.entity_ids[i] for i in np.flatnonzero(part.lengths >= 8)[:2]]
    return chosen


def iban(number: int) -> str:
    """Make up a German account number with valid check digits (ISO 13616)."""
    body = f"{number:018d}"
    return f"DE{98 - int(body + '131400') % 97:02d}{body}"


def letters(number: int) -> str:
    """Write a number below 676 in two letters."""
    return chr(97 + number // 26) + chr(97 + number % 26)


def _with_columns(frame: pl.DataFrame, owner: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    n = frame.height
    home = rng.integers(0, 400, n)
    return frame.with_columns(
        mail=pl.Series([f"person{i}@mail.example" for i in owner]),
        holder=pl.Series([f"{GIVEN[i % 8]} Zq{letters(i)}surname" for i in owner]),
        merchant=pl.Series([f"shop-{(7 * i + int(h) % 9) % 60}" for i, h in enumerate(home)]),
        payee=pl.Series([iban(882_361_490_000_000_000 + i) for i in (owner + home) % 14]),
        city=pl.Series([("Ulm", "Bonn", "Kiel")[i % 3] for i in owner]),
        score=pl.Series(np.round(rng.normal(0, 1, n), 4)),
        balance=(pl.col("amount").cum_sum().over("customer")).round(2),
    )


def _planted(frame: pl.DataFrame, owners: list[str]) -> tuple[pl.DataFrame, Plants]:
    numbers: list[float] = []
    times = [datetime(1987, 3, 14, 3, 7, 9, 123456), datetime(2031, 11, 23, 17, 41, 37, 654321)]
    place = pl.int_range(pl.len()).over("customer")
    for number, owner in enumerate(owners):
        mine = pl.col("customer") == owner
        words = {c: f"Zqplant{c}{number:02d}" for c in ("category", "country", "merchant", "city")}
        words["mail"] = f"zqplantmail{number:02d}@secret.example"
        amount, score = 98_765_432.17 + 1_111_111 * number, 7_731.4159 + 13 * number
        frame = frame.with_columns(
            pl.when(mine & (place == 2)).then(amount).otherwise("amount").alias("amount"),
            pl.when(mine & (place == 3)).then(score).otherwise("score").alias("score"),
            *(
                pl.when(mine & ((place == 1) | (c in ("mail", "city"))))
                .then(pl.lit(word))
                .otherwise(c)
                .alias(c)
                for c, word in words.items()
            ),
        )
        numbers += [amount, score]
    frame = _with_times(frame, owners, times)
    frame = frame.with_columns(balance=pl.col("amount").cum_sum().over("customer").round(2))
    numbers += frame.filter(pl.col("balance") > 9e7)["balance"].to_list()
    return frame, Plants(STEMS, tuple(numbers), tuple(times))


def _with_times(frame: pl.DataFrame, owners: list[str], times: list[datetime]) -> pl.DataFrame:
    """Give one customer of the generator's partition the first event, one of the test the last."""
    first, last = pl.col("customer") == owners[0], pl.col("customer") == owners[-1]
    place = pl.int_range(pl.len()).over("customer")
    end = pl.len().over("customer") - 1
    when = (
        pl.when(first & (place == 0))
        .then(pl.lit(times[0], dtype=pl.Datetime("us")))
        .when(last & (place == end))
        .then(pl.lit(times[1], dtype=pl.Datetime("us")))
        .otherwise("when")
    )
    return frame.with_columns(when.alias("when"))
