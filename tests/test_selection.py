"""A large table is held as whole histories of a simple random sample of its entities."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import tiny_table
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.size.selection import choose, draw, key_hashes
from riskgen.data.size.survey import EVENTS, count_events
from riskgen.errors import DataError, SchemaError


def lengths_of(events: list[int]) -> pl.DataFrame:
    keys = [f"c{i}" for i in range(len(events))]
    return pl.DataFrame({"customer": keys, EVENTS: events}, schema_overrides={EVENTS: pl.Int64})


def by_time(n_customers: int, n_events: int) -> pl.DataFrame:
    """Customers take turns: the head of the table shows each of them once."""
    return pl.DataFrame(
        {
            "customer_id": [f"C{i % n_customers:05d}" for i in range(n_events)],
            "when": [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(n_events)],
            "amount": [float(i % 97) for i in range(n_events)],
        }
    )


def test_a_small_table_is_held_whole() -> None:
    table = tiny_table(40)
    drawn = draw(table.lazy(), table.height)
    assert drawn.sample is None
    assert drawn.table.equals(table)
    assert drawn.all_rows == table.height


def test_a_large_table_is_held_as_whole_histories_in_the_order_of_the_table() -> None:
    table = tiny_table(200)
    drawn = draw(table.lazy(), table.height // 3, entity="customer")
    assert drawn.sample is not None
    taken = drawn.table["customer"].unique()
    assert drawn.table.equals(table.filter(pl.col("customer").is_in(taken.implode())))
    assert drawn.sample.events == drawn.table.height <= table.height // 3
    assert drawn.sample.entities == len(taken)
    assert (drawn.sample.all_entities, drawn.sample.all_rows) == (200, table.height)


def test_the_sample_does_not_depend_on_the_order_of_rows_or_on_files(tmp_path: Path) -> None:
    table = tiny_table(200)
    whole = draw(table.lazy(), table.height // 3, entity="customer")
    for number, part in enumerate(table.sample(fraction=1.0, shuffle=True, seed=1).iter_slices(99)):
        part.write_parquet(tmp_path / f"{number:03d}.parquet")
    again = draw(pl.scan_parquet(tmp_path), table.height // 3, entity="customer")
    assert set(again.table["customer"]) == set(whole.table["customer"])


@given(st.lists(st.integers(1, 30), min_size=20, max_size=60), st.integers(300, 900))
def test_the_first_by_hash_are_taken_as_long_as_they_fit(events: list[int], budget: int) -> None:
    lengths = lengths_of(events)
    taken = choose(lengths, "customer", budget)
    order = np.argsort(key_hashes(lengths["customer"]), kind="stable")
    assert taken.tolist() == order[: len(taken)].tolist()
    assert sum(events[i] for i in taken) <= budget
    if len(taken) < len(events):
        assert sum(events[i] for i in order[: len(taken) + 1]) > budget


def test_a_larger_budget_only_adds_entities() -> None:
    lengths = lengths_of([10] * 500)
    small, large = (choose(lengths, "customer", budget) for budget in (1000, 2000))
    assert large[: len(small)].tolist() == small.tolist()


def test_one_giant_does_not_use_up_the_sample() -> None:
    lengths = lengths_of([200_000] + [50] * 500)
    taken = choose(lengths, "customer", 10_000)
    assert len(taken) == 200
    assert 0 not in taken


def test_who_was_left_out_for_length_is_said() -> None:
    giant = pl.DataFrame({"customer": ["giant"] * 5000, "at": range(5000)})
    rest = pl.DataFrame({"customer": [f"c{i % 400}" for i in range(8000)], "at": range(8000)})
    drawn = draw(pl.concat([giant, rest]).lazy(), 6000, entity="customer")
    assert drawn.sample is not None
    assert drawn.sample.too_long == 1
    assert "1 with more than 600 events each cannot be in the sample" in drawn.sample.sentence()


def test_a_table_of_giants_only_is_refused() -> None:
    with pytest.raises(DataError, match="Raise --max-events"):
        choose(lengths_of([500, 600]), "customer", 1000)


def test_the_sample_is_as_good_as_random() -> None:
    # 10,000 places in a hash order: uniform up to the 99.9 % bound of Kolmogorov-Smirnov.
    places = np.sort(key_hashes(pl.Series([f"C{i:07d}" for i in range(10_000)]))) / 2.0**64
    distance = np.abs(places - (np.arange(10_000) + 0.5) / 10_000).max()
    assert distance < 1.95 / np.sqrt(10_000)


def test_the_sample_is_independent_of_the_split() -> None:
    keys = pl.Series([f"C{i:07d}" for i in range(10_000)])
    sampled = key_hashes(keys) < 2**62
    learned = key_hashes(keys, "riskgen") < 2**63
    # A quarter of either half is in the sample; 4 standard errors of 5,000 draws.
    assert abs(sampled[learned].mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 5000)


def test_a_hash_is_the_first_64_bits_of_sha256() -> None:
    # printf 'salt\0key' | sha256sum
    assert hex(int(key_hashes(pl.Series(["key"]), "salt")[0])) == "0x6e5d6c6f47d14756"


def test_whole_number_keys_hash_as_their_text() -> None:
    numbers, texts = pl.Series([7, 12]), pl.Series(["7", "12"])
    assert key_hashes(numbers).tolist() == key_hashes(texts).tolist()


def test_the_owner_is_found_where_the_head_shows_each_customer_once() -> None:
    table = by_time(8_000, 40_000)
    assert table.head(5_000)["customer_id"].is_unique().all()
    drawn = draw(table.lazy(), 10_000)
    assert drawn.entity == "customer_id"


def test_rows_without_an_owner_are_in_no_sample() -> None:
    owner = pl.when(pl.int_range(pl.len()) % 200 == 7).then(None).otherwise(pl.col("customer_id"))
    table = by_time(100, 4_000).with_columns(customer_id=owner)
    assert count_events(table.lazy(), "customer_id")["customer_id"].null_count() == 0
    assert draw(table.lazy(), 1_000).table["customer_id"].null_count() == 0


def test_a_large_table_of_prices_is_held_whole() -> None:
    minutes = [datetime(2000, 1, 1) + timedelta(minutes=i) for i in range(150_000)]
    table = pl.DataFrame({"date": minutes, "A": np.linspace(50, 60, 150_000)})
    assert draw(table.lazy(), 100_000).table.equals(table)


def test_a_large_table_without_an_owner_is_refused() -> None:
    table = by_time(100, 2_000).rename({"customer_id": "colour"})
    with pytest.raises(SchemaError, match="No column tells customers apart"):
        draw(table.lazy(), 1_000)


def test_an_unknown_owner_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SchemaError, match="customer_id"):
        draw(by_time(100, 2_000).lazy(), 1_000, entity="custmer_id")
