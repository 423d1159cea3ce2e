"""The proposed schema finds who, when and what, and says why."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.cleaning import clean
from riskgen.data.inference.giveaway import gives_label_away
from riskgen.data.inference.inference import infer_schema
from riskgen.data.inference.meanings import credit_limit, meanings
from riskgen.data.inference.resolution import resolution_of
from riskgen.data.schema import Channel, Schema
from riskgen.data.schema_file import read_schema
from riskgen.data.times.readings import find_time_function
from riskgen.errors import DataError, RiskgenError, SchemaError


def bank(**columns: object) -> pl.DataFrame:
    """The tiny bank with a country that does not give frauds away, and more columns."""
    table = tiny_table()
    country = np.random.default_rng(0).choice(["DE", "FR", "IT"], table.height)
    return table.with_columns(country=pl.Series(country)).with_columns(**columns)


def role(schema: Schema, name: str) -> str:
    return schema.channel(name).role


def why(schema: Schema, name: str) -> str:
    return schema.channel(name).reason


def repeated(values: list[object]) -> pl.Series:
    height = tiny_table().height
    return pl.Series((values * (height // len(values) + 1))[:height])


def test_a_bank_table_is_understood() -> None:
    schema = infer_schema(bank())
    assert (schema.entity, schema.time, schema.label) == ("customer", "when", "fraud")
    assert (schema.domain, schema.resolution, schema.label_level) == (
        *("transactions", "clock"),
        "event",
    )
    assert schema.channel("amount").decimals == 2
    meanings = {c.name: c.meaning for c in schema.with_role("channel")}
    assert meanings == {"amount": "amount", "category": "category", "country": "country"}
    assert all(channel.reason for channel in schema.channels)


def test_the_schema_survives_its_own_file(tmp_path: Path) -> None:
    schema = infer_schema(bank())
    (tmp_path / "schema.yaml").write_text(schema.to_yaml(), encoding="utf-8")
    assert read_schema(tmp_path / "schema.yaml") == schema


def test_the_customer_is_chosen_before_the_card_and_the_reason_says_so() -> None:
    table = bank(card_id=repeated(list(range(60))))
    schema = infer_schema(table)
    assert schema.entity == "customer"
    assert "card_id" in why(schema, "customer")
    assert infer_schema(table, entity="card_id").entity == "card_id"


def test_the_key_is_chosen_before_the_account_of_the_counterparty() -> None:
    table = bank(account=repeated(["77", "78", None])).rename({"customer": "account_id"})
    schema = infer_schema(table)
    assert schema.entity == "account_id"
    assert schema.channel("account").meaning == "counterparty"


def test_a_table_without_an_owner_says_what_was_looked_for() -> None:
    table = bank().rename({"customer": "blob"})
    with pytest.raises(SchemaError, match=r"'blob'.*--entity"):
        infer_schema(table)
    assert infer_schema(table, entity="blob").entity == "blob"


def test_one_row_for_each_customer_is_no_history() -> None:
    table = pl.DataFrame({"customer_id": range(100), "amount": [1.5] * 100})
    with pytest.raises(SchemaError, match="not a history"):
        infer_schema(table)


def test_a_table_without_time_says_what_was_looked_for() -> None:
    with pytest.raises(SchemaError, match="--time"):
        infer_schema(bank().drop("when"))


def test_dates_that_read_two_ways_are_not_guessed() -> None:
    table = bank(when=repeated(["03/04/2024", "05/06/2024", "01/02/2024"]))
    with pytest.raises(SchemaError, match="swapped"):
        infer_schema(table)


def test_dates_written_as_text_are_time() -> None:
    table = bank(when=pl.col("when").dt.strftime("%d.%m.%Y %H:%M:%S"))
    schema = infer_schema(table)
    assert (schema.time, schema.resolution) == ("when", "clock")
    assert schema.channel("when").dtype == "String"


def test_the_finest_date_orders_events_and_its_functions_follow_from_it() -> None:
    when = pl.col("when")
    table = bank(
        booked=when.dt.date(),
        weekday=when.dt.weekday(),
        hour=when.dt.hour(),
        seconds=when.dt.epoch("s") - 17,
        days=(when - datetime(2025, 1, 1)).dt.total_days(),
        copy=when,
    )
    schema = infer_schema(table)
    assert schema.time == "when"
    formulas = {c.name: c.formula for c in schema.with_role("derived")}
    assert formulas == {
        "booked": "date(when)",
        "weekday": "weekday(when)",
        "hour": "hour(when)",
        "seconds": "seconds_since(when, 1970-01-01T00:00:17)",
        "days": "days_since(when, 2025-01-01)",
        "copy": "copy(when)",
    }
    assert "in every row" in why(schema, "weekday")


def test_a_step_number_is_time_when_there_is_no_date() -> None:
    table = bank(step=repeated(list(range(30)))).drop("when")
    schema = infer_schema(table)
    assert (schema.time, schema.resolution) == ("step", "step")


def test_a_count_that_only_follows_the_time_roughly_is_kept() -> None:
    days = pl.col("when").dt.day() + pl.Series(repeated([0, 0, 0, 0, 1]))
    assert role(infer_schema(bank(day_seen=days)), "day_seen") == "channel"


def test_equal_moments_with_equal_values_make_a_function_of_time() -> None:
    moments = pl.Series([date(2025, 1, 1) + timedelta(days=i % 20) for i in range(400)])
    holiday = pl.Series("holiday", [i % 20 in (3, 7) for i in range(400)])
    found = find_time_function(holiday, moments)
    assert found is not None
    assert (found.formula, found.words) == (None, "a function of time")
    other = holiday.scatter(3, False)
    assert find_time_function(other, moments) is None


def test_night_and_weekend_follow_from_the_time_and_a_mere_habit_does_not() -> None:
    table = pl.concat([bank(), tiny_table(400, seed=1).select(bank().columns)])
    night = (pl.col("when").dt.hour() < 6) | (pl.col("when").dt.weekday() > 5)
    habit = night ^ (pl.int_range(pl.len()) % 50 == 0)
    many = table.with_columns(is_night=night, night_shop=habit)
    schema = infer_schema(many)
    assert str(schema.channel("is_night").formula).startswith("by_weekend_hour(when, ")
    assert role(schema, "night_shop") == "channel"


def test_a_date_fixed_for_each_entity_is_left_out_and_said() -> None:
    opened = pl.col("customer").str.slice(1).cast(pl.Int64) + 10_000
    schema = infer_schema(bank(opened=opened.cast(pl.Int32).cast(pl.Date)))
    assert role(schema, "opened") == "dropped"
    assert "fixed per entity" in why(schema, "opened")
    assert schema.time == "when"


def test_facts_fixed_for_each_entity_are_context() -> None:
    segment = pl.col("customer").str.slice(4).cast(pl.Int64) % 3
    schema = infer_schema(bank(segment=segment, income=segment * 1000.5))
    assert (role(schema, "segment"), schema.channel("segment").kind) == ("context", "category")
    assert (role(schema, "income"), schema.channel("income").kind) == ("context", "amount")
    assert schema.channel("income").meaning is None


def test_a_second_name_of_the_entity_is_left_out() -> None:
    schema = infer_schema(bank(internal_ref=pl.col("customer").str.slice(1).cast(pl.Int64) + 5))
    assert role(schema, "internal_ref") == "dropped"


def test_row_numbers_constants_and_empty_columns_are_told_apart() -> None:
    rows = pl.int_range(pl.len())
    schema = infer_schema(
        bank(
            tx_id=rows * 7 + 1000,
            column_0=rows,
            currency=pl.lit("EUR"),
            nothing=pl.lit(None),
            unused=pl.lit(None, dtype=pl.Float64),
        )
    )
    assert [role(schema, n) for n in ("tx_id", "column_0")] == ["row_id", "row_id"]
    for name in ("currency", "nothing", "unused"):
        assert role(schema, name) == "dropped"


def test_kinds_follow_the_values() -> None:
    schema = infer_schema(
        bank(
            rating=repeated([1, 2, 3]),
            is_online=repeated([True, False, True]),
            pieces=pl.Series(np.random.default_rng(1).integers(0, 500, tiny_table().height)),
            fee_amount=repeated([1, 2, 3, 5, 8]),
            score=pl.Series(np.random.default_rng(2).normal(size=tiny_table().height)),
        )
    )
    kinds = {n: schema.channel(n).kind for n in ("rating", "is_online", "pieces", "fee_amount")}
    assert kinds == {
        "rating": "category",
        "is_online": "flag",
        "pieces": "number",
        "fee_amount": "amount",
    }
    assert schema.channel("score").decimals == 6
    assert schema.channel("pieces").decimals == 0


def test_the_category_of_a_merchant_is_no_merchant() -> None:
    kinds = {"merchant_category": "category", "merchant_id": "category", "device_type": "category"}
    found = meanings(kinds, frozenset())
    assert found == {
        "merchant_category": "category",
        "merchant_id": "merchant",
        "device_type": "device",
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("credit_limit", True),
        ("LIMIT_BAL", True),
        ("limit", True),
        ("cardLimit", True),
        ("daily_limit", False),
        ("credit_score", False),
    ],
)
def test_a_credit_limit_is_known_by_its_name_though_no_event_moves_it(
    name: str, found: bool
) -> None:
    assert credit_limit({"amount": "amount", name: "amount"}) == (name if found else None)
    assert credit_limit({name: "category"}) is None
    owners = tiny_table()["customer"].rank("dense").to_numpy()
    schema = infer_schema(bank(**{name: pl.Series(1_000.0 * (owners % 7 + 1))}))
    assert role(schema, name) == "context"
    assert schema.channel(name).meaning == ("credit_limit" if found else None)
    assert schema.channel("amount").meaning == "amount"


def test_each_meaning_is_given_once() -> None:
    schema = infer_schema(bank(amount_fee=pl.col("amount") / 7, merchant_id=repeated([1, 2, 3])))
    given = [c.meaning for c in schema.channels if c.meaning]
    assert len(given) == len(set(given))
    assert schema.channel("merchant_id").meaning == "merchant"


def test_signed_amounts_and_their_sizes_are_told_apart() -> None:
    sign = repeated([1.0, -1.0, -1.0])
    table = bank(amount_signed=pl.col("amount") * sign)
    schema = infer_schema(table)
    assert schema.channel("amount").formula == "absolute(amount_signed)"
    assert schema.channel("amount").meaning == "amount"
    assert schema.channel("amount_signed").meaning == "signed_amount"


def test_a_balance_follows_from_the_signed_amounts() -> None:
    balance = (pl.col("amount").cum_sum().over("customer") + 100).round(2)
    schema = infer_schema(bank(balance=balance))
    assert schema.channel("balance").formula == "running_sum(amount)"
    assert schema.channel("balance").meaning == "balance"


def test_copies_are_derived_from_the_first_of_them() -> None:
    schema = infer_schema(bank(betrag=pl.col("amount"), category_text=pl.col("category")))
    assert schema.channel("betrag").formula == "copy(amount)"
    assert schema.channel("category_text").formula == "copy(category)"


def test_personal_columns_are_left_out_unless_kept() -> None:
    table = bank(mail=pl.format("p{}@bank.example", pl.int_range(pl.len()) % 90))
    left, kept = infer_schema(table), infer_schema(table, keep=["mail"])
    assert (role(left, "mail"), left.channel("mail").personal) == ("dropped", "e-mail")
    assert (role(kept, "mail"), kept.channel("mail").personal) == ("channel", "e-mail")


def test_a_column_that_repeats_the_label_is_left_out_with_a_reason() -> None:
    fraud = pl.col("fraud") == 1
    kind = pl.when(fraud).then(1 + pl.int_range(pl.len()) % 3).otherwise(0)
    schema = infer_schema(
        bank(
            fraud_scenario=kind,
            reported=pl.when(fraud).then(pl.col("when") + timedelta(days=9)),
            score=pl.when(fraud).then(900.0).otherwise(10.0) + pl.col("amount") / 100,
            text=pl.when(fraud).then(pl.lit("confirmed")).otherwise(pl.lit("none")),
        )
    )
    for name in ("fraud_scenario", "reported", "score", "text"):
        assert role(schema, name) == "dropped"
        assert "gives the label 'fraud' away" in why(schema, name)
    assert role(infer_schema(bank(k=kind), keep=["k"]), "k") == "channel"


@given(st.integers(0, 10_000), st.integers(2, 20))
@settings(max_examples=30, deadline=None)
def test_a_strong_predictor_is_not_a_give_away(seed: int, errors: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.arange(2000) % 10 == 0
    missed, alarmed = label.copy(), label.copy()
    missed[rng.choice(np.flatnonzero(label), errors, replace=False)] = False
    alarmed[rng.choice(np.flatnonzero(~label), errors, replace=False)] = True
    risk = np.where(alarmed, 2.0, 0.0) + rng.random(2000)
    for told in (missed, alarmed, risk):
        assert gives_label_away(pl.Series(told), label) is None
    assert gives_label_away(pl.Series(label), label) is not None


def test_distinct_keys_are_pure_by_chance_and_no_give_away() -> None:
    label = np.arange(1000) % 40 == 0
    assert gives_label_away(pl.Series(range(1000)), label) is None
    assert gives_label_away(pl.Series(range(1000)).cast(pl.String), label) is None
    few = np.arange(40) == 3
    assert gives_label_away(pl.Series(np.arange(40) % 20), few) is None


def test_a_label_fixed_for_each_entity_is_an_entity_label() -> None:
    risky = (pl.col("customer").str.slice(3).cast(pl.Int64) % 4 == 0).cast(pl.Int8)
    schema = infer_schema(bank(has_default=risky).drop("fraud"))
    assert (schema.label, schema.label_level) == ("has_default", "entity")


def test_a_truth_value_may_be_the_label_and_text_may_not() -> None:
    assert infer_schema(bank(fraud=pl.col("fraud") == 1)).label == "fraud"
    words = pl.when(pl.col("fraud") == 1).then(pl.lit("Y")).otherwise(pl.lit("N"))
    with pytest.raises(SchemaError, match="0 and 1"):
        infer_schema(bank(outcome=words), label="outcome")


def test_words_that_may_mean_anything_are_a_label_only_alone() -> None:
    table = bank().rename({"fraud": "is_target"})
    assert infer_schema(table).label == "is_target"
    assert infer_schema(table.rename({"is_target": "merchant_class"})).label is None


def test_a_column_without_a_name_is_refused() -> None:
    with pytest.raises(DataError, match="Column 3 has no name"):
        infer_schema(bank().rename({"amount": ""}))


def test_columns_that_the_user_drops_are_left_out() -> None:
    schema = infer_schema(bank(), drop=["fraud", "country"])
    assert schema.label is None
    assert role(schema, "country") == "dropped"


def test_unknown_names_list_the_nearest_and_no_column_has_two_roles() -> None:
    with pytest.raises(SchemaError, match="Known: 'customer'"):
        infer_schema(bank(), entity="custmer")
    with pytest.raises(SchemaError, match="two roles"):
        infer_schema(bank(), entity="customer", drop=["customer"])
    with pytest.raises(SchemaError, match="two roles"):
        infer_schema(bank(), time="when", label="when")
    with pytest.raises(SchemaError, match="no domain"):
        infer_schema(bank(), domain="weather")


def test_a_time_of_day_of_its_own_is_left_out() -> None:
    schema = infer_schema(bank(clock=repeated([time(3, 4), time(23, 5), time(7)])))
    assert role(schema, "clock") == "dropped"
    assert "one time axis" in why(schema, "clock")


def test_names_with_spaces_quotes_and_markup_are_just_names() -> None:
    odd = {"amount": "Amount (EUR)", "category": "<script>alert('x')</script>", "country": 'a "b"'}
    schema = infer_schema(bank().rename(odd))
    assert {role(schema, name) for name in odd.values()} == {"channel"}
    assert schema.channel("Amount (EUR)").meaning == "amount"


def test_fifty_thousand_categories_are_fine() -> None:
    rng = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            "client": rng.integers(0, 500, 120_000),
            "day": pl.Series(rng.integers(19_000, 19_300, 120_000)).cast(pl.Int32).cast(pl.Date),
            "shop": pl.Series(rng.integers(0, 50_000, 120_000)).cast(pl.String),
        }
    )
    assert role(infer_schema(table), "shop") == "channel"


def prices(**columns: object) -> pl.DataFrame:
    days = [date(2020, 1, 1) + timedelta(days=i) for i in range(300)]
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, (300, 2)), axis=0))
    table = pl.DataFrame({"Date": days, "AAA": walk[:, 0].round(2), "BBB": walk[:, 1].round(2)})
    return table.with_columns(**columns)


def test_a_price_table_is_recognised() -> None:
    schema = infer_schema(prices(Volume=pl.lit(5), spread=pl.col("AAA") - pl.col("BBB")))
    assert (schema.domain, schema.time, schema.resolution) == ("market", "Date", "day")
    assert [c.name for c in schema.with_role("channel")] == ["AAA", "BBB"]
    assert {c.meaning for c in schema.with_role("channel")} == {"price"}
    assert schema.channel("AAA").decimals == 2
    assert role(schema, "Volume") == role(schema, "spread") == "dropped"


def test_repeated_dates_or_text_make_no_price_table() -> None:
    for table in (pl.concat([prices(), prices()]), prices(note=pl.lit("x"))):
        with pytest.raises(SchemaError, match="--domain market"):
            infer_schema(table)
    assert infer_schema(prices(note=pl.lit("x")), domain="market").domain == "market"


def test_a_price_table_without_dates_or_prices_is_refused() -> None:
    with pytest.raises(SchemaError, match="dates"):
        infer_schema(prices().drop("Date"), domain="market")
    with pytest.raises(SchemaError, match="no price"):
        infer_schema(prices(AAA=pl.lit(-1.0), BBB=pl.lit(0.0)), domain="market")


def test_the_resolution_is_the_finest_step_that_shows() -> None:
    months = pl.Series([date(2024, m, 1) for m in range(1, 13)])
    ends = months.dt.month_end()
    owner = pl.Series([0] * 12)
    assert resolution_of(months, owner) == "month"
    assert resolution_of(ends, owner) == "month"
    assert resolution_of(pl.concat([months, months]), pl.concat([owner, owner])) == "day"
    assert resolution_of(months.cast(pl.Datetime("us"))) == "month"
    assert resolution_of(pl.Series([date(2024, 1, 1), date(2024, 1, 9)])) == "day"
    assert resolution_of(pl.Series([datetime(2024, 1, 1, 9)])) == "clock"
    assert resolution_of(pl.Series([1, 2])) == "step"


VALUES = st.one_of(
    st.lists(st.none() | st.integers(-3, 3), min_size=40, max_size=40),
    st.lists(st.none() | st.floats(allow_nan=True, width=32), min_size=40, max_size=40),
    st.lists(st.none() | st.text(max_size=3), min_size=40, max_size=40),
    st.lists(st.none() | st.booleans(), min_size=40, max_size=40),
    st.lists(
        st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
        min_size=40,
        max_size=40,
    ),
)
NAMES = st.sampled_from(["x", "fraud", "amount", "balance", "t", "id", "note", "phone", "mcc"])


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_any_table_gives_a_schema_or_an_error_that_says_what_to_do(
    columns: dict[str, list[object]], n_clients: int
) -> None:
    keys = {"client_id": [i % n_clients for i in range(40)], "when": [date(2024, 1, 1)] * 40}
    table = pl.DataFrame({**keys, **columns}, strict=False)
    try:
        schema = infer_schema(table, time="when")
    except RiskgenError as error:
        said = str(error)
    else:
        said = "."
        assert [c.name for c in schema.channels] == table.columns
        assert all(isinstance(c, Channel) and c.reason for c in schema.channels)
    assert said.endswith(".")


def test_amounts_of_billions_keep_their_cents() -> None:
    table = tiny_table().with_columns(amount=(pl.col("amount") + 3e9).round(2))
    assert infer_schema(table).channel("amount").decimals == 2


def test_a_column_named_for_one_role_is_not_taken_for_another() -> None:
    table = tiny_table().with_columns(client=pl.col("customer"))
    assert infer_schema(table, label="fraud", time="when", entity="client").entity == "client"
    # The only date is the entity, and the only owner is the time.
    days = pl.DataFrame({"day": [datetime(2024, 1, d) for d in (1, 2)], "x": [1, 2]})
    with pytest.raises(SchemaError, match="orders the events"):
        infer_schema(days, entity="day")
    steps = table.select(customer=pl.col("fraud").cast(pl.Int64), other="amount")
    with pytest.raises(SchemaError, match="tells customers apart"):
        infer_schema(steps, time="customer", domain="transactions")


@pytest.mark.parametrize("dtype", [pl.UInt64, pl.Int128])
def test_numbers_beyond_64_bits_count_no_time(dtype: pl.DataType) -> None:
    huge = pl.int_range(pl.len()).cast(pl.Int128) + 2**63
    table = tiny_table().with_columns(weekday=huge.cast(dtype) % 7 + 2**63)
    assert infer_schema(table).channel("weekday").formula is None
    late = table.with_columns(step=huge.cast(dtype)).drop("when")
    with pytest.raises(DataError, match="'step' is missing or unreadable"):
        clean(late, infer_schema(late, time="step"))


def test_dates_with_an_hour_and_no_minute_are_read() -> None:
    hours = pl.col("when").dt.strftime("%Y%m%d%H")
    table = tiny_table().with_columns(when=hours)
    events, schema, _ = clean(table, infer_schema(table, time="when"))
    assert schema.resolution == "clock"
    expected = tiny_table().sort("customer", "when")["when"].dt.truncate("1h")
    assert events.frame["when"].equals(expected)
