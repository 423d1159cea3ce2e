"""The simulated bank: exact books, habits, frauds and what only looks like one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskgen.data.toybank import CATEGORIES, LARGEST_OVERDRAFT, TYPOLOGIES, simulate_bank
from riskgen.data.toybank.calendar import open_calendar
from riskgen.data.toybank.customers import Customers, open_accounts
from riskgen.data.toybank.draws import cumulative, pick
from riskgen.data.toybank.entries import Entries
from riskgen.data.toybank.ledger import settle
from riskgen.data.toybank.merchants import open_merchants

COLUMNS = [
    "customer_id",
    "timestamp",
    "amount",
    "direction",
    "signed_amount",
    "balance",
    "category",
    "merchant",
    "counterparty",
    "channel",
    "country",
    "device",
    "home_country",
    "age_band",
    "segment",
    "is_fraud",
    "fraud_typology",
]


@pytest.fixture(scope="module")
def bank() -> pl.DataFrame:
    return simulate_bank(2_500, seed=5, fraud_share=0.1)


def in_cents(table: pl.DataFrame, name: str) -> np.ndarray:
    return np.round(table[name].to_numpy() * 100).astype(np.int64)


def test_the_table_has_the_columns_and_types_of_a_bank(bank: pl.DataFrame) -> None:
    assert bank.columns == COLUMNS
    assert bank["timestamp"].dtype == pl.Datetime("us")
    assert bank["is_fraud"].dtype == pl.Int8
    assert set(bank["category"]) <= set(CATEGORIES)
    never = ["merchant", "counterparty", "device", "fraud_typology"]
    assert bank.select(pl.exclude(never)).null_count().transpose().sum().item() == 0


def test_the_same_seed_gives_the_same_table_and_another_does_not() -> None:
    first = simulate_bank(200, days=60, seed=3)
    assert first.equals(simulate_bank(200, days=60, seed=3))
    assert not first.equals(simulate_bank(200, days=60, seed=4))


def test_every_balance_adds_up_to_the_cent(bank: pl.DataFrame) -> None:
    signed, balance = in_cents(bank, "signed_amount"), in_cents(bank, "balance")
    same = (bank["customer_id"] == bank["customer_id"].shift(1)).fill_null(False).to_numpy()
    np.testing.assert_array_equal(np.diff(balance)[same[1:]], signed[1:][same[1:]])


def test_amounts_are_positive_cents_and_carry_the_sign_of_their_direction(
    bank: pl.DataFrame,
) -> None:
    amount = in_cents(bank, "amount")
    assert amount.min() >= 1
    np.testing.assert_array_equal(bank["amount"].to_numpy(), amount / 100)
    sign = np.where(bank["direction"].to_numpy() == "credit", 1, -1)
    np.testing.assert_array_equal(in_cents(bank, "signed_amount"), sign * amount)


def test_no_account_is_overdrawn_beyond_its_limit_by_a_debit(bank: pl.DataFrame) -> None:
    assert in_cents(bank, "balance").min() >= -LARGEST_OVERDRAFT
    assert (bank["balance"] < 0).mean() > 0.001  # the limit is used


def test_times_of_a_customer_strictly_increase_inside_the_year(bank: pl.DataFrame) -> None:
    gaps = bank.select(pl.col("timestamp").diff().over("customer_id").dt.total_seconds())
    assert gaps.min().item() >= 1
    assert bank["timestamp"].dt.year().unique().to_list() == [2025]


def test_context_is_fixed_for_each_customer(bank: pl.DataFrame) -> None:
    levels = bank.group_by("customer_id").agg(
        pl.col("home_country", "age_band", "segment").n_unique()
    )
    assert levels.select(pl.exclude("customer_id")).max().row(0) == (1, 1, 1)


def test_missing_values_say_what_kind_of_booking_it_is(bank: pl.DataFrame) -> None:
    cash = bank.filter(channel="atm")
    assert cash.select("merchant", "counterparty", "device").null_count().row(0) == (
        cash.height,
        cash.height,
        cash.height,
    )
    cards = bank.filter(pl.col("channel").is_in(["card_present", "online", "direct_debit"]))
    assert cards["merchant"].null_count() == 0
    assert cards["counterparty"].null_count() == cards.height
    orders = bank.filter(pl.col("channel").is_in(["transfer", "standing_order"]))
    assert orders["counterparty"].null_count() == 0
    assert orders["merchant"].null_count() == orders.height


def test_the_typology_repeats_the_label(bank: pl.DataFrame) -> None:
    assert (bank["fraud_typology"].is_not_null() == (bank["is_fraud"] == 1)).all()
    assert set(bank["fraud_typology"].drop_nulls()) == set(TYPOLOGIES)


def test_about_the_wanted_share_of_customers_is_struck(bank: pl.DataFrame) -> None:
    struck = bank.group_by("customer_id").agg(pl.col("is_fraud").max())
    assert 0.085 < struck["is_fraud"].mean() <= 0.1
    assert bank["is_fraud"].mean() < 0.03


def test_a_bank_without_fraud_has_none() -> None:
    assert simulate_bank(300, days=60, fraud_share=0.0)["is_fraud"].sum() == 0


def test_each_struck_customer_suffers_one_typology_once(bank: pl.DataFrame) -> None:
    kinds = (
        bank.filter(is_fraud=1)
        .group_by("customer_id")
        .agg(
            pl.col("fraud_typology").n_unique(),
            (pl.col("timestamp").max() - pl.col("timestamp").min()).dt.total_days().alias("days"),
        )
    )
    assert kinds["fraud_typology"].max() == 1
    assert kinds["days"].median() < 2
    assert kinds["days"].quantile(0.9) < 45


def test_frauds_strike_in_every_quarter(bank: pl.DataFrame) -> None:
    starts = bank.filter(is_fraud=1).group_by("customer_id").agg(pl.col("timestamp").min())
    quarters = starts["timestamp"].dt.quarter().value_counts().sort("timestamp")["count"]
    assert (quarters > 0.12 * starts.height).all()


def test_salaries_come_on_paydays_and_repeat_to_the_cent(bank: pl.DataFrame) -> None:
    salary = bank.filter((pl.col("category") == "income") & (pl.col("segment") == "salaried"))
    counts = salary.group_by("customer_id", "amount").len()
    repeated = counts.filter(pl.col("len") >= 3)["len"].sum()
    assert repeated > 0.8 * salary.height
    assert set(salary["timestamp"].dt.weekday()) <= {1, 2, 3, 4, 5}


def test_rent_is_exact_and_monthly(bank: pl.DataFrame) -> None:
    rent = (
        bank.filter(category="housing")
        .group_by("customer_id")
        .agg(pl.col("amount").n_unique(), pl.col("counterparty").n_unique(), pl.len())
    )
    assert rent["amount"].max() == 1
    assert rent["counterparty"].max() == 1
    assert rent["len"].max() == 12


def test_shopping_follows_the_week_and_peaks_after_payday(bank: pl.DataFrame) -> None:
    shopping = bank.filter(pl.col("channel") == "card_present")
    by_weekday = shopping["timestamp"].dt.weekday().value_counts().sort("timestamp")["count"]
    assert by_weekday[5] > 1.15 * by_weekday[0]  # Saturday and Monday
    larger = simulate_bank(4_000, seed=1).filter(channel="card_present")
    early = larger["timestamp"].dt.day().is_between(1, 6).sum() / 6
    late = larger["timestamp"].dt.day().is_between(18, 23).sum() / 6
    assert early > 1.1 * late


def test_most_shopping_is_by_day(bank: pl.DataFrame) -> None:
    hours = bank.filter(channel="card_present", is_fraud=0)["timestamp"].dt.hour()
    assert hours.is_between(8, 21).mean() > 0.85
    assert hours.is_between(2, 5).mean() < 0.04


def test_customers_return_to_their_own_merchants(bank: pl.DataFrame) -> None:
    shopping = bank.filter(pl.col("channel") == "card_present").with_columns(
        pl.col("customer_id").shuffle(seed=1).alias("someone")
    )
    own = shopping.select("customer_id", "merchant").is_duplicated().mean()
    anyone = shopping.select("someone", "merchant").is_duplicated().mean()
    assert own > 1.5 * anyone


def test_merchants_are_several_hundred_and_few_are_popular(bank: pl.DataFrame) -> None:
    counts = bank["merchant"].drop_nulls().value_counts(sort=True)["count"]
    assert 300 < len(counts) <= 600
    assert counts[:60].sum() > 0.4 * counts.sum()


def test_genuine_customers_do_what_frauds_do(bank: pl.DataFrame) -> None:
    genuine = bank.filter(is_fraud=0)
    pushes = genuine.filter(channel="transfer", direction="debit")
    first = pushes.select(pl.struct("customer_id", "counterparty").is_first_distinct()).to_series()
    large = pushes["amount"] > 1_000
    assert (first & large).sum() > 200
    tiny = genuine.filter((pl.col("channel") == "online") & (pl.col("amount") < 5))
    gaps = tiny.select(pl.col("timestamp").diff().over("customer_id").dt.total_seconds())
    assert (gaps.to_series() < 120).sum() > 1_000
    assert (genuine["country"] != genuine["home_country"]).mean() > 0.02
    devices = genuine.group_by("customer_id").agg(pl.col("device").n_unique())
    assert (devices["device"] > 2).mean() > 0.2


def test_device_and_payee_numbers_do_not_tell_fraud_apart(bank: pl.DataFrame) -> None:
    for name in ("device", "counterparty"):
        keyed = bank.drop_nulls(name).select(pl.col(name).str.slice(1).cast(pl.Int64), "is_fraud")
        median = keyed.group_by("is_fraud").agg(pl.col(name).median() / keyed[name].max())
        shares = dict(median.iter_rows())
        assert shares[1] == pytest.approx(shares[0], abs=0.15)


def test_levels_are_drawn_as_often_as_their_row_says() -> None:
    weights = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]])
    rows = np.repeat([0, 1], [40_000, 100])
    drawn = pick(cumulative(weights), rows, np.random.default_rng(0))
    counts = np.bincount(drawn[:40_000], minlength=3) / 40_000
    np.testing.assert_allclose(counts, [0.25, 0, 0.75], atol=0.01)
    assert set(drawn[40_000:]) == {1}


def test_settling_agrees_with_a_ledger_kept_by_hand() -> None:
    calendar, rng = open_calendar(30), np.random.default_rng(4)
    customers = open_accounts(7, calendar, open_merchants(rng), rng)
    n, end = 400, calendar.seconds
    entries = Entries.book(
        rng.integers(0, 7, n),
        rng.integers(0, end // 600, n) * 600,
        rng.integers(1, 200_000, n),
        channel=0,
        category=0,
        country=np.zeros(n, dtype=np.int64),
        share=np.where(rng.random(n) < 0.2, 0.5, 0.0),
        credit=rng.random(n) < 0.4,
    )
    ledger = settle(entries, customers, end, np.full(7, end))
    assert ledger.balance.tolist() == _by_hand(entries, customers)


def _by_hand(entries: Entries, customers: Customers) -> list[int]:
    balances = []
    for owner in range(7):
        funds, limit = int(customers.opening[owner]), int(customers.limit[owner])
        mine = [i for i in range(len(entries)) if entries.owner[i] == owner]
        for i in sorted(mine, key=lambda i: entries.second[i]):
            amount = int(entries.cents[i])
            if entries.second[i] < customers.joined[owner]:
                continue
            if entries.share[i] > 0:
                amount = int(entries.share[i] * max(funds + limit, 0))
                amount -= amount % (1_000 if amount >= 10_000 else 100)
            if amount == 0 or not (entries.credit[i] or amount <= funds + limit):
                continue
            funds += amount if entries.credit[i] else -amount
            balances.append(funds)
    return balances


@pytest.mark.parametrize(("customers", "days"), [(1, 28), (3, 40), (50, 400)])
def test_small_and_odd_banks_can_be_simulated(customers: int, days: int) -> None:
    table = simulate_bank(customers, days=days, seed=2, fraud_share=1.0)
    assert table.columns == COLUMNS
    assert table["customer_id"].n_unique() <= customers
