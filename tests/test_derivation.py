"""Arithmetic between columns is found to the cent and computed again."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.derived.chains import chain_order, gaps
from riskgen.data.derived.derivation import derive, openings
from riskgen.data.derived.ledger import Ledger, find_running_sum
from riskgen.data.events import Events
from riskgen.data.schema import Schema
from riskgen.errors import SchemaError


def statement(seed: int = 0, n_accounts: int = 30, per_day: int = 3) -> pl.DataFrame:
    """Accounts with several bookings a day and the balance after each, in true order."""
    rng = np.random.default_rng(seed)
    rows = []
    for account in range(n_accounts):
        balance = int(rng.integers(0, 10**6))
        for day in range(20):
            for _ in range(int(rng.integers(1, per_day + 1))):
                moved = int(rng.integers(-50_000, 60_000))
                balance += moved
                when = date(2024, 1, 1) + timedelta(days=day)
                rows.append((account, when, moved / 100, abs(moved) / 100, balance / 100))
    names = ["account", "day", "moved", "size", "balance"]
    return pl.DataFrame(rows, schema=names, orient="row")


def statement_schema(balance: str = "running_sum(moved)", size: str = "absolute(moved)") -> Schema:
    money = {"dtype": "Float64", "kind": "amount", "decimals": 2}
    return Schema.model_validate(
        {
            "domain": "transactions",
            "resolution": "day",
            "channels": (
                {"name": "account", "dtype": "Int64", "kind": "identifier", "role": "entity"},
                {"name": "day", "dtype": "Date", "kind": "timestamp", "role": "time"},
                {"name": "moved", "role": "channel", **money},
                {"name": "size", "role": "derived", "formula": size, **money},
                {"name": "balance", "role": "derived", "formula": balance, **money},
            ),
        }
    )


def ledger(table: pl.DataFrame) -> Ledger:
    return Ledger.build(table, "account", "day", ["moved", "size", "balance"], 2)


def shuffled_within_days(table: pl.DataFrame, seed: int = 1) -> pl.DataFrame:
    order = np.random.default_rng(seed).permutation(table.height)
    return table[order].sort("account", "day", maintain_order=True)


def test_a_balance_is_found_to_be_the_running_sum() -> None:
    found = find_running_sum(ledger(statement()), "balance")
    assert found is not None
    assert (found.column, found.exact, found.order) == ("moved", 1.0, None)


def test_a_balance_is_found_when_the_order_within_days_is_lost() -> None:
    found = find_running_sum(ledger(shuffled_within_days(statement())), "balance")
    assert found is not None
    assert found.column == "moved"
    assert found.order is not None
    assert found.exact == 1.0


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_order_within_days_is_proved_by_the_balances(seed: int) -> None:
    book = ledger(shuffled_within_days(statement(seed, n_accounts=3, per_day=5), seed))
    amount, balance = book.units["moved"], book.units["balance"]
    order = chain_order(book.owner, book.group, amount, balance)
    assert np.array_equal(np.sort(order), np.arange(len(order)))
    assert np.array_equal(book.group[order], book.group)
    assert (gaps(book.owner, amount[order], balance[order]) == 0).mean() > 0.95


def test_books_rounded_to_one_unit_are_said_to_be_rounded() -> None:
    rng = np.random.default_rng(0)
    off = rng.choice([-0.01, 0.0, 0.01], p=[0.02, 0.96, 0.02], size=statement().height)
    drift = pl.Series(off).cum_sum().round(2)
    rounded = statement().with_columns((pl.col("balance") + drift).round(2))
    found = find_running_sum(ledger(rounded), "balance")
    assert found is not None
    assert 0.9 < found.exact < 0.999


def test_a_balance_with_one_wrong_row_in_a_hundred_is_not_a_running_sum() -> None:
    table = statement()
    wrong = pl.Series(np.arange(table.height) % 100 == 0)
    broken = table.with_columns(pl.col("balance") + pl.when(wrong).then(5.0).otherwise(0.0))
    assert find_running_sum(ledger(broken), "balance") is None


def test_an_unrelated_number_is_not_a_running_sum() -> None:
    rng = np.random.default_rng(0)
    table = statement()
    noise = pl.Series("balance", np.round(rng.normal(0, 100, table.height), 2))
    assert find_running_sum(ledger(table.with_columns(noise)), "balance") is None
    still = table.with_columns(balance=pl.lit(7.0), moved=pl.lit(0.0))
    assert find_running_sum(ledger(still), "balance") is None


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_deriving_from_the_openings_gives_the_balances_back(seed: int) -> None:
    events = Events.build(statement(seed, n_accounts=5), statement_schema())
    blank = events.frame.with_columns(size=pl.lit(0.0), balance=pl.lit(-1.0))
    again = derive(Events(events.schema, blank, events.offsets), openings(events))
    for name in ("size", "balance"):
        assert np.array_equal(again.numbers(name), events.numbers(name))


def test_cents_do_not_drift_over_long_histories() -> None:
    rows = [(0, date(2024, 1, 1) + timedelta(days=i), 0.1, 0.1, 0.0) for i in range(20_000)]
    names = ["account", "day", "moved", "size", "balance"]
    events = Events.build(pl.DataFrame(rows, schema=names, orient="row"), statement_schema())
    balance = derive(events, {"balance": np.array([0.3])}).numbers("balance")
    assert balance[-1] == 2000.3


def test_derived_columns_may_follow_from_derived_columns() -> None:
    schema = statement_schema(balance="running_sum(moved)", size="copy(balance)")
    events = Events.build(statement(), schema)
    again = derive(events, openings(events))
    assert np.array_equal(again.numbers("size"), again.numbers("balance"))


def test_derived_columns_that_need_each_other_are_refused() -> None:
    schema = statement_schema(balance="copy(size)", size="copy(balance)")
    with pytest.raises(SchemaError, match="need each other"):
        derive(Events.build(statement(), schema), {})


def test_an_unknown_formula_lists_the_known_ones() -> None:
    events = Events.build(statement(), statement_schema(size="eval(moved)"))
    with pytest.raises(SchemaError, match="running_sum"):
        derive(events, {})


def test_a_missing_amount_moves_no_balance() -> None:
    table = statement().with_columns(
        moved=pl.when(pl.int_range(pl.len()) % 7 == 3).then(None).otherwise(pl.col("moved"))
    )
    events = Events.build(table, statement_schema())
    balance = derive(events, {}).numbers("balance")
    gone = np.isnan(events.numbers("moved")) & (np.diff(events.owner, prepend=-1) == 0)
    assert np.array_equal(balance[gone], np.roll(balance, 1)[gone])
