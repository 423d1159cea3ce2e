"""The split is a partition, stays put, and keeps the future for the test."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.events import Events
from riskgen.data.schema import Channel, Schema
from riskgen.data.split import NAMES, Split, split_events
from riskgen.errors import DataError


def parts(split: Split) -> list[Events]:
    return [getattr(split, name) for name in NAMES]


def loans(ends: list[int], seed: int = 0) -> Events:
    """Entities with a label of their own whose last events fall on the given days."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"a{i:04d}", date(2020, 1, 1) + timedelta(days=int(day)), 1.0, i % 4 == 0)
        for i, end in enumerate(ends)
        for day in sorted({end, *rng.integers(0, end, 5)})
    ]
    table = pl.DataFrame(rows, schema=["account", "day", "amount", "default"], orient="row")
    schema = Schema(
        domain="transactions",
        resolution="day",
        label_level="entity",
        channels=(
            Channel(name="account", dtype="String", kind="identifier", role="entity"),
            Channel(name="day", dtype="Date", kind="timestamp", role="time"),
            Channel(name="amount", dtype="Float64", kind="amount", role="channel", decimals=2),
            Channel(name="default", dtype="Boolean", kind="flag", role="label"),
        ),
    )
    return Events.build(table, schema)


def bank(n_entities: int, seed: int = 0) -> Events:
    return Events.build(tiny_table(n_entities, seed), tiny_schema())


@given(n=st.integers(60, 120), seed=st.integers(0, 3), salt=st.text(max_size=5))
@settings(max_examples=12, deadline=None)
def test_no_entity_is_in_two_partitions(n: int, seed: int, salt: str) -> None:
    events = bank(n, seed)
    members = [set(part.entity_ids) for part in parts(split_events(events, salt=salt))]
    assert sum(map(len, members)) == len(set().union(*members))
    assert set().union(*members) <= set(events.entity_ids)


@given(n=st.integers(60, 120), salt=st.text(max_size=5))
@settings(max_examples=12, deadline=None)
def test_a_split_by_hash_alone_loses_no_event(n: int, salt: str) -> None:
    events = loans([300] * n)
    split = split_events(events, salt=salt)
    assert sum(part.n_events for part in parts(split)) == events.n_events
    assert sum(part.n_entities for part in parts(split)) == events.n_entities


def test_training_and_control_end_before_validation_and_test_begin() -> None:
    split = split_events(bank(100))
    learned = max(part.seconds().max() for part in parts(split)[:3])
    assert learned < split.validation_window[0] < split.validation_window[1]
    assert split.validation_window[1] < split.test_window[0] < split.test_window[1]
    assert split.validation.seconds().max() < split.validation_window[1]
    assert split.test.seconds().max() <= split.test_window[1]
    assert split.time_disjoint


def test_the_test_keeps_the_history_before_its_window() -> None:
    split = split_events(bank(100))
    seconds = split.test.seconds()
    assert (seconds <= split.test_window[0]).any()
    assert (seconds > split.test_window[0]).any()


def test_the_gap_is_a_week_when_the_span_is_long() -> None:
    rows = [
        (f"c{i:03d}", datetime(2020, 1, 1) + timedelta(days=3 * k, hours=i), 1.0, "a", "DE", 0)
        for i in range(60)
        for k in range(300)
    ]
    names = ["customer", "when", "amount", "category", "country", "fraud"]
    events = Events.build(pl.DataFrame(rows, schema=names, orient="row"), tiny_schema())
    split = split_events(events)
    assert split.test_window[0] - split.validation_window[1] == pytest.approx(7 * 86_400)


def test_an_entity_stays_where_it_is_when_others_join() -> None:
    few, many = loans([300] * 80), loans([300] * 160)
    small, large = split_events(few), split_events(many)
    for name in NAMES:
        before, after = getattr(small, name).entity_ids, getattr(large, name).entity_ids
        assert set(before) <= set(after)


def test_equal_salts_split_equally_and_other_salts_do_not() -> None:
    events = bank(100)
    first, again, other = (split_events(events, salt=s) for s in ("a", "a", "b"))
    assert first.hashes() == again.hashes()
    assert first.hashes()["generator"] != other.hashes()["generator"]
    assert set(first.hashes()) == set(NAMES)


def test_ten_turns_make_every_entity_a_test_entity_once_and_never_one_to_learn_from_too() -> None:
    events = bank(150)
    tested: list[str] = []
    for turn in range(10):
        split = split_events(events, turn=turn / 10)
        now = set(split.test.entity_ids)
        assert not now & set(split.generator.entity_ids)
        tested += now
    assert len(tested) == len(set(tested))
    there = events.seconds() > split.test_window[0]
    assert set(tested) >= {events.entity_ids[i] for i in np.unique(events.owner[there])}


def test_no_turn_is_the_split_itself() -> None:
    events = bank(150)
    assert split_events(events, turn=0.0).hashes() == split_events(events).hashes()
    assert split_events(events, turn=0.3).hashes() != split_events(events).hashes()


def test_shares_are_about_50_20_10_10_10() -> None:
    counts = [part.n_entities for part in parts(split_events(loans([300] * 4000)))]
    # Binomial standard deviation of 4,000 at one half is 32: four of them.
    assert np.allclose(counts, [2000, 800, 400, 400, 400], atol=128)


def test_entities_that_end_at_different_times_are_split_by_vintage() -> None:
    split = split_events(loans(list(range(100, 400))))
    ends = [part.seconds()[part.offsets[1:] - 1] for part in parts(split)]
    learned = max(e.max() for e in ends[:3])
    assert learned < ends[3].min()
    assert ends[3].max() < ends[4].min()
    assert split.time_disjoint
    assert split.test_window == (-np.inf, np.inf)


def test_late_entities_with_hardly_a_label_are_no_test() -> None:
    split = split_events(loans(list(range(100, 250))))
    assert not split.time_disjoint
    assert "only 6 of those that end last are labelled" in split.reason


def test_entities_that_all_end_together_say_that_the_test_is_not_later() -> None:
    split = split_events(loans([300] * 100))
    assert not split.time_disjoint
    assert "NOT" in split.reason


def test_too_few_entities_are_refused() -> None:
    with pytest.raises(DataError, match="group, 5 are needed"):
        split_events(bank(8))


def test_one_moment_for_all_events_is_refused() -> None:
    table = tiny_table(60).with_columns(when=pl.lit(datetime(2025, 1, 1)))
    with pytest.raises(DataError, match="distinct times"):
        split_events(Events.build(table, tiny_schema()))
