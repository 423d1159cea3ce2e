"""A context table gives each event the row of its entity, or says what is in the way."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.context.table import join_context
from riskgen.errors import DataError, SchemaError


def events(n: int = 100) -> pl.DataFrame:
    keys = [i % n for i in reversed(range(3 * n))]
    return pl.DataFrame({"customer": keys, "amount": [i / 4 for i in range(3 * n)]})


def customers(n: int = 100, **columns: object) -> pl.DataFrame:
    table = pl.DataFrame({"customer": range(n), "segment": [f"s{i % 3}" for i in range(n)]})
    return table.with_columns(**columns)


def joined(left: pl.DataFrame, right: pl.DataFrame, key: str | None = None) -> pl.DataFrame:
    return join_context(left, right, "customer", key)[0]


def test_every_event_gets_the_row_of_its_entity_and_keeps_its_place() -> None:
    table, notes = join_context(events(), customers().reverse(), "customer")
    assert table.columns == ["customer", "amount", "segment"]
    assert table.drop("segment").equals(events())
    assert (table["segment"] == "s" + (table["customer"] % 3).cast(pl.String)).all()
    assert notes == ["The context was joined by 'customer' = 'customer' (the same name)."]


def test_lazy_events_stay_lazy_and_give_the_same_rows() -> None:
    lazy, _ = join_context(events().lazy(), customers(), "customer")
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(joined(events(), customers()))


def test_only_the_keys_of_lazy_events_are_read() -> None:
    def refuse(column: pl.Series) -> pl.Series:
        raise AssertionError("the amounts were read")

    lazy = events().lazy().with_columns(pl.col("amount").map_batches(refuse, pl.Float64))
    join_context(lazy, customers(), "customer")


def test_a_key_of_another_name_is_found_by_its_values_and_said() -> None:
    table = customers().rename({"customer": "id"}).with_columns(row=pl.int_range(pl.len()) + 500)
    found, notes = join_context(events(), table, "customer")
    assert found.columns == ["customer", "amount", "segment", "row"]
    assert "'customer' = 'id' (the same values)" in notes[0]


def test_two_columns_that_could_be_the_key_are_not_guessed() -> None:
    table = customers().rename({"customer": "id"}).with_columns(other=99 - pl.col("id"))
    with pytest.raises(SchemaError, match=r"several columns hold its keys \(id, other\)"):
        joined(events(), table)
    assert joined(events(), table, "other").columns[2:] == ["id", "segment"]


def test_no_key_and_an_unknown_key_are_said_with_the_columns() -> None:
    table = customers().rename({"customer": "id"}).with_columns(id=pl.col("id") + 1000)
    with pytest.raises(SchemaError, match=r"no column does.*--context-key.*id, segment"):
        joined(events(), table)
    with pytest.raises(SchemaError, match=r"no column 'custmer'\. Known: 'customer'"):
        joined(events(), customers(), "custmer")


def test_a_key_with_two_rows_is_refused_without_its_value() -> None:
    table = pl.concat([customers(), customers(98_765).tail(1), customers(98_765).tail(1)])
    with pytest.raises(DataError, match=r"several rows for 1 values.*first at row 101") as error:
        joined(events(), table)
    assert "98764" not in str(error.value)


def test_rows_without_a_key_are_left_out_and_counted() -> None:
    empty = pl.DataFrame({"customer": [None, None], "segment": ["x", "y"]})
    table = pl.concat([customers(), empty.cast({"customer": pl.Int64})])
    found, notes = join_context(events(), table, "customer")
    assert found.equals(joined(events(), customers()))
    assert any("2 context rows without 'customer'" in note for note in notes)


def test_few_entities_without_context_are_empty_and_many_are_refused() -> None:
    found, notes = join_context(events(), customers(95), "customer")
    assert found["segment"].null_count() == 15
    assert any("5 of 100 entities have no context" in note for note in notes)
    with pytest.raises(DataError, match="6 of 100 entities"):
        joined(events(), customers(94))


def test_context_rows_without_events_are_counted() -> None:
    found, notes = join_context(events(), customers(130), "customer")
    assert found.height == events().height
    assert any("30 context rows belong to no event" in note for note in notes)


def test_a_name_in_both_tables_gets_an_ending() -> None:
    table = customers(amount=pl.lit(7.0))
    found, notes = join_context(events(), table, "customer")
    assert found.columns == ["customer", "amount", "segment", "amount_context"]
    assert found["amount"].equals(events()["amount"])
    assert any("'amount_context'" in note for note in notes)
    with pytest.raises(SchemaError, match="'amount_context' would stand"):
        joined(events(), table.with_columns(amount_context=pl.lit(1)))


def test_a_context_of_keys_alone_says_so() -> None:
    with pytest.raises(SchemaError, match="no column beside its key"):
        joined(events(), customers().select("customer"))


WHOLE = [pl.Int16, pl.Int64, pl.UInt32, pl.Float64, pl.String, pl.Categorical]


@pytest.mark.parametrize("left", WHOLE, ids=str)
@pytest.mark.parametrize("right", WHOLE, ids=str)
def test_whole_numbers_are_one_key_in_every_type(left: type, right: type) -> None:
    def typed(table: pl.DataFrame, dtype: type) -> pl.DataFrame:
        text = pl.col("customer").cast(pl.String) if dtype == pl.Categorical else pl.col("customer")
        return table.with_columns(text.cast(dtype))

    found = joined(typed(events(), left), typed(customers(), right))
    assert found.schema["customer"] == left
    assert found["segment"].equals(joined(events(), customers())["segment"])


def test_leading_zeros_are_never_lost() -> None:
    padded = pl.col("customer").cast(pl.String).str.zfill(4)
    with pytest.raises(SchemaError, match="leading zeros"):
        joined(events(), customers().with_columns(padded))
    with pytest.raises(SchemaError, match="leading zeros"):
        joined(events().with_columns(padded), customers())
    same = joined(events().with_columns(padded), customers().with_columns(padded))
    assert same["segment"].null_count() == 0


def test_fractions_and_dates_are_no_keys_of_whole_numbers() -> None:
    for key in (pl.col("customer") + 0.5, pl.col("customer").cast(pl.Int32).cast(pl.Date)):
        with pytest.raises(SchemaError, match="without loss"):
            joined(events(), customers().with_columns(customer=key))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.permutations(range(31)))
@settings(max_examples=60, deadline=None)
def test_a_join_adds_columns_and_changes_nothing(keys: list[int], order: list[int]) -> None:
    left = pl.DataFrame({"customer": keys, "place": range(len(keys))})
    right = pl.DataFrame({"customer": order, "twice": [2 * key for key in order]})
    found = joined(left, right)
    assert found.drop("twice").equals(left)
    assert (found["twice"] == 2 * found["customer"]).all()
