"""Flags, sizes, openings and balances that follow from each other, to the cent."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from riskgen.data.cleaning import clean
from riskgen.data.derived.derivation import derive, derive_again, openings
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.inference.inference import infer_schema
from riskgen.data.schema import Schema

FLOW = pl.col("flow")


def book(n_accounts: int = 30, seed: int = 0) -> pl.DataFrame:
    """Accounts with a signed flow, the balances before and after it, and its direction."""
    rng = np.random.default_rng(seed)
    rows = []
    for account in range(n_accounts):
        cents = int(rng.integers(10_000, 10**6))
        for day in range(25):
            for _ in range(int(rng.integers(1, 3))):
                flow = int(rng.integers(-50_000, 60_000)) or 1
                when = date(2024, 1, 1) + timedelta(days=day)
                rows.append((account, when, flow / 100, cents / 100, (cents + flow) / 100))
                cents += flow
    table = pl.DataFrame(rows, schema=["account_id", "day", "flow", "old", "new"], orient="row")
    down = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("cash")).otherwise(pl.lit("out"))
    return table.with_columns(
        size=FLOW.abs(),
        way=pl.when(FLOW < 0).then(pl.lit("D")).otherwise(pl.lit("C")),
        word=pl.when(FLOW < 0).then(down).otherwise(pl.lit("in")),
    )


def formulas(schema: Schema) -> dict[str, str | None]:
    return {c.name: c.formula for c in schema.with_role("derived")}


def rebuilt(table: pl.DataFrame) -> tuple[dict[str, str | None], Events, Events]:
    """Return formulas, events, and events whose derived columns were emptied and derived."""
    events, schema, _ = clean(table, infer_schema(table, entity="account_id", time="day"))
    empty = [pl.lit(None).cast(events.frame.schema[name]).alias(name) for name in formulas(schema)]
    blank = Events(events.schema, events.frame.with_columns(empty), events.offsets)
    return formulas(schema), events, derive(blank, openings(events))


def cents(events: Events, name: str) -> np.ndarray:
    return np.rint(events.numbers(name) * 100)


CASES: dict[str, tuple[list[str], dict[str, str]]] = {
    "a flag says the sign": (["flow", "way"], {"way": "sign(flow, D, C)"}),
    "a size and a flag follow from the flow": (
        ["flow", "size", "way"],
        {"size": "absolute(flow)", "way": "sign(flow, D, C)"},
    ),
    "a flag of three words gives the flow": (
        ["flow", "size", "word"],
        {"flow": "signed(size, word, cash, out)"},
    ),
    "a balance after": (["flow", "new"], {"new": "running_sum(flow)"}),
    "a balance before": (["flow", "old"], {"old": "running_sum_before(flow)"}),
    "both balances": (
        ["flow", "old", "new"],
        {"new": "running_sum(flow)", "old": "difference(new, flow)"},
    ),
    "sizes with a flag": (["size", "way", "new"], {"new": "running_sum(size, way, D)"}),
    "sizes with words, before": (
        ["size", "word", "old"],
        {"old": "running_sum_before(size, word, cash, out)"},
    ),
    "sizes with a flag, both": (
        ["size", "way", "old", "new"],
        {"new": "running_sum(size, way, D)", "old": "difference(new, size, way, D)"},
    ),
    "everything": (
        ["flow", "size", "word", "old", "new"],
        {
            "flow": "signed(size, word, cash, out)",
            "new": "running_sum(flow)",
            "old": "difference(new, flow)",
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_follows_is_found_and_comes_back_to_the_cent(case: str) -> None:
    columns, expected = CASES[case]
    found, events, again = rebuilt(book().select("account_id", "day", *columns))
    assert found == expected
    for name in expected:
        if events.frame[name].dtype == pl.String:
            assert again.frame[name].equals(events.frame[name])
        else:
            assert np.array_equal(cents(again, name), cents(events, name))


@pytest.mark.parametrize("case", CASES)
def test_simulated_money_adds_up_to_the_cent(case: str) -> None:
    columns, expected = CASES[case]
    table = book().select("account_id", "day", *columns)
    events, _, _ = clean(table, infer_schema(table, entity="account_id", time="day"))
    encoder = EventEncoder.fit(events)
    made = encoder.decode(encoder.encode(events))
    again = derive(made, openings(made))
    for name in expected:
        assert again.frame[name].equals(made.frame[name])
        assert made.frame[name].null_count() == 0
    if {"old", "new"} <= set(columns):
        same = np.diff(made.owner) == 0
        assert np.array_equal(cents(made, "old")[1:][same], cents(made, "new")[:-1][same])


def test_one_row_against_the_flag_is_no_rule() -> None:
    against = pl.when(FLOW < 0).then(pl.lit("C")).otherwise(pl.lit("D"))
    way = pl.when(pl.int_range(pl.len()) == 9).then(against).otherwise(pl.col("way"))
    flipped = book().select("account_id", "day", "flow", way=way)
    assert infer_schema(flipped).channel("way").role == "channel"


def test_a_level_of_few_customers_is_not_written_down() -> None:
    few = book(10).select("account_id", "day", "flow", "way")
    assert infer_schema(few).channel("way").formula is None


def test_a_flag_without_a_rule_and_unrelated_numbers_stay() -> None:
    rng = np.random.default_rng(0)
    table = book().select("account_id", "day", "size")
    table = table.with_columns(
        way=pl.Series(rng.choice(["D", "C"], table.height)),
        new=pl.Series(np.round(rng.normal(0, 100, table.height), 2)),
    )
    assert formulas(infer_schema(table)) == {}


def test_missing_amounts_stay_missing_where_they_were() -> None:
    gone = pl.int_range(pl.len()) % 7 == 3
    table = book().select("account_id", "day", "flow", "size")
    table = table.with_columns(
        flow=pl.when(~gone).then(FLOW), size=pl.when(~gone).then(pl.col("size"))
    )
    found, events, again = rebuilt(table)
    assert found == {"size": "absolute(flow)"}
    assert again.frame["size"].equals(events.frame["size"])
    other = table.with_columns(size=pl.col("size").fill_null(0.0))
    assert formulas(infer_schema(other)) == {}


def test_missing_balances_are_passed_over_and_filled() -> None:
    whole = book().select("account_id", "day", "flow", "new")
    holes = whole.with_columns(new=pl.when(pl.int_range(pl.len()) % 5 > 0).then(pl.col("new")))
    found, events, again = rebuilt(holes)
    assert found == {"new": "running_sum(flow)"}
    known = events.frame["new"].is_not_null().to_numpy()
    assert 0 < (~known).sum()
    assert np.array_equal(cents(again, "new")[known], cents(events, "new")[known])
    full = Events.build(whole, events.schema)
    assert np.array_equal(cents(again, "new"), cents(full, "new"))


def test_a_sum_of_two_columns_is_found() -> None:
    rng = np.random.default_rng(3)
    table = book().select("account_id", "day", net=pl.col("size"))
    fee = pl.Series("fee", np.round(rng.gamma(2.0, 3.0, table.height), 2))
    table = table.with_columns(fee).with_columns(gross=(pl.col("net") + pl.col("fee")).round(2))
    found, events, again = rebuilt(table)
    assert found == {"gross": "total(net, fee)"}
    assert np.array_equal(cents(again, "gross"), cents(events, "gross"))


def test_edits_reach_derived_columns_of_the_edited_customers_only() -> None:
    _, events, _ = rebuilt(book().select("account_id", "day", "flow", "way", "new"))
    flow = -events.frame["flow"]
    turned = Events(events.schema, events.frame.with_columns(flow), events.offsets)
    edited = derive_again(turned, openings(events), np.array([2]), kept=("new",))
    mine = events.owner == 2
    assert np.all((edited.texts("way") == "D")[mine] == (turned.numbers("flow") < 0)[mine])
    assert np.array_equal(edited.texts("way")[~mine], events.texts("way")[~mine])
    assert edited.frame["new"].equals(events.frame["new"])


def test_six_digit_dates_words_for_signs_and_a_lost_order_are_understood() -> None:
    table = book(60, seed=4)
    lost = table[np.random.default_rng(5).permutation(table.height)].sort("account_id", "day")
    written = lost.select(
        "account_id",
        pl.col("day").dt.strftime("%y%m%d").cast(pl.Int64),
        *("size", "word", "new"),
    )
    schema = infer_schema(written)
    assert (schema.time, schema.channel("day").form) == ("day", "%y%m%d since 1969")
    assert schema.channel("new").formula == "running_sum(size, word, cash, out)"
    assert "the order of ties follows from it" in schema.channel("new").reason
    found, events, again = rebuilt(written)
    assert found == {"new": "running_sum(size, word, cash, out)"}
    assert np.mean(cents(again, "new") == cents(events, "new")) > 0.99
