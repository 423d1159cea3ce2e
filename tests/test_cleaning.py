"""Every change to the user's table is said, and what cannot be mended is refused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.cleaning import clean
from riskgen.data.inference.inference import infer_schema
from riskgen.data.schema import Channel, Schema
from riskgen.errors import DataError, SchemaError


def with_channel(**facts: object) -> Schema:
    """The tiny schema with one more column."""
    schema = tiny_schema()
    extra = Channel.model_validate({"dtype": "String", "kind": "category", **facts})
    return schema.model_copy(update={"channels": (*schema.channels, extra)})


def test_a_clean_table_needs_no_note() -> None:
    events, schema, notes = clean(tiny_table(), tiny_schema())
    assert notes == []
    assert schema == tiny_schema()
    assert events.n_entities == 40


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(tiny_table().height)
    sorted_events, _, _ = clean(tiny_table(), tiny_schema())
    events, _, notes = clean(tiny_table()[order], tiny_schema())
    assert events.frame.equals(sorted_events.frame)
    assert any("sorted" in note for note in notes)


def test_exact_repeats_are_kept_and_counted() -> None:
    table = pl.concat([tiny_table(), tiny_table().head(3)])
    events, _, notes = clean(table, tiny_schema())
    assert events.n_events == table.height
    assert any(note.startswith("3 rows repeat") for note in notes)


@pytest.mark.parametrize("name", ["customer", "when"])
def test_a_few_rows_without_keys_are_left_out_and_many_are_refused(name: str) -> None:
    table = tiny_table()
    few = table.with_columns(pl.when(pl.int_range(pl.len()) != 4).then(pl.col(name)))
    events, _, notes = clean(few, tiny_schema())
    assert events.n_events == table.height - 1
    assert any(note.startswith(f"1 rows without '{name}'") for note in notes)
    many = table.with_columns(pl.when(pl.int_range(pl.len()) % 9 != 5).then(pl.col(name)))
    with pytest.raises(DataError, match=r"first at row 6\)"):
        clean(many, tiny_schema())


def test_not_a_number_is_missing_and_stays_missing() -> None:
    third = pl.int_range(pl.len()) % 3 == 0
    table = tiny_table().with_columns(amount=pl.when(third).then(float("nan")).otherwise(1.0))
    events, _, _ = clean(table, tiny_schema())
    assert events.frame["amount"].null_count() == int(table["amount"].is_nan().sum())


def test_infinite_amounts_are_refused_with_their_first_row() -> None:
    bad = pl.int_range(pl.len()).is_in([10, 12])
    table = tiny_table().with_columns(amount=pl.when(bad).then(float("inf")).otherwise(1.0))
    with pytest.raises(DataError, match=r"'amount' has 2 infinite values \(first at row 11\)"):
        clean(table, tiny_schema())


def test_a_label_with_gaps_is_refused_with_the_remedy() -> None:
    table = tiny_table().with_columns(pl.when(pl.int_range(pl.len()) != 2).then(pl.col("fraud")))
    with pytest.raises(DataError, match=r"first at row 3.*--drop fraud"):
        clean(table, tiny_schema())


def test_a_label_with_other_values_is_refused() -> None:
    with pytest.raises(DataError, match="other than 0 and 1"):
        clean(tiny_table().with_columns(fraud=pl.lit(2)), tiny_schema())


def test_a_label_with_one_class_is_set_aside_and_said() -> None:
    table = tiny_table().with_columns(fraud=pl.lit(0, dtype=pl.Int8))
    events, schema, notes = clean(table, infer_schema(table))
    assert schema.label is None
    assert schema.label_level is None
    assert events.schema is schema
    assert any("one class" in note for note in notes)


def test_truth_values_become_a_label_of_0_and_1() -> None:
    table = tiny_table().with_columns(fraud=pl.col("fraud") == 1)
    events, schema, _ = clean(table, infer_schema(table))
    assert schema.channel("fraud").dtype == "Boolean"
    assert events.event_label().sum() == table["fraud"].sum()


@pytest.mark.parametrize(("n_entities", "words"), [(1, "1 distinct"), (19, "19 distinct")])
def test_too_few_entities_are_refused(n_entities: int, words: str) -> None:
    with pytest.raises(DataError, match=words):
        clean(tiny_table(n_entities), tiny_schema())


def test_histories_of_one_event_are_fine_unless_all_are() -> None:
    table = tiny_table()
    first = table.unique("customer", keep="first", maintain_order=True)
    with pytest.raises(DataError, match="no history"):
        clean(first, tiny_schema())
    mixed = pl.concat(
        [
            first.head(10),
            table.filter(~pl.col("customer").is_in(first["customer"].head(10).to_list())),
        ]
    )
    _, _, notes = clean(mixed, tiny_schema())
    assert any(note.startswith("10 of 40 entities") for note in notes)


def test_an_empty_column_is_set_aside_and_said() -> None:
    table = tiny_table().with_columns(extra=pl.lit(None, dtype=pl.String))
    _, schema, notes = clean(table, with_channel(name="extra", role="channel"))
    assert schema.channel("extra").role == "dropped"
    assert any("'extra'" in note for note in notes)


def test_columns_that_are_not_modelled_hold_nothing_afterwards() -> None:
    table = tiny_table().with_columns(holder=pl.lit("Ada Lovelace"))
    events, _, notes = clean(table, with_channel(name="holder", role="dropped", reason="a name"))
    assert events.frame["holder"].null_count() == events.n_events
    assert events.frame["holder"].dtype == pl.String
    assert not any("Ada" in note for note in notes)


def test_columns_beyond_the_schema_are_left_out_and_said() -> None:
    table = tiny_table().with_columns(more=pl.lit(1))
    events, _, notes = clean(table, tiny_schema())
    assert "more" not in events.frame.columns
    assert any("more" in note for note in notes)


def test_a_schema_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SchemaError, match="does not fit"):
        clean(tiny_table().drop("amount"), tiny_schema())
    with pytest.raises(SchemaError, match="should hold numbers"):
        clean(tiny_table().with_columns(amount=pl.lit("1,5")), tiny_schema())


def test_times_become_clock_time_without_zone() -> None:
    zoned = pl.col("when").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    table = tiny_table().with_columns(when=zoned.cast(pl.Datetime("ns", "Asia/Tokyo")))
    events, schema, _ = clean(table, infer_schema(table))
    assert schema.channel("when").dtype == "Datetime(ns, Asia/Tokyo)"
    assert events.frame["when"].dtype == pl.Datetime("us")
    plain, _, _ = clean(tiny_table(), tiny_schema())
    assert np.allclose(events.seconds() - plain.seconds(), 9 * 3600)


def test_dates_and_steps_keep_their_meaning() -> None:
    dated = tiny_table().with_columns(pl.col("when").dt.date())
    events, schema, _ = clean(dated, infer_schema(dated))
    assert (events.frame["when"].dtype, schema.resolution) == (pl.Date(), "day")
    steps = tiny_table().with_columns(when=pl.int_range(pl.len(), dtype=pl.Int16).cast(pl.Int16))
    events, schema, _ = clean(steps, infer_schema(steps, time="when"))
    assert (events.frame["when"].dtype, schema.resolution) == (pl.Int64(), "step")


def test_unreadable_dates_count_as_missing_keys() -> None:
    broken = pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("soon"))
    text = broken.otherwise(pl.col("when").dt.strftime("%Y-%m-%d %H:%M:%S"))
    table = tiny_table().with_columns(when=text)
    events, _, notes = clean(table, infer_schema(table))
    assert events.n_events == table.height - 1
    assert any("without 'when'" in note for note in notes)


def test_decimals_and_small_floats_become_exact_cents() -> None:
    cents = [Decimal("12.10"), Decimal("0.07"), None]
    column = pl.Series((cents * tiny_table().height)[: tiny_table().height], dtype=pl.Decimal(9, 2))
    for amounts in (column, column.cast(pl.Float32)):
        table = tiny_table().with_columns(amount=amounts)
        schema = infer_schema(table)
        events, _, _ = clean(table, schema)
        assert schema.channel("amount").decimals == 2
        assert set(events.frame["amount"].to_list()) == {12.10, 0.07, None}


def test_ties_are_put_into_the_order_that_the_balance_proves() -> None:
    table = tiny_table().with_columns(
        when=pl.col("when").dt.date(),
        balance=(pl.col("amount").cum_sum().over("customer") + 50).round(2),
    )
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=3)
    events, schema, notes = clean(shuffled, infer_schema(shuffled))
    assert schema.channel("balance").formula == "running_sum(amount)"
    assert events.frame["balance"].equals(table["balance"])
    assert any("proves" in note for note in notes)


def test_a_balance_that_stops_following_is_said() -> None:
    money = {"dtype": "Float64", "kind": "amount", "decimals": 2}
    schema = with_channel(name="balance", role="derived", formula="running_sum(amount)", **money)
    table = tiny_table().with_columns(balance=pl.int_range(pl.len()) * 1.5)
    _, _, notes = clean(table, schema)
    assert any("not the running sum" in note for note in notes)


def test_a_month_table_has_the_resolution_month() -> None:
    rows = [(i, date(2024, m, 1), float(i * m)) for i in range(30) for m in range(1, 7)]
    table = pl.DataFrame(rows, schema=["client_id", "month", "bill_amt"], orient="row")
    _, schema, _ = clean(table, infer_schema(table))
    assert schema.resolution == "month"


def test_names_with_markup_pass_through() -> None:
    odd = "<script>alert('x')</script>"
    table = tiny_table().rename({"category": odd})
    events, schema, _ = clean(table, infer_schema(table))
    assert odd in events.frame.columns
    assert schema.channel(odd).role == "channel"
    assert isinstance(events.frame["when"][0], datetime)


def test_numbers_as_large_as_a_placeholder_are_refused_with_their_first_row() -> None:
    table = tiny_table()
    amounts = table["amount"].to_numpy().copy()
    amounts[[17, 40]] = [1.7e308, -1e30]
    table = table.with_columns(pl.Series("amount", amounts))
    assert infer_schema(table).channel("amount").decimals == 2
    with pytest.raises(DataError, match=r"'amount' has 2 values .*first at row 18"):
        clean(table, infer_schema(table))


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Decimal(12, 2)])
def test_cents_survive_a_schema_that_does_not_say_how_many_decimals(dtype: pl.DataType) -> None:
    table = tiny_table()
    channels = [c.model_copy(update={"decimals": None}) for c in tiny_schema().channels]
    schema = tiny_schema().model_copy(update={"channels": tuple(channels)})
    events, _, _ = clean(table.with_columns(pl.col("amount").cast(dtype)), schema)
    assert events.numbers("amount").tolist() == clean(table, schema)[0].numbers("amount").tolist()
