"""What is read from an own history: quantiles, cash, notes, what an entity prefers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.cash import cash_like_rows, cash_rows, in_notes
from riskgen.simulate.mechanisms.own_amounts import largest_so_far, spending_quantile
from riskgen.simulate.mechanisms.population import preferring, time_left
from riskgen.simulate.mechanisms.sums import distinct, medians, middles, spans

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=40)


@given(pairs=PAIRS)
def test_sums_by_entity_are_those_of_a_plain_loop(pairs: list[tuple[int, int]]) -> None:
    rank = np.array([pair[0] for pair in pairs], dtype=np.int64)
    values = np.array([pair[1] for pair in pairs], dtype=np.int64)
    for entity in range(5):
        own = values[rank == entity]
        assert distinct(rank, values, 5)[entity] == len(set(own.tolist()))
        found = medians(rank, values.astype(np.float64), 5)[entity]
        assert found == np.median(own) if len(own) else np.isnan(found)
        middle, span = (f(rank, values.astype(np.float64), 5)[entity] for f in (middles, spans))
        if len(own):
            assert (middle, span) == ((own.min() + own.max()) / 2, own.max() - own.min())
        else:
            assert np.isnan(middle)
            assert np.isnan(span)


def test_the_largest_so_far_and_a_quantile_are_of_the_own_past_only() -> None:
    accounts = Accounts.of(bank(5))
    largest = largest_so_far(accounts, accounts.spent)
    rows = accounts.debits
    high = spending_quantile(accounts, rows, 0.99)
    half = spending_quantile(accounts, rows, 0.5)
    for place, row in enumerate(rows):
        start = accounts.events.offsets[accounts.events.owner[row]]
        own = accounts.spent[start : row + 1]
        assert largest[row] == own.max()
        own = np.sort(own[own > 0])
        assert high[place] == own[-1], "fewer than 100 amounts"
        assert half[place] == own[(len(own) - 1) // 2]


@pytest.mark.parametrize(
    ("level", "cash", "like"),
    [
        ("withdrawal in cash", True, True),
        ("ATM", True, True),
        ("6011", True, True),
        ("7995", False, True),
        ("crypto_exchange", False, True),
        ("groceries", False, False),
        ("cashmere", False, False),
        ("60110", False, False),
    ],
)
def test_cash_is_told_by_words_and_merchant_codes(level: str, cash: bool, like: bool) -> None:
    base = bank(3)
    kind = Channel(name="kind", dtype="String", kind="category", role="channel", meaning="category")
    schema = base.schema.model_copy(update={"channels": (*base.schema.channels, kind)})
    names = pl.Series("kind", [level if row % 2 else None for row in range(base.n_events)])
    accounts = Accounts.of(Events(schema, base.frame.with_columns(names), base.offsets))
    odd = np.arange(base.n_events) % 2 == 1
    assert np.array_equal(cash_rows(accounts), odd & cash)
    assert np.array_equal(cash_like_rows(accounts), odd & like)


def test_a_merchant_called_cash_is_not_cash() -> None:
    base = bank(3)
    frame = base.frame.with_columns(shop=pl.lit("cash express"))
    assert not cash_rows(Accounts.of(Events(base.schema, frame, base.offsets))).any()


@given(units=st.integers(1, 10**7), note=st.sampled_from([1, 5, 10, 20, 50]))
def test_cash_is_paid_in_notes(units: int, note: int) -> None:
    found = in_notes(np.array([units]), np.array([note * 100]), 2)[0]
    assert found >= 1
    if units >= 2 * note * 100:
        assert found % (note * 100) == 0
        assert abs(found - units) <= 0.5 * note * 100
    odd = in_notes(np.array([units]), np.array([1_234_567]), 2)[0]
    assert odd == units


def test_a_wish_moves_the_moment_but_never_who() -> None:
    accounts = Accounts.of(bank(20))
    rows = np.random.default_rng(0).random(accounts.events.n_events) < 0.5
    wanted = time_left(accounts) > 86_400 * 10
    wanted[accounts.events.owner == 3] = False
    kept = preferring(accounts, rows, wanted)
    owner = accounts.events.owner
    assert set(owner[kept]) == set(owner[rows])
    assert not (kept & ~rows).any()
    assert np.array_equal(kept[owner == 3], rows[owner == 3])
    assert not (kept & ~wanted)[owner != 3].any()
