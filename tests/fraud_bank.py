"""Banks that every fraud is tried on, and what a fraud did to one."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from test_stressed_columns import flagged_bank

from riskgen.data.events import Events
from riskgen.data.inference.inference import infer_schema
from riskgen.data.toybank import simulate_bank
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.stressed import Stressed
from riskgen.simulate.scenario import StressScenario, parse_scenario


@cache
def toybank() -> Events:
    table = simulate_bank(1_000, seed=1)
    return Events.build(table, infer_schema(table, drop=("fraud_typology",)))


@cache
def dated_bank() -> Events:
    """Dates without a clock, directions by a flag, balances, no merchant and no device."""
    base = flagged_bank()
    lost = {"shop", "device", "country", "hour"}
    channels = tuple(c for c in base.schema.channels if c.name not in lost)
    schema = base.schema.model_copy(update={"channels": channels, "resolution": "day"})
    frame = base.frame.drop(lost).with_columns(
        # Ten times slower: a few months instead of a few weeks.
        (pl.date(1993, 1, 1) + 10 * (pl.col("when").dt.date() - pl.date(2023, 11, 14))).alias(
            "when"
        )
    )
    return Events.build(frame, schema)


@cache
def run(name: str, severity: float = 1.0) -> Stressed:
    return stress_events(toybank(), catalogue.load(name), severity=severity, seed=1, share=1.0)


def changed(name: str, old: str, new: str) -> StressScenario:
    text = catalogue.text(name)
    assert old in text
    return parse_scenario(text.replace(old, new), "mine")


def inserted(result: Stressed, *columns: str) -> pl.DataFrame:
    events = result.events
    frame = events.frame.select(*columns, when=pl.col(events.schema.time))
    frame = frame.with_columns(owner=pl.Series(events.owner), at=pl.Series(events.seconds()))
    return frame.filter(pl.Series(result.affected))


def with_rings(result: Stressed, *columns: str) -> pl.DataFrame:
    """The inserted events with the number of their ring."""
    number = np.full(len(result.touched), -1)
    number[result.touched] = result.by_entity["ring"]
    rows = inserted(result, *columns)
    return rows.with_columns(ring=pl.Series(number[rows["owner"].to_numpy()]))
