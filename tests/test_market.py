"""Price tables: cleaning, the split by time, and the shipped indices."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.market import Prices, clean_prices, split_prices
from riskgen.data.market.sp500 import sp500_prices
from riskgen.data.schema import Channel, Schema
from riskgen.errors import DataError, SchemaError


def market_schema(*assets: str) -> Schema:
    columns = [Channel(name="date", dtype="Date", kind="timestamp", role="time")]
    for name in assets:
        columns.append(
            Channel(name=name, dtype="Float64", kind="amount", role="channel", meaning="price")
        )
    return Schema(domain="market", resolution="day", channels=tuple(columns))


def price_table(n_days: int = 400, assets: tuple[str, ...] = ("A", "B")) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    days = [date(2020, 1, 1) + timedelta(days=i) for i in range(n_days)]
    levels = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (n_days, len(assets))), axis=0))
    return pl.DataFrame({"date": days} | {a: levels[:, i] for i, a in enumerate(assets)})


def put(table: pl.DataFrame, name: str, rows: list[int], value: float | None) -> pl.DataFrame:
    column = table[name].to_list()
    for row in rows:
        column[row] = value
    return table.with_columns(pl.Series(name, column, dtype=pl.Float64))


def test_a_clean_table_passes_without_a_note() -> None:
    table = price_table()
    prices, schema, notes = clean_prices(table, market_schema("A", "B"))
    assert notes == []
    assert schema == market_schema("A", "B")
    assert prices.values[:, 0].tolist() == table["A"].to_list()


def test_rows_in_any_order_give_the_same_prices() -> None:
    table = price_table()
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=3)
    prices, _, notes = clean_prices(shuffled, market_schema("A", "B"))
    assert prices.digest() == clean_prices(table, market_schema("A", "B"))[0].digest()
    assert notes == ["Rows were sorted by date."]


def test_a_repeated_date_is_refused_with_its_count_and_first_row() -> None:
    table = pl.concat([price_table(), price_table().head(2)])
    with pytest.raises(DataError, match=r"2 repeated dates \(first at row 401\)"):
        clean_prices(table, market_schema("A", "B"))


def test_a_missing_date_is_refused_with_its_first_row() -> None:
    table = price_table()
    holed = table.with_columns(pl.Series("date", [*table["date"].to_list()[:-1], None]))
    with pytest.raises(DataError, match=r"1 missing dates \(first at row 400\)"):
        clean_prices(holed, market_schema("A", "B"))


@pytest.mark.parametrize("bad", [0.0, -37.63])
def test_a_column_with_a_price_that_is_not_positive_is_set_aside(bad: float) -> None:
    table = put(price_table(), "B", [11, 20], bad)
    prices, schema, notes = clean_prices(table, market_schema("A", "B"))
    assert prices.assets == ("A",)
    assert schema.channel("B").role == "dropped"
    assert "2 prices that are not positive (first at row 12)" in notes[0]
    assert str(bad) not in notes[0]


def test_dates_written_as_text_are_read() -> None:
    table = price_table()
    written = table.with_columns(pl.col("date").dt.strftime("%d.%m.%Y"))
    first = clean_prices(table, market_schema("A", "B"))[0]
    assert clean_prices(written, market_schema("A", "B"))[0].digest() == first.digest()


def test_text_that_is_no_date_is_refused() -> None:
    table = price_table().with_columns(date=pl.lit("soon"))
    with pytest.raises(DataError, match="should hold dates"):
        clean_prices(table, market_schema("A", "B"))


def test_a_schema_that_names_another_column_is_refused() -> None:
    with pytest.raises(SchemaError, match="'C'"):
        clean_prices(price_table(), market_schema("A", "C"))


def test_a_table_without_any_usable_column_is_refused() -> None:
    table = put(price_table(assets=("A",)), "A", [3], -1.0)
    with pytest.raises(DataError, match="No column of the table can be used"):
        clean_prices(table, market_schema("A"))


@pytest.mark.parametrize("hole", [None, float("nan"), float("inf")])
def test_a_short_hole_is_filled_with_the_last_price_and_said(hole: float | None) -> None:
    table = put(price_table(), "A", [100, 101, 102, 103, 104], hole)
    prices, _, notes = clean_prices(table, market_schema("A", "B"))
    assert np.all(prices.values[100:105, 0] == table["A"][99])
    assert notes == ["Column 'A' had 5 missing prices; the last price was carried on."]


def test_a_hole_of_more_than_a_week_sets_the_column_aside() -> None:
    table = put(price_table(), "A", list(range(100, 106)), None)
    prices, _, notes = clean_prices(table, market_schema("A", "B"))
    assert prices.assets == ("B",)
    assert "hole of 6 dates" in notes[0]


def test_a_column_that_starts_late_cuts_the_window_for_all() -> None:
    table = put(price_table(), "A", list(range(30)), None)
    prices, _, notes = clean_prices(table, market_schema("A", "B"))
    assert prices.n_days == 370
    assert prices.dates[0] == np.datetime64("2020-01-31")
    assert notes == ["Only the 370 of 400 dates common to all were used."]


def test_a_column_that_starts_too_late_is_set_aside_instead() -> None:
    table = put(price_table(), "A", list(range(200)), None)
    prices, _, notes = clean_prices(table, market_schema("A", "B"))
    assert prices.assets == ("B",)
    assert prices.n_days == 400
    assert "shares fewer than 250 dates" in notes[0]


def test_a_constant_column_is_set_aside() -> None:
    table = price_table().with_columns(B=pl.lit(5.0))
    prices, _, notes = clean_prices(table, market_schema("A", "B"))
    assert prices.assets == ("A",)
    assert "never changes" in notes[0]


@pytest.mark.parametrize("n_days", [1, 249])
def test_fewer_than_250_dates_are_refused(n_days: int) -> None:
    with pytest.raises(DataError, match=f"{n_days} are common"):
        clean_prices(price_table(n_days), market_schema("A", "B"))


def test_250_dates_are_enough() -> None:
    prices, _, _ = clean_prices(price_table(250), market_schema("A", "B"))
    assert split_prices(prices).control.n_days >= 40


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(DataError):
        clean_prices(price_table(400).head(0), market_schema("A", "B"))


def test_returns_never_cross_a_segment_border() -> None:
    schema = market_schema("A")
    values = np.array([[1.0], [2.0], [100.0], [300.0]])
    dates = np.arange(4).astype("datetime64[D]")
    prices = Prices(schema, dates, values, starts=(0, 2))
    np.testing.assert_allclose(prices.log_returns()[:, 0], np.log([2.0, 3.0]))


@settings(max_examples=60, deadline=None)
@given(n_days=st.integers(250, 6000), embargo=st.integers(0, 24))
def test_a_split_is_a_partition_with_an_embargo_at_every_border(n_days: int, embargo: int) -> None:
    dates = np.arange(n_days).astype("datetime64[D]")
    prices = Prices(market_schema("A"), dates, np.linspace(1, 2, n_days)[:, None])
    split = split_prices(prices, embargo=embargo)
    parts = [split.generator, split.control, split.test]
    stretches = sorted((p.dates[a], p.dates[b - 1]) for p in parts for a, b in p.segments)
    gaps = [int((b[0] - a[1]).astype(int)) - 1 for a, b in pairwise(stretches)]
    assert gaps == [embargo] * len(gaps)
    assert len({d for p in parts for d in p.dates}) == sum(p.n_days for p in parts)
    assert split.test.dates[-1] == dates[-1]
    assert split.test.dates[0] > max(split.generator.dates[-1], split.control.dates[-1])


def test_the_parts_of_a_split_have_different_hashes_that_change_with_a_price() -> None:
    prices, _, _ = clean_prices(price_table(900), market_schema("A", "B"))
    first = split_prices(prices).hashes()
    assert len(set(first.values())) == 3
    moved = Prices(prices.schema, prices.dates, prices.values * np.r_[1.01, np.ones(899)][:, None])
    changed = split_prices(moved).hashes()
    assert changed["generator"] != first["generator"]
    assert changed["test"] == first["test"]


def test_a_history_too_short_for_its_embargo_is_refused() -> None:
    prices, _, _ = clean_prices(price_table(260), market_schema("A", "B"))
    with pytest.raises(DataError, match="too short to split"):
        split_prices(prices, embargo=120)


@pytest.mark.parametrize(("every", "step"), [(1, "day"), (7, "week"), (30, "month")])
def test_the_calendar_of_dates_is_recognised(every: int, step: str) -> None:
    dates = (np.arange(40) * every).astype("datetime64[D]")
    assert Prices(market_schema("A"), dates, np.ones((40, 1))).step == step


def test_the_shipped_indices_are_twenty_years_without_a_hole() -> None:
    table = sp500_prices()
    prices, _, notes = clean_prices(table, market_schema("SP500", "NASDAQ"))
    assert notes == []
    assert table.height == prices.n_days == 5031
    assert prices.step == "business"
    # The largest fall in this history, 15 October 2008: 907.84 after 998.01.
    worst = int(np.argmin(prices.log_returns()[:, 0]))
    assert prices.dates[worst + 1] == np.datetime64("2008-10-15")
    assert prices.log_returns()[worst, 0] == pytest.approx(np.log(907.84 / 998.01))


@pytest.mark.parametrize("dtype", [pl.Time, pl.Duration("us")])
def test_a_time_of_day_is_no_date(dtype: pl.DataType) -> None:
    table = price_table().with_columns(pl.lit(0).cast(dtype).alias("date"))
    with pytest.raises(DataError, match="should hold dates"):
        clean_prices(table, market_schema("A", "B"))


def test_a_number_too_large_to_count_days_is_refused_with_its_first_row() -> None:
    table = price_table().with_columns(pl.int_range(pl.len()).alias("date") + 10**12)
    with pytest.raises(DataError, match=r"400 numbers too large .*\(first at row 1\)"):
        clean_prices(table, market_schema("A", "B"))
