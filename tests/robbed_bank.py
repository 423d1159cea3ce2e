"""The bank of the mechanism tests with cases planted by hand, so that their shape is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from test_mechanisms import bank

from riskgen.data.derived.derivation import derive
from riskgen.data.events import Events
from riskgen.simulate.mechanisms.accounts import Accounts

RICH = 1_000_000.0  # opening balance that pays for any case


@dataclass(frozen=True)
class Event:
    """One labelled event: amount in the owner's usual one, seconds after the one before."""

    multiple: float
    gap: float
    shop: str = "M00"
    credit: bool = False
    country: str = "DE"


def robbed(
    events: Events, cases: dict[int, list[Event]], after: int = 20, opening: float = RICH
) -> Events:
    """Insert the given events into the histories of entities, after their row ``after``."""
    usual = Accounts.of(events).usual_amount() / 100
    times, rows = events.seconds(), []
    for entity, case in cases.items():
        at = int(events.offsets[entity]) + after
        row, seconds = events.frame.row(at, named=True), times[at]
        for item in case:
            seconds += item.gap
            size = round(item.multiple * usual[entity], 2)
            when = pl.Series([int(seconds * 1e6)]).cast(pl.Datetime("us"))[0]
            changed = {"when": when, "signed": size if item.credit else -size, "fraud": 1}
            changed |= {"shop": item.shop, "payee": None, "country": item.country}
            rows.append(row | changed | {"size": size})
    extra = pl.DataFrame(rows, schema=events.frame.schema)
    frame = pl.concat([events.frame, extra])
    built = Events.build(frame, events.schema)
    return derive(built, {"left": np.full(built.n_entities, opening)})


def rich(n: int = 60, seed: int = 0) -> Events:
    """Customers without fraud who can pay for everything."""
    base = bank(n, seed)
    return derive(base, {"left": np.full(n, RICH)})


BURST = [
    Event(5.0, 7200.0, "M49", country="FR"),
    Event(8.0, 600.0, "M49", country="FR"),
    Event(0.5, 60.0, "M48"),
    Event(12.0, 30.0, "M48"),
]
