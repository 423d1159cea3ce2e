"""What follows from time and money follows again after a stress has moved them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_mechanisms import FRAUDS, bank

from riskgen.data.derived.derivation import derive, openings
from riskgen.data.events import Events
from riskgen.data.schema import Channel, Schema
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events

MONEY = {"kind": "amount", "decimals": 2, "dtype": "Float64"}
ADDED = (
    Channel(name="hour", dtype="Int8", kind="timestamp", role="derived", formula="hour(when)"),
    Channel(name="way", dtype="String", kind="flag", role="derived", formula="sign(signed, D, C)"),
    Channel(name="before", role="derived", formula="difference(left, signed)", **MONEY),
)
FLAGGED = {
    "size": {"role": "channel", "formula": None, "meaning": "amount"},
    "way": {"role": "channel", "formula": None},
    "signed": {"role": "derived", "formula": "signed(size, way, D)"},
    "left": {"formula": "running_sum(size, way, D)"},
    "before": {"formula": "difference(left, size, way, D)"},
}


def with_columns(events: Events, schema: Schema) -> Events:
    frame = events.frame.with_columns(
        hour=pl.lit(0, dtype=pl.Int8),
        way=pl.when(pl.col("signed") < 0).then(pl.lit("D")).otherwise(pl.lit("C")),
        before=pl.lit(0.0),
    )
    whole = Events(schema, frame, events.offsets)
    return derive(whole, openings(whole))


def signed_bank() -> Events:
    """The bank with an hour, a direction and an opening balance."""
    base = bank()
    channels = (*base.schema.channels, *ADDED)
    return with_columns(base, base.schema.model_copy(update={"channels": channels}))


def flagged_bank() -> Events:
    """The same, with sizes and directions given and the rest derived."""
    schema = signed_bank().schema
    channels = tuple(
        channel.model_copy(update=FLAGGED.get(channel.name, {})) for channel in schema.channels
    )
    return with_columns(bank(), schema.model_copy(update={"channels": channels}))


@pytest.mark.parametrize("make", [signed_bank, flagged_bank])
@pytest.mark.parametrize("name", FRAUDS)
def test_every_derived_column_follows_after_a_stress(name: str, make) -> None:
    base = make()
    result = stress_events(base, catalogue.load(name), severity=1, seed=1, share=0.5)
    assert result.affected.any()
    again = derive(result.events, openings(base))
    assert again.frame.equals(result.events.frame)
    out = result.events.texts("way")[result.affected] == "D"
    assert np.array_equal(out, result.events.numbers("signed")[result.affected] < 0)


@pytest.mark.parametrize("make", [signed_bank, flagged_bank])
def test_customers_who_are_not_touched_keep_every_value(make) -> None:
    base = make()
    result = stress_events(base, catalogue.load("ato_drain"), severity=1, seed=1, share=0.5)
    for entity in np.flatnonzero(~result.touched):
        one = np.array([entity])
        assert base.take(one).frame.equals(result.events.take(one).frame)
