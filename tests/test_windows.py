"""One account with a history out of all proportion counts as one of many."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.size.windows import (
    LARGEST_SHARE,
    ORDINARY,
    SHORTEST,
    bounded,
    longest_stretch,
    stretches,
)
from riskgen.data.split import split_events
from riskgen.models.timegan.stretches import (
    MOST_HELD_OUT,
    Stretches,
    divide,
    epoch_windows,
    shortened,
)
from riskgen.models.timegan.timegan import TimeGAN

OWN_AMOUNT = 777_777.77
GIANT_EVENTS = 200_000


def ordinary(n: int = 500) -> pl.DataFrame:
    return tiny_table(n)


def giant(n: int = GIANT_EVENTS, key: str = "giant") -> pl.DataFrame:
    """One account that pays one amount in one category all day long."""
    first = datetime(2025, 1, 2)
    return pl.DataFrame(
        {
            "customer": [key] * n,
            "when": [first + timedelta(seconds=10 * i) for i in range(n)],
            "amount": [OWN_AMOUNT] * n,
            "category": ["own category"] * n,
            "country": ["DE"] * n,
            "fraud": [0] * n,
        },
        schema_overrides={"fraud": pl.Int8, "when": pl.Datetime("us")},
    )


def events_of(*tables: pl.DataFrame) -> Events:
    return Events.build(pl.concat(tables, how="vertical_relaxed"), tiny_schema())


def fitted(events: Events) -> tuple[EventEncoder, Events]:
    kept = stretches(events, longest_stretch(events.lengths))
    return EventEncoder.fit(kept), kept


def simulated(events: Events, seed: int) -> Events:
    encoder, kept = fitted(events)
    generator = TimeGAN(hidden=16, head_width=8, steps=30, context_steps=20, audit=False)
    generator.fit(encoder.encode(kept), seed=seed)
    return encoder.decode(generator.sample_chunk(0, seed=0))


def furthest(one: Events, other: Events) -> float:
    """Largest distance between marginals of amounts, hours and categories."""
    parts = []
    for found in (
        [events.numbers("amount") for events in (one, other)],
        [np.mod(events.seconds(), 86_400.0) for events in (one, other)],
    ):
        grid = np.sort(np.concatenate(found))
        shares = [np.searchsorted(np.sort(part), grid, side="right") / len(part) for part in found]
        parts.append(np.abs(shares[0] - shares[1]).max())
    levels = sorted({*one.texts("category"), *other.texts("category")})
    counts = [[(e.texts("category") == level).mean() for level in levels] for e in (one, other)]
    parts.append(0.5 * np.abs(np.array(counts[0]) - np.array(counts[1])).sum())
    return float(max(parts))


def edges_moved(one: EventEncoder, other: EventEncoder) -> float:
    """Largest distance between edges of amounts, as a share of all customers' amounts."""
    amounts = np.sort(events_of(ordinary()).numbers("amount"))
    places = []
    for encoder in (one, other):
        column = next(
            item for item in encoder.state()["record"]["columns"] if item["name"] == "amount"
        )
        knots = np.array(column["quantiles"]["bins"]["knots"]) / 100.0
        shares = np.searchsorted(amounts, knots) / len(amounts)
        places.append(np.interp(np.linspace(0, 1, 101), np.linspace(0, 1, len(shares)), shares))
    return float(np.abs(places[0] - places[1]).max())


lengths_lists = st.lists(st.integers(1, 50_000), min_size=1, max_size=80)


@given(lengths_lists)
def test_nobody_gives_more_than_a_fiftieth_unless_all_are_few(found: list[int]) -> None:
    lengths = np.array(found)
    longest = longest_stretch(lengths, 1)
    used = np.minimum(lengths, longest)
    fair = used.max() <= LARGEST_SHARE * used.sum() + 1.0
    assert fair or longest == int(ORDINARY * np.median(lengths))


@given(lengths_lists, st.integers(1, 2000))
def test_who_is_ordinary_is_never_cut(found: list[int], shortest: int) -> None:
    lengths = np.array(found)
    assert longest_stretch(lengths, shortest) >= max(shortest, int(ORDINARY * np.median(lengths)))


def test_a_giant_among_few_ordinary_ones_gives_one_window() -> None:
    assert longest_stretch(np.array([10] * 500 + [GIANT_EVENTS])) == SHORTEST == 128


def test_where_all_histories_are_long_all_are_kept() -> None:
    assert longest_stretch(np.array([200_000] * 20)) >= 200_000


def test_a_stretch_is_a_part_of_a_history_without_holes() -> None:
    events = events_of(ordinary(60), giant(5_000))
    kept = stretches(events, 512)
    place = kept.entity_ids.index("giant")
    rows = slice(kept.offsets[place], kept.offsets[place + 1])
    steps = np.diff(kept.seconds()[rows])
    assert len(steps) == 511
    assert (steps == 10).all()


