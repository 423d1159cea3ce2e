"""Times as banks write them are read, made, and written the same way again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.cleaning import clean
from riskgen.data.derived.derivation import derive, openings
from riskgen.data.derived.formula import Formula, parse
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.inference.inference import infer_schema
from riskgen.data.schema import Channel, Schema
from riskgen.data.times.axis import as_given
from riskgen.data.times.forms import find_form, read_form, write_form
from riskgen.data.times.readings import find_time_function
from riskgen.errors import DataError, SchemaError

WHEN = pl.col("when")


def bank(*columns: pl.Expr, n: int = 40, **named: object) -> pl.DataFrame:
    return tiny_table(n).with_columns(*columns, **named)


def again(table: pl.DataFrame, **asked: str) -> tuple[Schema, pl.DataFrame]:
    """Encode and decode a table, and return it as it would be written."""
    events, schema, _ = clean(table, infer_schema(table, **asked))
    encoder = EventEncoder.fit(events)
    made = encoder.decode(encoder.encode(events))
    columns = [as_given(made.frame[c.name], c).alias(c.name) for c in schema.channels]
    return schema, pl.DataFrame(columns)


def blank_and_derived(table: pl.DataFrame) -> tuple[Events, Events]:
    """Return events, and the same with every derived column emptied and computed again."""
    events, schema, _ = clean(table, infer_schema(table))
    empty = [
        pl.lit(None).cast(events.frame.schema[c.name]).alias(c.name)
        for c in schema.with_role("derived")
    ]
    blank = Events(events.schema, events.frame.with_columns(empty), events.offsets)
    return events, derive(blank, openings(events))


EPOCH = WHEN.dt.truncate("1s")
WRITTEN = {
    "epoch(s)": EPOCH.dt.timestamp("ms") // 1000,
    "epoch(ms)": EPOCH.dt.timestamp("ms"),
    "epoch(us)": EPOCH.dt.timestamp("us"),
    "%Y%m%d": WHEN.dt.strftime("%Y%m%d").cast(pl.Int32),
    "%y%m%d since 1969": WHEN.dt.strftime("%y%m%d").cast(pl.Int64),
    "%Y%m%d%H%M%S": WHEN.dt.strftime("%Y%m%d%H%M%S").cast(pl.Int64),
    "%d.%m.%Y %H:%M": WHEN.dt.strftime("%d.%m.%Y %H:%M"),
    "%Y-%m-%dT%H:%M:%SZ": WHEN.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_time_comes_out_as_it_was_written(form: str) -> None:
    table = bank(when=WRITTEN[form])
    schema, made = again(table)
    assert (schema.time, schema.channel("when").form) == ("when", form)
    assert form in schema.channel("when").reason
    assert made["when"].dtype == table["when"].dtype
    read = read_form(made["when"], form)
    assert read.null_count() == 0
    # A day either way: the first day of a sequence is drawn from bins.
    assert abs((read.dt.date().min() - date(2025, 1, 1)).days) <= 3
    assert write_form(read, form, made["when"].dtype).equals(made["when"])


def test_dates_as_texts_of_digits_and_as_numbers_with_gaps_are_read() -> None:
    assert find_form(pl.Series("date", ["930101", "951231"])) == "%y%m%d since 1969"
    assert find_form(pl.Series("date", ["20240229"])) == "%Y%m%d"
    assert find_form(pl.Series("ts", [1.7e9, None, 1.8e9])) == "epoch(s)"


def test_numbers_that_are_no_times_are_left_alone() -> None:
    for values in ([1, 2, 743], [20241301, 20240230], [999999, 139999], [5e8, 1e9], [-930101]):
        assert find_form(pl.Series("date", values)) is None
    amounts = bank(balance_value=pl.lit(1_700_000_000) + pl.int_range(pl.len()))
    assert infer_schema(amounts).channel("balance_value").form is None


def test_ten_digits_are_an_hour_where_all_of_them_are_one_and_else_seconds() -> None:
    hours = pl.Series("time", [2024_03_31_12, 2024_12_01_23, 2023_01_15_00])
    assert find_form(hours) == "%Y%m%d%H"
    assert find_form(pl.Series("time", [1_711_886_400, 1_711_972_799, 2_024_033_112])) == "epoch(s)"


def test_a_number_is_a_time_only_by_its_name_or_by_the_users_word() -> None:
    stamped = bank(moved=WRITTEN["epoch(s)"]).drop("when")
    with pytest.raises(SchemaError, match="--time"):
        infer_schema(stamped)
    assert infer_schema(stamped, time="moved").channel("moved").form == "epoch(s)"


@given(st.lists(st.dates(date(1970, 1, 1), date(2060, 1, 1)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_two_digit_years_that_lie_together_stay_together(days: list[date]) -> None:
    days = [days[0] + timedelta(days=(day - days[0]).days % 10_000) for day in days]
    written = pl.Series("date", [int(day.strftime("%y%m%d")) for day in days])
    form = find_form(written)
    if form is None or not form.startswith("%y"):
        return  # a few numbers may also be months of four-digit years
    read = read_form(written, form)
    wrong = (read - pl.Series(days)).dt.total_days().unique()
    assert len(wrong) == 1
    assert wrong[0] in (0, -36525, 36525)
    assert write_form(read, form, pl.Int64()).equals(written)


def test_a_broken_date_is_counted_and_a_column_of_them_is_no_time() -> None:
    broken = pl.when(pl.int_range(pl.len()) == 3).then(20249999).otherwise(WRITTEN["%Y%m%d"])
    table = bank(when=broken)
    _, _, notes = clean(table, infer_schema(table))
    assert "1 rows without 'when' were left out." in notes
    half = pl.when(pl.int_range(pl.len()) % 2 == 0).then(20249999).otherwise(WRITTEN["%Y%m%d"])
    schema = infer_schema(bank(when=half), time="when")
    assert schema.resolution == "step"
    fixed = [c.model_copy(update={"form": "%Y%m%d"}) for c in schema.channels if c.name == "when"]
    channels = tuple(fixed[0] if c.name == "when" else c for c in schema.channels)
    with pytest.raises(DataError, match="unreadable"):
        clean(bank(when=half), schema.model_copy(update={"channels": channels}))


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(SchemaError, match="not a form of times"):
        read_form(pl.Series([1, 2]), "stardate")
    with pytest.raises(SchemaError, match="not a form of times"):
        read_form(pl.Series([1, 2]), "%y%m%d since then")


CLOCKS = {
    "time": (WHEN.dt.time(), "clock(day)"),
    "text": (WHEN.dt.strftime("%H:%M:%S"), "written(day, %H:%M:%S)"),
    "hhmm": (WHEN.dt.strftime("%H%M").cast(pl.Int64), "written(day, %H%M)"),
    "hhmmss": (WHEN.dt.strftime("%H%M%S").cast(pl.Int32), "written(day, %H%M%S)"),
    "hour": (WHEN.dt.hour(), "hour(day)"),
}


@pytest.mark.parametrize("kind", CLOCKS)
def test_a_date_and_a_time_of_day_are_one_time_axis(kind: str) -> None:
    values, formula = CLOCKS[kind]
    name = "hour" if kind == "hour" else "tod"
    table = bank(day=WHEN.dt.date(), **{name: values}).drop("when")
    schema, made = again(table)
    assert (schema.time, schema.resolution) == ("day", "clock")
    assert schema.channel("day").clock == name
    assert (schema.channel(name).role, schema.channel(name).formula) == ("derived", formula)
    assert made.schema[name] == table.schema[name]
    assert made["day"].dtype == pl.Date
    assert made[name].n_unique() > 12
    assert made[name].null_count() == 0


def test_the_joined_axis_is_the_one_that_was_taken_apart() -> None:
    seconds = WHEN.dt.truncate("1s")
    table = bank(day=WHEN.dt.strftime("%y%m%d").cast(pl.Int64), tod=seconds.dt.time())
    events, _, _ = clean(table.drop("when"), infer_schema(table.drop("when")))
    whole = bank(when=seconds).sort("customer", "when")["when"]
    assert events.frame["day"].equals(whole.cast(pl.Datetime("us")).alias("day"))
    _, derived = blank_and_derived(table.drop("when"))
    assert derived.frame["tod"].equals(events.frame["tod"])


def test_a_clock_that_is_often_missing_is_not_joined() -> None:
    holes = pl.when(pl.int_range(pl.len()) % 10 > 0).then(WHEN.dt.time())
    schema = infer_schema(bank(day=WHEN.dt.date(), tod=holes).drop("when"))
    assert schema.channel("day").clock is None
    assert schema.channel("tod").role == "dropped"


def test_a_schema_whose_clock_has_no_formula_is_refused() -> None:
    table = bank(day=WHEN.dt.date(), tod=WHEN.dt.time()).drop("when")
    schema = infer_schema(table)
    broken = [
        c.model_copy(update={"role": "dropped", "formula": None}) if c.name == "tod" else c
        for c in schema.channels
    ]
    with pytest.raises(SchemaError, match="remove 'clock'"):
        clean(table, schema.model_copy(update={"channels": tuple(broken)}))


READINGS: dict[str, tuple[pl.Expr, str]] = {
    "weekday": (WHEN.dt.weekday(), "weekday(when)"),
    "dow": (WHEN.dt.weekday().cast(pl.Int8) - 1, "weekday(when, -1)"),
    "dow_sunday": (WHEN.dt.weekday() % 7, "weekday_from_sunday(when)"),
    "hour": (WHEN.dt.hour(), "hour(when)"),
    "month": (WHEN.dt.month(), "month(when)"),
    "day_name": (WHEN.dt.strftime("%A"), "written(when, %A)"),
    "yyyymm": (WHEN.dt.strftime("%Y%m").cast(pl.Int32), "written(when, %Y%m)"),
    "period": (WHEN.dt.strftime("%Y-%m"), "written(when, %Y-%m)"),
    "booked": (WHEN.dt.date(), "date(when)"),
    "month_start": (WHEN.dt.truncate("1mo").dt.date(), "truncated(when, 1mo)"),
    "month_last": (WHEN.dt.month_end().dt.date(), "month_end(when)"),
    "clock": (WHEN.dt.time(), "clock(when)"),
    "unix": (WHEN.dt.epoch("s"), "seconds_since(when, 1970-01-01)"),
    "days": ((WHEN - datetime(2020, 2, 29)).dt.total_days(), "days_since(when, 2020-02-29)"),
    "weeks": ((WHEN - datetime(2024, 1, 1)).dt.total_days() // 7, "weeks_since(when, 2024-01-01)"),
    "weekend": (WHEN.dt.weekday() > 5, "by_weekday(when, false, 5, true, 2)"),
    "night": ((WHEN.dt.hour() < 6).cast(pl.Int8), "by_hour(when, 1, 6, 0, 18)"),
    "shift": (
        pl.when(WHEN.dt.hour() < 8).then(pl.lit("early")).otherwise(pl.lit("late")),
        "by_hour(when, early, 8, late, 16)",
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_function_of_time_is_found_and_computed_exactly(name: str) -> None:
    expression, formula = READINGS[name]
    # Three months, so that a day of the month is not a count of days.
    table = pl.concat([bank(n=80), bank(when=WHEN + timedelta(days=75), n=80)])
    table = table.with_columns(pl.col("country").replace("XX", "FR"), **{name: expression})
    schema = infer_schema(table)
    found = schema.channel(name)
    expected = formula if name != "unix" else found.formula
    assert (found.role, found.formula) == ("derived", expected)
    events, derived = blank_and_derived(table)
    assert derived.frame[name].dtype == table[name].dtype
    assert derived.frame[name].equals(events.frame[name])


@pytest.mark.parametrize("name", ["weekday", "night", "period", "clock", "days", "booked"])
def test_simulated_functions_follow_from_the_simulated_time(name: str) -> None:
    expression, _ = READINGS[name]
    table = pl.concat([bank(n=40), bank(when=WHEN + timedelta(days=75), n=40)])
    _, made = again(table.with_columns(country=pl.lit("DE"), **{name: expression}))
    assert made[name].equals(made.select(expression.alias(name))[name].cast(made[name].dtype))


def test_rows_without_the_value_do_not_hide_the_function() -> None:
    holes = pl.when(pl.int_range(pl.len()) % 9 > 0).then(WHEN.dt.weekday())
    table = bank(weekday=holes)
    channel = infer_schema(table).channel("weekday")
    assert channel.formula == "weekday(when)"
    assert "lack it" in channel.reason
    assert again(table)[1]["weekday"].null_count() == 0


def test_one_wrong_row_makes_no_function_of_time() -> None:
    wrong = pl.when(pl.int_range(pl.len()) == 77).then(9).otherwise(WHEN.dt.weekday())
    assert infer_schema(bank(weekday=wrong)).channel("weekday").role == "channel"


def test_an_anchor_that_would_be_somebodys_first_moment_is_not_written_down() -> None:
    moments = tiny_table()["when"].rename("when")
    days = (moments - moments.min()).dt.total_days().alias("elapsed_days")
    found = find_time_function(days, moments)
    assert found is None or found.formula is None


def test_levels_of_few_entities_are_not_written_into_a_lookup() -> None:
    moments = pl.Series("when", [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(2400)])
    night = (moments.dt.hour() < 6).alias("night")
    everyone, few = pl.Series(np.arange(2400) % 50), pl.Series(np.arange(2400) % 10)
    found = find_time_function(night, moments, everyone)
    assert found is not None
    assert found.formula is not None
    left = find_time_function(night, moments, few)
    assert left is None or left.formula is None


def test_steps_of_hours_have_days_and_hours() -> None:
    steps = pl.Series("step", np.arange(1000) % 743)
    hour, day = (steps % 24).alias("hour_of_day"), (steps // 24 + 1).alias("day")
    assert str(find_time_function(hour, steps).formula) == "remainder(step, 24)"
    assert str(find_time_function(day, steps).formula) == "quotient(step, 24, 1)"


@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=4, unique=True).filter(lambda x: all(x)),
    st.text(min_size=1, max_size=8).filter(lambda text: text == text.strip()),
)
@settings(max_examples=80, deadline=None)
def test_a_formula_survives_its_own_text(levels: list[str], name: str) -> None:
    formula = Formula("signed", (name, "flag, with a comma"), tuple(levels))
    assert parse(str(formula), "x") == formula


def test_formulas_with_the_wrong_parts_are_refused() -> None:
    for text in ("", "running_sum()", "signed(a, b)", "weekday(a, 1, 2)", "total(a)", "exec(a)"):
        with pytest.raises(SchemaError, match="'x' is derived"):
            parse(text, "x")


def test_a_table_of_hours_must_have_all_of_them() -> None:
    money = {"dtype": "Int64", "kind": "timestamp", "role": "derived"}
    channels = [
        Channel(name="who", dtype="String", kind="identifier", role="entity"),
        Channel(name="when", dtype="Datetime(us)", kind="timestamp", role="time"),
        Channel(name="night", formula="by_hour(when, 1, 6)", **money),
    ]
    schema = Schema(domain="transactions", resolution="clock", channels=tuple(channels))
    frame = pl.DataFrame({"who": ["a"], "when": [datetime(2024, 1, 1)], "night": [0]})
    with pytest.raises(SchemaError, match="24 cells"):
        derive(Events.build(frame, schema), {})


def test_a_time_of_day_alone_orders_nothing() -> None:
    with pytest.raises(SchemaError, match="--time"):
        infer_schema(bank(when=pl.lit(time(3, 4))))
