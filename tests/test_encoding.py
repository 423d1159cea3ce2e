from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.dtypes import cast_back, dtype_of
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.panel import SequencePanel
from riskgen.data.schema import Channel, Schema
from riskgen.errors import DataError

CLOCK = Channel(name="when", dtype="Datetime(us)", kind="timestamp", role="time")
OWNER = Channel(name="customer", dtype="String", kind="identifier", role="entity")


def bank(n_entities: int = 60, seed: int = 0) -> Events:
    """Shops of two trades, rents, a balance, a limit, row numbers and a remark nobody models."""
    rng = np.random.default_rng(seed)
    rows = []
    for entity in range(n_entities):
        time, balance, rent = datetime(2025, 1, 1), float(rng.integers(100, 900)), 0.0
        rent = round(float(rng.uniform(300, 900)), 2)
        for step in range(int(rng.integers(10, 30))):
            time += timedelta(seconds=int(rng.exponential(90_000)) + 1)
            trade = "rent" if step % 5 == 0 else ("food" if rng.random() < 0.7 else "fuel")
            shop = None if trade == "rent" else f"{trade}{rng.integers(6)}"
            if shop and rng.random() < 0.3:
                shop = f"private-{trade}{entity}"
            amount = -rent if trade == "rent" else round(-float(rng.lognormal(3, 1)), 2)
            amount = round(float(rng.integers(1, 30)) * 10, 2) if rng.random() < 0.2 else amount
            balance = round(balance + amount, 2)
            limit = 1_000 * (entity % 4 + 1)
            rows.append((len(rows), 7_000 + entity, time, trade, shop, amount, balance, limit, "x"))
    names = ["row", "account", "when", "trade", "shop", "amount", "balance", "limit", "remark"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    wanted = {"row": pl.Int32, "account": pl.Int32, "limit": pl.Int32}
    return Events.build(frame.cast({**wanted, "when": pl.Datetime("ms")}), bank_schema())


def bank_schema() -> Schema:
    def made(name: str, dtype: str, kind: str, role: str, **rest: object) -> Channel:
        return Channel.model_validate(
            {"name": name, "dtype": dtype, "kind": kind, "role": role, **rest}
        )

    return Schema(
        domain="transactions",
        resolution="clock",
        channels=(
            made("row", "Int32", "identifier", "row_id"),
            made("account", "Int32", "identifier", "entity"),
            made("when", "Datetime(ms)", "timestamp", "time"),
            made("trade", "String", "category", "channel", meaning="category"),
            made("shop", "String", "category", "channel", meaning="merchant"),
            made("amount", "Float64", "amount", "channel", decimals=2, meaning="signed_amount"),
            made("balance", "Float64", "amount", "derived", decimals=2).model_copy(
                update={"formula": "running_sum(amount)"}
            ),
            made("limit", "Int32", "amount", "context", decimals=0),
            made("remark", "String", "category", "dropped"),
        ),
    )


def redrawn(panel: SequencePanel, seed: int = 0) -> SequencePanel:
    """Keep the levels, draw the places, as a generator does."""
    rng = np.random.default_rng(seed)
    values = panel.values.copy()
    for column, item in enumerate(panel.layout.fields):
        if item.spread and item.requires is None:
            values[:, column] = np.floor(values[:, column]) + rng.random(len(values))
    return SequencePanel(panel.layout, values, panel.context, panel.offsets)


@pytest.fixture(scope="module")
def events() -> Events:
    return bank()


@pytest.fixture(scope="module")
def encoder(events: Events) -> EventEncoder:
    return EventEncoder.fit(events)


def test_fields_are_drawn_in_the_order_that_the_study_found_best(tiny_events: Events) -> None:
    layout = EventEncoder.fit(tiny_events).layout
    names = [item.name for item in layout.fields]
    assert names == ["label", "country.level", "category.level", "gap", "hour", "amount.value"]
    assert [item.name for item in layout.context_fields][:2] == ["label", "start"]
    assert layout.fields[4].requires == ("gap", layout.clock.gaps.first)


def test_a_saved_encoder_decodes_the_same_events(events: Events, encoder: EventEncoder) -> None:
    copy = EventEncoder.from_state(json.loads(json.dumps(encoder.state())))
    assert copy.schema == encoder.schema
    assert copy.layout.fields == encoder.layout.fields
    assert copy.layout.context_fields == encoder.layout.context_fields
    panel = encoder.encode(events)
    assert np.array_equal(copy.encode(events).values, panel.values)
    assert np.array_equal(copy.encode(events).context, panel.context)
    assert copy.decode(panel).frame.equals(encoder.decode(panel).frame)
    assert np.array_equal(
        copy.layout.clock.features_of(panel), encoder.layout.clock.features_of(panel)
    )


def test_what_is_shared_and_not_clipped_comes_back_exactly(
    events: Events, encoder: EventEncoder
) -> None:
    decoded = encoder.decode(encoder.encode(events))
    amount, bins = events.numbers("amount"), encoder.record.columns[-1].quantiles.bins
    whole = np.round(amount * 100)
    kept = (whole >= bins.low) & (whole <= bins.high)
    assert kept.mean() > 0.95
    assert np.array_equal(decoded.numbers("amount")[kept], amount[kept])
    assert decoded.texts("trade").tolist() == events.texts("trade").tolist()
    assert decoded.numbers("limit").tolist() == events.numbers("limit").tolist()
    shop, found = events.texts("shop"), decoded.texts("shop")
    popular = np.array([name is None or not name.startswith("private") for name in shop])
    assert found[popular].tolist() == shop[popular].tolist()
    assert all(name.startswith("new-") for name in found[~popular])


def test_times_come_back_to_the_second_where_the_start_was_not_clipped(
    events: Events, encoder: EventEncoder
) -> None:
    decoded = encoder.decode(encoder.encode(events))
    same = events.seconds() == decoded.seconds()
    assert same.mean() > 0.8
    gaps, found = np.diff(events.seconds()), np.diff(decoded.seconds())
    inside = np.diff(events.owner) == 0
    assert np.mean(gaps[inside] == found[inside]) > 0.99


def test_balances_follow_from_amounts_and_the_opening(
    events: Events, encoder: EventEncoder
) -> None:
    decoded = encoder.decode(redrawn(encoder.encode(events)))
    balance, amount = decoded.numbers("balance"), decoded.numbers("amount")
    inside = np.diff(decoded.owner) == 0
    assert np.allclose(np.diff(balance)[inside], amount[1:][inside], atol=1e-9)
    assert np.array_equal(np.round(balance, 2), balance)
    opening = (balance - amount)[decoded.offsets[:-1]]
    real = (events.numbers("balance") - events.numbers("amount"))[events.offsets[:-1]]
    # Eleven entities at either end may be clipped.
    assert np.isclose(opening, real, atol=1e-9).sum() >= events.n_entities - 22


def test_an_entity_pays_its_own_rent_again_whatever_places_are_drawn(
    events: Events, encoder: EventEncoder
) -> None:
    decoded = encoder.decode(redrawn(encoder.encode(events)))
    rents = decoded.frame.filter((pl.col("trade") == "rent") & (pl.col("amount") < 0))
    distinct = rents.group_by("account").agg(pl.col("amount").n_unique(), pl.len())
    assert distinct["amount"].max() == 1
    assert distinct["len"].max() > 3
    assert rents["amount"].n_unique() > 20


def test_a_shop_keeps_its_trade_whatever_places_are_drawn(
    events: Events, encoder: EventEncoder
) -> None:
    decoded = encoder.decode(redrawn(encoder.encode(events)))
    trade, shop = decoded.texts("trade"), decoded.texts("shop")
    known = [name is not None and not name.startswith("new-") for name in shop]
    assert sum(known) > 100
    assert all(name.startswith(kind) for name, kind in zip(shop[known], trade[known], strict=True))


def test_output_looks_like_the_table_that_came_in(events: Events, encoder: EventEncoder) -> None:
    decoded = encoder.decode(encoder.encode(events), first=25)
    wanted = {**dict(events.frame.schema), "account": pl.Int64}
    assert dict(decoded.frame.schema) == wanted
    assert list(decoded.frame.columns) == list(events.frame.columns)
    assert decoded.frame["remark"].null_count() == decoded.n_events
    keys = decoded.numbers("account")
    assert keys[0] == 10_025
    assert len(np.unique(keys)) == events.n_entities
    assert not np.isin(keys, events.numbers("account")).any()
    assert np.all(np.diff(decoded.numbers("row")) == 1)
    rebuilt = Events.build(decoded.frame, decoded.schema)
    assert rebuilt.frame.equals(decoded.frame)


def test_parts_of_one_output_share_no_key_row_or_name(
    events: Events, encoder: EventEncoder
) -> None:
    panel = encoder.encode(events)
    one = encoder.decode(panel.take(np.arange(20)), first=0).frame
    two = encoder.decode(panel.take(np.arange(20, 40)), first=20).frame
    for name in ("account", "row"):
        assert not set(one[name]) & set(two[name])
    fresh = [{s for s in part["shop"].drop_nulls() if s.startswith("new-")} for part in (one, two)]
    assert fresh[0]
    assert not fresh[0] & fresh[1]


def test_no_single_customer_can_be_read_from_the_encoder() -> None:
    planted = bank()
    victim = planted.offsets[5]
    frame = planted.frame.with_columns(
        amount=pl.when(pl.int_range(pl.len()) == victim).then(-987_654.32).otherwise("amount"),
        shop=pl.when(pl.int_range(pl.len()) == victim).then(pl.lit("Dr Secret")).otherwise("shop"),
        trade=pl.when(pl.int_range(pl.len()) == victim).then(pl.lit("hush")).otherwise("trade"),
        limit=pl.when(pl.col("account") == 7_005).then(77_777).otherwise("limit"),
    )
    encoder = EventEncoder.fit(Events.build(frame, planted.schema))
    text = json.dumps(encoder.state())
    for secret in ("Secret", "hush", "private", "98765", "77777", "7005", "7_005"):
        assert secret not in text
    numbers = np.abs(list(_numbers(encoder.state())))
    assert numbers[numbers < 1e9].max() < 500_000  # times of the window are larger
    decoded = encoder.decode(encoder.encode(Events.build(frame, planted.schema))).frame
    assert "hush" not in decoded["trade"].to_list()
    assert decoded["limit"].max() < 77_777
    assert decoded["amount"].min() > -90_000


def _numbers(state: object) -> list[float]:
    if isinstance(state, dict):
        return [n for item in state.values() for n in _numbers(item)]
    if isinstance(state, list):
        return [n for item in state for n in _numbers(item)]
    return [float(state)] if isinstance(state, int | float) else []


def test_event_labels_are_kept_and_forbidden_in_entities_drawn_without_one(
    tiny_events: Events,
) -> None:
    encoder = EventEncoder.fit(tiny_events)
    panel = encoder.encode(tiny_events)
    assert np.array_equal(encoder.decode(panel).event_label(), tiny_events.event_label())
    context = panel.context.copy()
    context[:, 0] = 0
    quiet = SequencePanel(panel.layout, panel.values, context, panel.offsets)
    assert not encoder.decode(quiet).event_label().any()


def test_entity_labels_mark_all_events(tiny_events: Events) -> None:
    frame = tiny_events.frame.with_columns(
        fraud=(pl.col("fraud").max().over("customer") > 0).cast(pl.Boolean)
    )
    schema = tiny_schema().model_copy(update={"label_level": "entity"})
    events = Events.build(frame, schema)
    encoder = EventEncoder.fit(events)
    assert "label" not in [item.name for item in encoder.layout.fields]
    decoded = encoder.decode(encoder.encode(events))
    assert decoded.frame["fraud"].to_list() == frame["fraud"].to_list()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_any_table_makes_a_panel_that_passes_its_checks(seed: int) -> None:
    events = scruffy(seed)
    encoder = EventEncoder.fit(events)
    panel = encoder.encode(events)
    for drawn in (panel, redrawn(panel, seed)):
        decoded = encoder.decode(drawn)
        assert dict(decoded.frame.schema) == dict(events.frame.schema)
        assert np.array_equal(decoded.lengths, events.lengths)
        assert np.all(np.diff(decoded.seconds())[np.diff(decoded.owner) == 0] >= 0)
        for name in ("amount", "number"):
            empty = events.frame[name].is_null().to_numpy()
            assert np.array_equal(decoded.frame[name].is_null().to_numpy(), empty), name
    assert encoder.layout.clock.features_of(panel).shape[1] == encoder.layout.clock.n_features
    other = scruffy(seed + 1)
    again = encoder.decode(encoder.encode(other))
    assert again.n_events == other.n_events


def scruffy(seed: int) -> Events:
    """Single events, equal times, nulls anywhere, constant and always-missing columns."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, rng.integers(2, 12), size=rng.integers(1, 40))
    n = int(lengths.sum())
    owner = np.repeat(np.arange(len(lengths)), lengths)
    seconds = rng.integers(0, 10 ** int(rng.integers(1, 8)), size=n)
    holes = rng.random(4) * rng.integers(0, 2, size=4) * 1.2

    def holed(values: np.ndarray, share: float) -> list[object]:
        return [None if rng.random() < share else value for value in values.tolist()]

    frame = pl.DataFrame(
        {
            "customer": pl.Series(owner).cast(pl.String),
            "when": pl.Series(seconds * 1_000_000).cast(pl.Datetime("us")),
            "amount": pl.Series(holed(rng.normal(0, 1e6, n).round(2), holes[0]), dtype=pl.Float64),
            "category": pl.Series(holed(rng.integers(9, size=n), holes[1]), dtype=pl.Int16),
            "number": pl.Series(holed(rng.integers(-3, 300, n), holes[2]), dtype=pl.Int32),
            "flag": pl.Series(holed(rng.random(n) < 0.1, holes[3]), dtype=pl.Boolean),
        }
    )
    channels = (
        OWNER,
        CLOCK,
        Channel(name="amount", dtype="Float64", kind="amount", role="channel", decimals=2),
        Channel(name="category", dtype="Int16", kind="category", role="channel"),
        Channel(name="number", dtype="Int32", kind="number", role="channel"),
        Channel(name="flag", dtype="Boolean", kind="flag", role="channel"),
    )
    return Events.build(frame, Schema(domain="transactions", resolution="clock", channels=channels))


def test_unseen_values_of_other_entities_find_a_level(tiny_events: Events) -> None:
    encoder = EventEncoder.fit(tiny_events)
    frame = tiny_table(20, seed=5).with_columns(
        category=pl.lit("unheard of"), amount=pl.lit(1e12), country=pl.lit(None, pl.String)
    )
    decoded = encoder.decode(encoder.encode(Events.build(frame, tiny_schema()))).frame
    assert set(decoded["category"]) <= set("abcde")
    assert set(decoded["country"]) == {"DE"}
    assert decoded["amount"].max() < 1e4


def test_whole_number_merchants_come_out_as_merchants_that_exist() -> None:
    events = bank()
    codes = pl.Series([None if t is None else hash_of(t) for t in events.texts("shop")])
    frame = events.frame.with_columns(shop=codes.cast(pl.Int32))
    channels = [
        channel.model_copy(update={"dtype": "Int32"}) if channel.name == "shop" else channel
        for channel in events.schema.channels
    ]
    schema = events.schema.model_copy(update={"channels": tuple(channels)})
    encoder = EventEncoder.fit(Events.build(frame, schema))
    decoded = encoder.decode(encoder.encode(Events.build(frame, schema))).frame
    assert decoded["shop"].dtype == pl.Int32
    popular = {hash_of(f"{trade}{n}") for trade in ("food", "fuel") for n in range(6)}
    assert set(decoded["shop"].drop_nulls()) <= popular


def hash_of(text: str) -> int:
    return 1_000 + sum(ord(letter) * 31**place for place, letter in enumerate(text)) % 100_003


def test_dates_among_the_facts_of_an_entity_come_back_as_dates(tiny_events: Events) -> None:
    opened = pl.date(2020, 1, 1) + pl.duration(days=pl.col("customer").str.slice(1).cast(pl.Int64))
    frame = tiny_events.frame.with_columns(opened=opened.cast(pl.Date))
    extra = Channel(name="opened", dtype="Date", kind="timestamp", role="context")
    schema = tiny_schema().model_copy(update={"channels": (*tiny_schema().channels, extra)})
    events = Events.build(frame, schema)
    encoder = EventEncoder.fit(events)
    decoded = encoder.decode(encoder.encode(events)).frame["opened"]
    assert decoded.dtype == pl.Date
    # Forty dates in a row: eleven at either end are clipped to the next one.
    assert (decoded == frame["opened"]).mean() == pytest.approx(20 / 40, abs=0.1)


def test_habits_are_coarse_and_guide_only(events: Events, encoder: EventEncoder) -> None:
    panel = encoder.encode(events)
    names = [item.name for item in encoder.habits.fields]
    assert {"amount.median", "amount.spread", "pace", "trade.top", "shop.distinct"} <= set(names)
    rents = panel.context_codes("amount.median")
    shuffled = panel.context.copy()
    shuffled[:, -len(names) :] = shuffled[::-1, -len(names) :]
    other = SequencePanel(panel.layout, panel.values, shuffled, panel.offsets)
    assert encoder.decode(other).frame.equals(encoder.decode(panel).frame)
    assert len(np.unique(rents)) > 2


def test_nothing_to_learn_from_is_the_users_problem(events: Events) -> None:
    empty = events.take(np.zeros(0, dtype=np.int64))
    with pytest.raises(DataError, match="0 rows"):
        EventEncoder.fit(empty)


def test_no_entities_make_an_empty_panel(events: Events, encoder: EventEncoder) -> None:
    panel = encoder.encode(events.take(np.zeros(0, dtype=np.int64)))
    assert panel.n_sequences == 0
    assert encoder.decode(panel).n_events == 0


@pytest.mark.parametrize("dtype", [pl.UInt64, pl.Int128])
def test_keys_beyond_64_signed_bits_are_numbered_like_any_other(dtype: pl.DataType) -> None:
    key = pl.lit(2**64 - 100, dtype=pl.Int128) + pl.col("customer").str.slice(1).cast(pl.Int128)
    events = Events.build(tiny_table().with_columns(customer=key.cast(dtype)), tiny_schema())
    encoder = EventEncoder.fit(events)
    decoded = encoder.decode(encoder.encode(events))
    assert decoded.frame["customer"].dtype == pl.Int64
    assert decoded.n_entities == events.n_entities


@pytest.mark.parametrize("dtype", ["Int8", "Int64", "UInt64", "Int128"])
def test_the_largest_whole_number_of_a_type_comes_back(dtype: str) -> None:
    edges = pl.select(low=dtype_of(dtype).min(), high=dtype_of(dtype).max())
    numbers = pl.Series([*edges.row(0), None], dtype=dtype_of(dtype))
    assert cast_back(numbers.cast(pl.Float64), dtype).to_list() == numbers.to_list()
    assert cast_back(numbers.cast(pl.String), dtype).to_list() == numbers.to_list()
    assert cast_back(pl.Series(["9007199254740993"]), "Int64").item() == 2**53 + 1


def test_decimals_are_counted_on_the_fitted_rows_and_never_exceed_the_schemas() -> None:
    schema = tiny_schema()
    finer = [c.model_copy(update={"decimals": c.decimals and 4}) for c in schema.channels]
    events = Events.build(tiny_table(), schema.model_copy(update={"channels": tuple(finer)}))
    fitted = EventEncoder.fit(events)
    assert fitted.state() == EventEncoder.fit(Events.build(tiny_table(), schema)).state()
    whole = [c.model_copy(update={"decimals": c.decimals and 0}) for c in schema.channels]
    stated = Events.build(tiny_table(), schema.model_copy(update={"channels": tuple(whole)}))
    assert EventEncoder.fit(stated).schema.channel("amount").decimals == 0
