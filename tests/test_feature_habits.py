"""Where money went and what is unusual at night, against counting by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema
from test_features import feature, one_customer

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.evaluate.features import common_levels, event_features
from riskgen.evaluate.features.trailing import Timeline


def with_balance(rows: list[tuple[float, float]]) -> Events:
    """Build one customer from (hours, balance after the booking)."""
    schema = tiny_schema()
    balance = Channel(
        name="balance", dtype="Float64", kind="amount", role="channel", meaning="balance"
    )
    channels = (*schema.channels[:-1], balance, schema.channels[-1])
    table = pl.DataFrame(
        {
            "customer": ["c"] * len(rows),
            "when": [datetime(2025, 1, 1) + timedelta(hours=row[0]) for row in rows],
            "amount": [1.0] * len(rows),
            "category": ["a"] * len(rows),
            "country": ["DE"] * len(rows),
            "balance": [row[1] for row in rows],
            "fraud": [0] * len(rows),
        }
    )
    return Events.build(table, schema.model_copy(update={"channels": channels}))


def test_a_share_of_the_balance_has_left_within_the_window():
    events = with_balance([(0, 1_000), (100, 1_000), (101, 600), (101.5, 100), (200, 90)])
    assert feature(events, "drained_24h") == pytest.approx([0, 0, 0.4, 0.9, 0.1], abs=0.002)


def test_money_that_came_and_went_on_is_told():
    events = with_balance([(0, 500), (50, 2_500), (52, 520)])
    assert feature(events, "passed_on_24h") == pytest.approx([0, 0, 0.99], abs=0.001)
    assert feature(events, "drained_24h")[2] == pytest.approx(1_980 / 2_501)


def test_without_a_balance_signed_amounts_tell_what_was_passed_on():
    schema = tiny_schema()
    channels = tuple(
        c.model_copy(update={"meaning": "signed_amount"}) if c.name == "amount" else c
        for c in schema.channels
    )
    events = one_customer([(0, 800.0, "a", "DE"), (1, -400.0, "b", "DE")])
    signed = Events(schema.model_copy(update={"channels": channels}), events.frame, events.offsets)
    assert feature(signed, "passed_on_24h") == pytest.approx([0, 0.5], abs=0.001)
    assert "drained_24h" not in event_features(signed)[1]
    assert "passed_on_24h" not in event_features(events)[1]


def test_a_night_is_unusual_for_whoever_sleeps():
    hours = [12.0, 36.0, 60.0, 75.0, 76.0]  # noon three times, then three and four o'clock
    events = one_customer([(h, 1.0, "a", "DE") for h in hours])
    assert feature(events, "night_to_usual")[1:] == pytest.approx([0, 0, 1, 0.75], abs=1e-6)


def test_habits_look_back_only_whatever_the_table_holds():
    rng = np.random.default_rng(0)
    events = with_balance([(float(h), float(b)) for h, b in enumerate(rng.lognormal(6, 1, 40))])
    levels = common_levels(events)
    keep = Timeline(events.offsets, events.seconds()).position < 17
    whole, cut = event_features(events, levels)[0], event_features(events.where(keep), levels)[0]
    np.testing.assert_array_equal(whole[keep], cut)