def test_others_keep_their_whole_histories() -> None:
    rest = events_of(ordinary(60))
    kept = stretches(events_of(ordinary(60), giant(5_000)), 512)
    without = kept.frame.filter(pl.col("customer") != "giant")
    assert without.equals(rest.frame)


def test_stretches_of_several_giants_begin_at_different_times() -> None:
    several = [giant(5_000, f"giant {i}") for i in range(20)]
    kept = stretches(events_of(*several), 512)
    starts = kept.seconds()[kept.offsets[:-1]]
    assert len(set(starts)) == 20
    # Uniform over 44,880 seconds: the mean of 20 lies in the middle half but for 1 in 10,000.
    assert 0.25 < (starts - datetime(2025, 1, 2).timestamp()).mean() / 44_880 < 0.75


@settings(max_examples=20)
@given(st.integers(1, 3_000), st.integers(1, 600))
def test_nobody_has_more_than_the_longest_stretch(n: int, longest: int) -> None:
    kept = stretches(events_of(ordinary(25), giant(n)), longest)
    assert kept.lengths.max() <= longest
    assert kept.n_entities == 26


def test_a_split_without_giants_is_left_as_it_is() -> None:
    split = split_events(events_of(ordinary(200)))
    same, notes = bounded(split)
    assert same is split
    assert notes == []


def test_giants_are_cut_where_they_are_learned_and_stay_whole_where_detectors_meet_them() -> None:
    giants = [giant(3_000, f"giant {i}") for i in range(30)]
    split = split_events(events_of(ordinary(300), *giants))
    kept, notes = bounded(split)
    longest = longest_stretch(split.generator.lengths)
    assert longest < 1_500 < split.generator.lengths.max()
    for part in (kept.generator, kept.control, kept.reference):
        assert part.lengths.max() == longest
    assert (kept.validation, kept.test) == (split.validation, split.test)
    assert kept.hashes() == split.hashes()
    cut = sum(int((p.lengths > longest).sum()) for p in (split.generator, split.control))
    cut += int((split.reference.lengths > longest).sum())
    assert f"before learning ends: {cut}." in notes[0]


def test_no_more_sequences_are_held_out_than_a_look_needs() -> None:
    offsets = np.arange(0, 20_001 * 3, 3)
    train, aside, named = divide(offsets, 0.1, 128, np.random.default_rng(0))
    assert len(aside.lengths) == len(named) == MOST_HELD_OUT
    assert len(train.lengths) == 20_000 - MOST_HELD_OUT


def test_an_epoch_shows_one_window_of_a_giant() -> None:
    lengths = np.array([50] * 500 + [512])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    parts = Stretches(np.arange(501), offsets[:-1], offsets[1:])
    windows = epoch_windows(parts, 128, True, np.random.default_rng(0))
    assert np.bincount(windows.sequence, minlength=501).tolist() == [1] * 501
    assert windows.lengths.max() == 128


def test_a_giant_is_a_small_part_of_a_held_out_look() -> None:
    edges = np.concatenate([[0], np.cumsum([50] * 50 + [GIANT_EVENTS])])
    parts = Stretches(np.arange(51), edges[:-1], edges[1:])
    lengths = shortened(parts, 128).lengths
    assert lengths[:50].tolist() == [50] * 50
    assert lengths[50] <= 200
    assert lengths[50] / lengths.sum() < 0.08


def test_time_windows_of_few_sequences_are_not_shortened() -> None:
    edges = np.arange(0, 128 * 40, 128)
    parts = Stretches(np.zeros(39, np.int64), edges[:-1], edges[1:])
    assert shortened(parts, 128).lengths.tolist() == parts.lengths.tolist()


def test_the_giants_own_amount_and_category_are_no_levels() -> None:
    encoder, _ = fitted(events_of(ordinary(), giant()))
    text = str(encoder.state())
    assert "777777" not in text.replace("_", "")
    assert "own category" not in text


def test_the_giant_moves_no_edge_of_a_level_further_than_other_customers_do() -> None:
    base, other, big = (
        fitted(events)[0]
        for events in (
            events_of(ordinary()),
            events_of(tiny_table(500, seed=1)),
            events_of(ordinary(), giant()),
        )
    )
    noise, moved = (edges_moved(base, encoder) for encoder in (other, big))
    assert moved <= noise + LARGEST_SHARE


@pytest.fixture(scope="module")
def with_giant() -> Events:
    return simulated(events_of(ordinary(), giant()), 0)


def test_simulated_events_with_a_giant_differ_no_more_than_after_a_refit(
    with_giant: Events,
) -> None:
    first, again = (simulated(events_of(ordinary()), seed) for seed in (0, 1))
    assert furthest(first, with_giant) <= furthest(first, again) + LARGEST_SHARE


def test_a_table_with_a_giant_simulates_no_longer_histories(with_giant: Events) -> None:
    assert with_giant.lengths.max() <= 2 * events_of(ordinary()).lengths.max()
