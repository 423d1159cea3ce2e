"""Features look back only, and say what they are named for."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.evaluate.features import common_levels, entity_features, event_features
from riskgen.evaluate.features.trailing import Timeline


def one_customer(rows: list[tuple[float, float, str, str]]) -> Events:
    """Build events from (hours since midnight of 1 January 2025, amount, category, country)."""
    start = datetime(2025, 1, 1)
    table = pl.DataFrame(
        {
            "customer": ["c"] * len(rows),
            "when": [start + timedelta(hours=row[0]) for row in rows],
            "amount": [row[1] for row in rows],
            "category": [row[2] for row in rows],
            "country": [row[3] for row in rows],
            "fraud": [0] * len(rows),
        }
    )
    return Events.build(table, tiny_schema())


def feature(events: Events, name: str) -> list[float]:
    matrix, names = event_features(events)
    return matrix[:, names.index(name)].tolist()


def test_features_of_an_event_do_not_change_when_later_events_are_cut(tiny_events):
    levels = common_levels(tiny_events)
    whole, names = event_features(tiny_events, levels)
    keep = Timeline(tiny_events.offsets, tiny_events.seconds()).position < 7
    cut, cut_names = event_features(tiny_events.where(keep), levels)
    assert names == cut_names
    np.testing.assert_array_equal(whole[keep], cut)


def test_features_of_a_customer_do_not_depend_on_other_customers(tiny_events):
    levels = common_levels(tiny_events)
    whole, _ = event_features(tiny_events, levels)
    alone, _ = event_features(tiny_events.take(np.array([5])), levels)
    rows = slice(int(tiny_events.offsets[5]), int(tiny_events.offsets[6]))
    np.testing.assert_array_equal(whole[rows], alone)


def test_sums_of_a_customer_are_exact_behind_any_number_of_others():
    rng = np.random.default_rng(0)
    offsets = np.arange(0, 2_001, 4)
    values = np.round(rng.lognormal(8, 3, 2_000), 2)
    line = Timeline(offsets, np.arange(2_000.0))
    behind = line.running_sum(values)[-4:]
    alone = Timeline(offsets[:2], np.arange(4.0)).running_sum(values[-4:])
    np.testing.assert_array_equal(behind, alone)
    np.testing.assert_allclose(alone, np.cumsum(values[-4:]), rtol=1e-12, atol=1e-6)


@pytest.mark.parametrize("features", [event_features, entity_features])
def test_the_label_is_never_looked_at(tiny_events, features):
    flipped = tiny_events.frame.with_columns(1 - pl.col("fraud"))
    other = Events(tiny_events.schema, flipped, tiny_events.offsets)
    np.testing.assert_array_equal(features(tiny_events)[0], features(other)[0])


@pytest.mark.parametrize("features", [event_features, entity_features])
def test_dropped_columns_are_never_looked_at(tiny_events, features):
    schema = tiny_events.schema
    note = Channel(name="note", dtype="String", kind="category", role="dropped")
    longer = schema.model_copy(update={"channels": (*schema.channels, note)})
    frame = tiny_events.frame.with_columns(pl.lit("x").alias("note"))
    other = Events(longer, frame, tiny_events.offsets)
    assert features(tiny_events)[1] == features(other)[1]


def test_windows_count_events_up_to_now_and_forget_old_ones():
    events = one_customer([(h, 10.0, "a", "DE") for h in (0, 0.5, 1.4, 30, 30, 200)])
    assert feature(events, "count_1h") == [1, 2, 2, 1, 2, 1]
    assert feature(events, "count_24h") == [1, 2, 3, 1, 2, 1]
    assert feature(events, "count_7d") == [1, 2, 3, 4, 5, 1]


def test_sums_follow_the_windows():
    events = one_customer([(0, 10.0, "a", "DE"), (0.5, 30.0, "a", "DE"), (25, 5.0, "a", "DE")])
    assert feature(events, "log_sum_24h") == pytest.approx(np.log1p([10, 40, 5]))


def test_novelty_is_the_first_time_within_the_customer():
    events = one_customer([(h, 1.0, c, "DE") for h, c in enumerate("abacb")])
    assert feature(events, "category.new") == [1, 1, 0, 1, 0]
    assert feature(events, "category.distinct") == [1, 2, 2, 3, 3]
    assert feature(events, "category.repeated") == [0, 0, 0, 0, 0]
    assert feature(events, "category.share_before") == pytest.approx([0, 0, 0.5, 0, 0.25])


def test_amounts_are_compared_with_the_past_only():
    events = one_customer([(h, a, "a", "DE") for h, a in enumerate([1.0, 7.0, 3.0, 100.0])])
    logs = np.log1p([1.0, 7.0, 3.0, 100.0])
    found = feature(events, "log_amount_to_median")
    assert np.isnan(found[0])
    expected = [logs[1] - logs[0], logs[2] - logs[:2].mean(), logs[3] - logs[2]]
    assert found[1:] == pytest.approx(expected, abs=1e-6)
    assert feature(events, "log_amount_to_max")[3] == pytest.approx(logs[3] - logs[1], abs=1e-6)


def test_night_ends_at_six():
    events = one_customer([(h, 1.0, "a", "DE") for h in (0.5, 5.9, 6.0, 23.5)])
    assert feature(events, "night") == [1, 1, 0, 0]


def test_rare_levels_have_no_name_in_the_features(tiny_events):
    levels = common_levels(tiny_events)
    assert levels["country"] == ["DE"]  # XX is held by five customers only
    _, names = entity_features(tiny_events, levels)
    assert not any("XX" in name for name in names)


def test_entity_aggregates_are_what_they_say(tiny_events):
    matrix, names = entity_features(tiny_events)
    amounts = tiny_events.numbers("amount")
    rows = slice(int(tiny_events.offsets[3]), int(tiny_events.offsets[4]))
    logs = np.log1p(amounts[rows])
    expected = {
        "n_events": len(logs),
        "amount.mean": logs.mean(),
        "amount.std": logs.std(),
        "amount.max": logs.max(),
        "amount.first": logs[0],
        "amount.sum": np.log1p(amounts[rows].sum()),
    }
    for name, value in expected.items():
        assert matrix[3, names.index(name)] == pytest.approx(value, rel=1e-5), name


def test_columns_are_the_same_for_any_table_of_one_schema(tiny_events):
    levels = common_levels(tiny_events)
    few = tiny_events.take(np.array([0, 9]))
    assert entity_features(tiny_events, levels)[1] == entity_features(few, levels)[1]
    assert event_features(tiny_events, levels)[1] == event_features(few, levels)[1]
