"""Every fault is found where it was planted, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from riskgen.data.inference.inference import infer_schema
from riskgen.data.inspection.evidence import Evidence
from riskgen.data.quality.problem import Problem, ranked
from riskgen.data.quality.search import find_problems
from riskgen.data.toybank import simulate_bank

TOY = simulate_bank(600, 365, seed=1)
LABEL = "is_fraud"


def problems(table: pl.DataFrame, **named: str) -> list[Problem]:
    schema = infer_schema(table, entity="customer_id", time="timestamp", **named)  # type: ignore[arg-type]
    return find_problems(Evidence.build(table, schema))


def found(table: pl.DataFrame, code: str, **named: str) -> Problem:
    by_code = {p.code: p for p in problems(table, **named)}
    assert code in by_code, sorted(by_code)
    return by_code[code]


def cards(seed: int = 0, n: int = 12_000, days: int = 240) -> pl.DataFrame:
    """Card payments of 300 customers by day, unsigned, without any fault."""
    rng = np.random.default_rng(seed)
    hours = np.clip(rng.normal(14, 3.5, n), 6, 23.9)
    seconds = rng.integers(0, days, n) * 86_400 + (hours * 3_600).astype(int)
    start = datetime(2025, 1, 1)
    return pl.DataFrame(
        {
            "customer_id": rng.integers(0, 300, n),
            "timestamp": [start + timedelta(seconds=int(s)) for s in seconds],
            "amount": np.round(np.exp(rng.normal(3, 1, n)) + 0.01, 2),
            "kind": rng.choice(["food", "fuel", "travel"], n),
            "points": rng.integers(0, 9_000, n),
            "is_fraud": (rng.random(n) < 0.03).astype(np.int8),
        }
    ).sort("timestamp")


CARDS = cards()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_simulated_bank_has_no_fault(seed: int) -> None:
    assert problems(simulate_bank(300, 200, seed=seed)) == []


@pytest.mark.parametrize("days", [60, 365, 730])
def test_a_simulated_bank_of_any_length_has_no_fault(days: int) -> None:
    assert problems(simulate_bank(250, days, seed=days)) == []


@pytest.mark.parametrize("seed", range(5))
def test_plain_cards_have_no_fault(seed: int) -> None:
    assert problems(cards(seed)) == []


@pytest.mark.parametrize("value", [-999, 99_999_999, -1])
def test_numbers_that_stand_for_missing_are_found(value: int) -> None:
    rows = pl.int_range(pl.len()) % 50 == 7
    table = CARDS.with_columns(points=pl.when(rows).then(value).otherwise("points"))
    problem = found(table, "stand-in-for-missing")
    assert (problem.columns, problem.count, problem.first_row) == (("points",), 240, 8)


def test_zero_ages_are_found_and_zero_points_are_not() -> None:
    rng = np.random.default_rng(0)
    ages = pl.Series(
        np.where(rng.random(CARDS.height) < 0.05, 0, rng.integers(18, 90, CARDS.height))
    )
    assert found(CARDS.with_columns(age=ages), "stand-in-for-missing").columns == ("age",)


def test_dates_that_stand_for_missing_are_found() -> None:
    rows = pl.int_range(pl.len()) % 10 == 0
    usual = pl.lit(date(2020, 1, 1)) + pl.duration(days=pl.int_range(pl.len()) % 900)
    table = CARDS.with_columns(closed=pl.when(rows).then(date(9999, 12, 31)).otherwise(usual))
    assert found(table, "stand-in-for-missing").columns == ("closed",)


def test_words_that_stand_for_missing_are_found_but_namibia_is_not() -> None:
    rows = pl.int_range(pl.len()) % 10 == 0
    table = CARDS.with_columns(
        shop=pl.when(rows).then(pl.lit("N/A")).otherwise(pl.lit("x")),
        country=pl.when(rows).then(pl.lit("NA")).otherwise(pl.lit("ZA")),
    )
    assert {p.columns for p in problems(table)} == {("shop",)}


@pytest.mark.parametrize("damage", ["Caf\ufffd", "CafÃ©", "MÃ¼ller", "itâ€™s"])
def test_broken_letters_are_found(damage: str) -> None:
    rows = pl.int_range(pl.len()) % 40 == 3
    table = CARDS.with_columns(kind=pl.when(rows).then(pl.lit(damage)).otherwise("kind"))
    assert found(table, "damaged-text").first_row == 4


def test_sound_letters_are_no_damage() -> None:
    rows = pl.int_range(pl.len()) % 2 == 0
    sound = pl.when(rows).then(pl.lit("Čaffè Ångström Ñandú")).otherwise(pl.lit("SÃO PAULO"))
    assert problems(CARDS.with_columns(kind=sound)) == []


def test_numbers_in_text_are_found_and_codes_are_not() -> None:
    text = CARDS["amount"].cast(pl.String)
    broken = pl.when(pl.int_range(pl.len()) % 100 == 5).then(pl.lit("see note")).otherwise(text)
    table = CARDS.with_columns(fee=broken)
    problem = found(table, "numbers-in-text")
    assert (problem.columns, problem.count, problem.first_row) == (("fee",), 120, 6)
    codes = (pl.int_range(pl.len()) % 20 + 1_000).cast(pl.String)
    assert problems(CARDS.with_columns(symbol=codes)) == []


def test_levels_that_differ_in_case_are_found() -> None:
    rows = pl.int_range(pl.len()) % 30 == 0
    table = CARDS.with_columns(
        kind=pl.when(rows).then(pl.col("kind").str.to_uppercase() + " ").otherwise("kind")
    )
    assert found(table, "twin-levels").columns == ("kind",)


def test_constant_columns_are_found() -> None:
    problem = found(CARDS.with_columns(bank=pl.lit("X"), gap=pl.lit(None)), "constant-columns")
    assert problem.columns == ("bank", "gap")


def test_several_currencies_are_found_and_one_is_not() -> None:
    rng = np.random.default_rng(0)
    mixed = pl.Series(rng.choice(["EUR", "JPY"], CARDS.height, p=[0.9, 0.1]))
    assert found(CARDS.with_columns(currency=mixed), "several-currencies").effect == "wrong"
    one = problems(CARDS.with_columns(currency=pl.lit("EUR")))
    assert [p.code for p in one] == ["constant-columns"]


def test_cents_among_euros_are_found() -> None:
    rng = np.random.default_rng(0)
    source = pl.Series(rng.choice(["old", "new"], CARDS.height, p=[0.8, 0.2]))
    amount = pl.when(pl.col("source") == "new").then((pl.col("amount") * 100).round(0))
    table = CARDS.with_columns(source=source).with_columns(amount=amount.otherwise("amount"))
    assert found(table, "mixed-units").columns == ("amount", "source")


def test_debits_of_both_signs_are_found() -> None:
    rng = np.random.default_rng(0)
    side = pl.Series(rng.choice(["debit", "credit"], CARDS.height))
    wrong = pl.Series(rng.random(CARDS.height) < 0.1)
    sign = pl.when((pl.col("direction") == "debit") ^ wrong).then(-1.0).otherwise(1.0)
    table = CARDS.with_columns(direction=side).with_columns(amount=pl.col("amount") * sign)
    assert found(table, "mixed-signs").effect == "wrong"


def test_a_few_negatives_among_positives_are_found() -> None:
    rows = pl.int_range(pl.len()) % 400 == 9
    table = CARDS.with_columns(amount=pl.when(rows).then(-pl.col("amount")).otherwise("amount"))
    assert found(table, "few-negatives").first_row == 10


def test_a_balance_that_does_not_follow_is_found() -> None:
    rng = np.random.default_rng(0)
    table = CARDS.with_columns(balance=pl.Series(rng.normal(5_000, 900, CARDS.height)).round(2))
    assert found(table, "balance-not-explained").columns == ("balance",)


def test_a_hole_in_the_calendar_is_found() -> None:
    month = CARDS.filter(pl.col("timestamp").dt.month() != 4)
    problem = found(month, "days-without-events")
    assert (problem.effect, problem.count) == ("worse", 30)
    holiday = CARDS.filter(pl.col("timestamp").dt.date() != date(2025, 5, 1))
    assert found(holiday, "days-without-events").effect == "look"


def test_closed_weekends_are_no_hole() -> None:
    assert problems(CARDS.filter(pl.col("timestamp").dt.weekday() <= 5)) == []


def moved_to(day: date, share: float) -> pl.DataFrame:
    rows = pl.Series(np.random.default_rng(0).random(CARDS.height) < share)
    clock = pl.col("timestamp") - pl.col("timestamp").dt.truncate("1d")
    there = pl.lit(datetime(day.year, day.month, day.day)) + clock
    return CARDS.with_columns(timestamp=pl.when(rows).then(there).otherwise("timestamp"))


def test_a_day_with_too_many_events_is_found() -> None:
    problem = found(moved_to(date(2025, 3, 12), 0.08), "days-with-too-many-events")
    assert "2025-03-12" in problem.found


def test_month_ends_with_many_events_are_usual() -> None:
    day = pl.col("timestamp").dt.date()
    ends = CARDS.filter(day == day.dt.month_end())
    several = pl.concat(
        [CARDS, *[ends.with_columns(points=pl.lit(i, pl.Int64)) for i in range(14)]]
    )
    assert "days-with-too-many-events" not in {p.code for p in problems(several)}


def test_midnight_for_unknown_times_is_found() -> None:
    rows = pl.Series(np.random.default_rng(0).random(CARDS.height) < 0.05)
    day = pl.col("timestamp").dt.truncate("1d")
    table = CARDS.with_columns(timestamp=pl.when(rows).then(day).otherwise("timestamp"))
    assert found(table, "midnight-for-unknown").count == int(rows.sum())


def test_a_clock_of_another_zone_is_found() -> None:
    table = CARDS.with_columns(pl.col("timestamp") + pl.duration(hours=11))
    assert "quietest" in found(table, "clock-of-another-zone").found


def test_universal_time_in_summer_is_found_and_local_time_is_not() -> None:
    year = cards(n=30_000, days=365)
    summer = pl.col("timestamp").dt.month().is_between(4, 9)
    shifted = pl.col("timestamp") - pl.duration(hours=summer.cast(pl.Int64))
    table = year.with_columns(timestamp=shifted)
    assert "hours between winter and summer" in found(table, "summer-time-ignored").found
    assert problems(year) == []


def test_a_label_that_arrives_late_is_found() -> None:
    late = pl.col("timestamp") > datetime(2025, 8, 1)
    table = CARDS.with_columns(is_fraud=pl.when(late).then(0).otherwise(LABEL).cast(pl.Int8))
    problem = found(table, "label-arrives-late")
    assert problem.effect == "wrong"
    assert "last 5 weeks" in problem.found


def test_a_label_that_begins_late_is_found() -> None:
    early = pl.col("timestamp") < datetime(2025, 2, 1)
    table = CARDS.with_columns(is_fraud=pl.when(early).then(0).otherwise(LABEL).cast(pl.Int8))
    assert found(table, "label-begins-late").columns == (LABEL,)


def test_a_swapped_label_is_found() -> None:
    table = CARDS.with_columns(is_fraud=(1 - pl.col(LABEL)).cast(pl.Int8))
    assert found(table, "label-mostly-positive").effect == "look"


def test_entities_with_one_event_are_found() -> None:
    singles = pl.when(pl.int_range(pl.len()) % 50 == 0).then(10_000 + pl.int_range(pl.len()))
    table = CARDS.with_columns(customer_id=singles.otherwise("customer_id"))
    assert found(table, "entities-with-one-event").count == 240


def test_a_giant_entity_is_found() -> None:
    rows = pl.int_range(pl.len()) % 12 == 0
    table = CARDS.with_columns(customer_id=pl.when(rows).then(0).otherwise("customer_id"))
    assert found(table, "giant-entity").count == 1


def test_rows_that_repeat_are_found_whole_and_but_for_their_number() -> None:
    twice = pl.concat([CARDS, CARDS.head(300)])
    assert found(twice, "repeated-rows").count == 300
    numbered = twice.with_row_index("row_id")
    problem = found(numbered, "repeated-rows")
    assert (problem.count, problem.columns) == (300, ("row_id",))


def test_double_postings_are_found() -> None:
    again = CARDS.head(300).with_columns(pl.col("timestamp") + pl.duration(seconds=20))
    assert found(pl.concat([CARDS, again]), "double-postings").count >= 290


def test_row_keys_used_twice_are_found() -> None:
    keys = pl.Series(np.arange(CARDS.height) % (CARDS.height - 100))
    problem = found(CARDS.with_columns(payment_id=keys), "keys-used-twice")
    assert (problem.count, problem.first_row) == (100, CARDS.height - 99)


def test_facts_that_change_for_a_few_entities_are_found() -> None:
    born = 1950 + pl.col("customer_id") % 40
    second = (pl.col("customer_id") < 3) & (pl.col("timestamp") > datetime(2025, 5, 1))
    table = CARDS.with_columns(cohort=pl.when(second).then(born + 7).otherwise(born))
    problem = found(table, "facts-that-change")
    assert (problem.columns, problem.count) == (("cohort",), 3)


def test_a_change_of_units_in_time_is_found() -> None:
    after = pl.col("timestamp") > datetime(2025, 5, 1)
    table = CARDS.with_columns(
        amount=pl.when(after).then(pl.col("amount") * 100).otherwise("amount")
    )
    assert "2025-05" in found(table, "unit-changes").found


def test_a_change_of_rounding_in_time_is_found() -> None:
    after = pl.col("timestamp") > datetime(2025, 5, 1)
    table = CARDS.with_columns(
        amount=pl.when(after).then(pl.col("amount").round(0)).otherwise("amount")
    )
    assert "2025-05" in found(table, "rounding-changes").found


def test_levels_that_begin_on_a_date_are_found() -> None:
    after = (pl.col("timestamp") > datetime(2025, 5, 1)) & (pl.col("kind") == "food")
    table = CARDS.with_columns(kind=pl.when(after).then(pl.lit("groceries")).otherwise("kind"))
    problem = found(table, "levels-that-begin-or-end")
    assert problem.count == 2
    assert "2025-05" in problem.found


def test_a_column_that_is_filled_from_a_date_is_found() -> None:
    after = pl.col("timestamp") > datetime(2025, 5, 1)
    table = CARDS.with_columns(kind=pl.when(after).then("kind").otherwise(None))
    assert "2025-05" in found(table, "filling-changes").found


def prices(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = pl.date_range(date(2016, 1, 1), date(2019, 12, 31), eager=True)
    paths = {n: 90 * np.exp(np.cumsum(rng.normal(0, 0.015, len(days)))) for n in ("AAA", "BBB")}
    return pl.DataFrame({"date": days, **paths}).with_columns(pl.col("AAA", "BBB").round(2))


def price_problems(table: pl.DataFrame) -> list[Problem]:
    return find_problems(Evidence.build(table, infer_schema(table, domain="market")))


def test_stale_prices_and_splits_are_found_and_plain_prices_are_not() -> None:
    assert price_problems(prices()) == []
    row = pl.int_range(pl.len())
    still = prices().with_columns(AAA=pl.when(row.is_between(99, 120)).then(88.5).otherwise("AAA"))
    assert [(p.code, p.columns, p.count) for p in price_problems(still)] == [
        ("stale-prices", ("AAA",), 22)
    ]
    split = prices().with_columns(BBB=pl.when(row > 400).then(pl.col("BBB") / 2).otherwise("BBB"))
    assert [(p.code, p.count) for p in price_problems(split)] == [("price-jumps", 1)]


def planted() -> Iterator[Problem]:
    for effect in ("look", "worse", "refused", "wrong", "undecided"):
        yield Problem(effect, effect, "", "", "")  # type: ignore[arg-type]


def test_problems_are_ranked_by_what_they_do() -> None:
    order = [p.effect for p in ranked(list(planted()))]
    assert order == ["refused", "wrong", "undecided", "worse", "look"]


def test_no_problem_holds_a_value() -> None:
    rows = pl.int_range(pl.len()) % 30 == 0
    table = CARDS.with_columns(
        kind=pl.when(rows).then(pl.lit("CafÃ© Geheim")).otherwise(pl.lit("geheim")),
        points=pl.when(rows).then(-99_999).otherwise("points"),
    )
    told = str([p.to_json() for p in problems(table)])
    assert len(problems(table)) >= 2
    assert "eheim" not in told
    assert "99999" not in told
