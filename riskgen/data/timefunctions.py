"""Columns that say the time once more, in other units.

Days since the start, a month number, an hour: they follow from the time
column, so a generator must not guess them. Knows columns only.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskgen.data.words import has_word

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
_WORDS = frozenset(
    {"t", "time", "date", "day", "days", "week", "month", "year", "quarter", "hour", "minute"}
    | {"second", "seconds", "step", "period", "weekday", "weekend", "night", "holiday", "dow"}
)


def function_of_time(column: pl.Series, time: pl.Series) -> str | None:
    """Return which function of the time a column is, or None.

    Parameters
    ----------
    column : polars.Series of length n
        Whole numbers, truth values or dates.
    time : polars.Series of length n
        The time column: dates, timestamps or whole-number steps.
    """
    known = column.is_not_null() & time.is_not_null()
    column, time = column.filter(known), time.filter(known)
    if column.is_empty() or column.n_unique() < 2:
        return None
    if time.dtype.base_type() in (pl.Date, pl.Datetime):
        found = _exact(column, time)
        if found:
            return found
    if has_word(column.name, _WORDS) and any(_determined(column, t) for t in _clocks(time)):
        return "a function of time"
    return None


def _exact(column: pl.Series, time: pl.Series) -> str | None:
    if column.dtype.base_type() in (pl.Date, pl.Datetime):
        return "the date of the time" if column.cast(pl.Date).equals(time.cast(pl.Date)) else None
    if not column.dtype.is_integer():
        return None
    wanted = column.cast(pl.Int64)
    for what, values in _readings(time):
        # A count may start anywhere: only the distance has to be constant.
        if (wanted - values).n_unique() == 1:
            return f"a function of time ({what})"
    return None


def _readings(time: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    moments = time.cast(pl.Datetime("us"))
    seconds = moments.dt.epoch("s")
    first = (seconds.min() or 0) if len(seconds) else 0
    for what, unit in _UNITS.items():
        yield what, seconds // unit
        yield what, (seconds - first) // unit
    yield "months", moments.dt.year().cast(pl.Int64) * 12 + moments.dt.month()
    yield "quarters", moments.dt.year().cast(pl.Int64) * 4 + moments.dt.quarter()
    parts = moments.dt
    named = {"year": parts.year(), "month of the year": parts.month(), "day": parts.day()}
    named |= {"weekday": parts.weekday(), "hour": parts.hour(), "quarter": parts.quarter()}
    named |= {"week of the year": parts.week(), "day of the year": parts.ordinal_day()}
    for what, values in named.items():
        yield what, values.cast(pl.Int64)


def _clocks(time: pl.Series) -> Iterator[pl.Series]:
    """Yield the time, its day, and its place in the week: night and weekend follow from these."""
    yield time
    if time.dtype.base_type() in (pl.Date, pl.Datetime):
        moments = time.cast(pl.Datetime("us"))
        yield moments.dt.date()
        yield moments.dt.weekday().cast(pl.Int64) * 24 + moments.dt.hour()


def _determined(column: pl.Series, time: pl.Series) -> bool:
    """Whether equal times always have equal values, with enough equal times to tell."""
    pairs = pl.DataFrame({"time": time, "value": column})
    # Ten rows a moment: with fewer, chance could look like a function [J].
    n_times = time.n_unique()
    return 10 * n_times <= len(time) and pairs.n_unique() == n_times
