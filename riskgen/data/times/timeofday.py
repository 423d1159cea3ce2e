"""A time of day in a column of its own, beside a date without one.

Knows columns: polars times, texts like 09:05 and numbers like 905 or 90500.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from riskgen.data.inference.profile import Profile
from riskgen.data.inference.words import has_word
from riskgen.data.times.forms import is_named_like_time

_TEXT = r"^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"
_TEXTS = ("%H:%M:%S", "%H:%M", "%-H:%M:%S", "%-H:%M", "%H:%M:%S%.3f", "%H:%M:%S%.6f")
_NUMBERS = ("%H%M%S", "%H%M")
_CLOCK_WORDS = frozenset({"clock", "tod", "hhmm", "hhmmss", "uhrzeit", "uhr", "hms", "heure"})
_HOUR_WORDS = frozenset({"hour", "stunde", "hh", "hr"})
# Rows without a time of day count as midnight; more than that are no clock [J].
MOST_MISSING = 0.01
# Fewer moments in a day than that are a count or a code, not a clock [J].
_FEWEST = 25


def find_clock(profiles: Mapping[str, Profile], date: Profile) -> tuple[str, str | None] | None:
    """Return the column with the time of day of a date column, and its pattern.

    The pattern is None for a column of type Time. None when ``date`` has a
    time of day itself or no column has one.
    """
    if not date.is_date or date.has_clock:
        return None
    found = [(p, form) for p in profiles.values() if (form := _form(p)) is not None]
    if not found:
        return None
    # The finest one: an hour beside a full time of day says it once more.
    best = max(found, key=lambda item: item[0].n_distinct)
    return best[0].name, best[1] or None


def _form(p: Profile) -> str | None:
    """Return the pattern of a clock column, empty for type Time, None if it is none."""
    if p.n_null > MOST_MISSING * p.n_rows or p.n_distinct < 2 or p.form is not None:
        return None
    if p.dtype == pl.Time:
        return ""
    texts = p.column.drop_nulls()
    for pattern in _patterns(p, texts):
        clock = read_clock(texts, pattern)
        if clock.null_count() == 0 and write_clock(clock, pattern, p.dtype).equals(texts):
            return pattern
    return None


def _patterns(p: Profile, texts: pl.Series) -> tuple[str, ...]:
    if p.dtype == pl.String:
        return _TEXTS if texts.str.contains(_TEXT).all() else ()
    if not p.is_whole:
        return ()
    if has_word(p.name, _HOUR_WORDS):
        return ("%H",)
    named = is_named_like_time(p.name) or has_word(p.name, _CLOCK_WORDS)
    if not named or p.n_distinct < _FEWEST or int((p.column < 0).sum()):
        return ()
    return _NUMBERS if int((p.column > 2359).sum()) else _NUMBERS[1:]


def read_clock(column: pl.Series, pattern: str | None) -> pl.Series:
    """Return a column as times of day; null where it does not fit ``pattern``."""
    if pattern is None or column.dtype == pl.Time:
        return column.cast(pl.Time)
    texts = column.cast(pl.String)
    if column.dtype.is_numeric():
        texts = texts.str.zfill(2 * pattern.count("%"))
    if "%M" not in pattern:
        texts, pattern = pl.select(texts + ":00").to_series(), pattern + ":%M"
    return texts.str.to_time(pattern.replace("%-", "%"), strict=False).alias(column.name)


def write_clock(clock: pl.Series, pattern: str | None, dtype: pl.DataType) -> pl.Series:
    """Return times of day as they were written."""
    if pattern is None:
        return clock
    texts = clock.dt.to_string(pattern)
    return texts if dtype == pl.String else texts.cast(pl.Int64).cast(dtype)


def join(dates: pl.Series, clock: pl.Series) -> pl.Series:
    """Return dates with their time of day; a missing one counts as midnight."""
    midnight = dates.cast(pl.Date).cast(pl.Datetime("us"))
    passed = clock.cast(pl.Int64).fill_null(0) // 1_000
    return (midnight + passed.cast(pl.Duration("us"))).alias(dates.name)
