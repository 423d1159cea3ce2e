"""How banks write times, read and written again in the same form.

A form is ``epoch(s)``, ``epoch(ms)``, ``epoch(us)`` or ``epoch(ns)`` for
numbers that count from 1970, or a strftime pattern (``%Y%m%d``,
``%d.%m.%Y %H:%M``). Two-digit years say where their hundred years begin:
``%y%m%d since 1969``. Knows columns, not schemas; never reads today's date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from riskgen.data.inference.words import words
from riskgen.errors import SchemaError

# Units of a second, and the years in which an event of a bank can lie [J].
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # 1 January 1990 and 2100
# Digits of a number that is a date, and its pattern; two-digit years come last.
_DIGITS = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 10: "%Y%m%d%H", 8: "%Y%m%d", 6: "%Y%m"}
_SHORT = "%y%m%d"
_YEARS = (1900, 2100)
POSIX_PIVOT = 1969  # POSIX strptime: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068
_NAMES = frozenset(
    {"date", "time", "timestamp", "ts", "datetime", "datum", "when", "epoch", "dt", "day"}
    | {"moment", "booked", "booking", "posted", "unix", "at", "month", "created", "zeit"}
)
_EPOCH = re.compile(r"epoch\((s|ms|us|ns)\)")
_SINCE = re.compile(r"(%y%m%d) since (\d{4})")


def is_named_like_time(name: str) -> bool:
    """Whether a column's name says date or time."""
    return not _NAMES.isdisjoint(words(name))


def find_form(column: pl.Series, least: float = 0.99) -> str | None:
    """Return the form of numbers, or of texts of digits, that are times, or None.

    Parameters
    ----------
    column : polars.Series
        Whole numbers (also as floats) or texts of digits only.
    least : float
        Share of the values present that must be plausible.
    """
    numbers = _numbers(column)
    if numbers is None or (present := numbers.drop_nulls()).is_empty():
        return None
    dated = next((form for form in _dated(present) if _fits(present, form, least)), None)
    # Ten digits may be seconds in the 2030s too, of which 1 in 100 is a month, day and hour.
    if column.dtype != pl.String and dated != "%Y%m%d%H":
        for unit, scale in _PER_SECOND.items():
            inside = present.is_between(_EARLIEST * scale, _LATEST * scale)
            if inside.to_numpy().mean() >= least:
                return f"epoch({unit})"
    return dated


def _fits(present: pl.Series, form: str, least: float) -> bool:
    return 1 - read_form(present, form).null_count() / len(present) >= least


def _numbers(column: pl.Series) -> pl.Series | None:
    """Return whole numbers as Int64, None where a column holds anything else."""
    if column.dtype == pl.String:
        trimmed = column.str.strip_chars()
        if not trimmed.head(1_000).str.contains(r"^(\d{6}|\d{8}|\d{10}|\d{12}|\d{14})$").all():
            return None
        return trimmed.cast(pl.Int64, strict=False)
    if column.dtype.is_float():
        finite = column.is_finite() | column.is_null()
        if not finite.all() or (column.abs() > 9e18).any():
            return None
        return column.floor().cast(pl.Int64)
    return column.cast(pl.Int64, strict=False) if column.dtype.is_integer() else None


def _dated(present: pl.Series) -> Iterator[str]:
    digits = present.abs().cast(pl.String).str.len_chars()
    longest = int(digits.to_numpy().max())
    if longest in _DIGITS and (digits == longest).all():
        yield _DIGITS[longest]
    if 3 <= longest <= 6 and (present > 0).all():
        yield f"{_SHORT} since {_pivot(present)}"


def _pivot(present: pl.Series) -> int:
    """Return the first of the hundred years that two-digit years lie in.

    1969 as POSIX has it, unless that would tear apart years that lie together:
    then the years run from the one after the longest stretch without any, and
    the last of them is read as POSIX does.
    """
    years = np.unique((present // 10_000).to_numpy() % 100)
    stretch = np.diff(np.append(years, years[0] + 100))
    last = years[int(np.argmax(stretch))]
    first = years[(int(np.argmax(stretch)) + 1) % len(years)]
    end = int(last) + (1900 if last >= POSIX_PIVOT % 100 else 2000)
    start = end - int((last - first) % 100)
    return POSIX_PIVOT if POSIX_PIVOT <= start else start


def read_form(column: pl.Series, form: str) -> pl.Series:
    """Return a column of ``form`` as Date or Datetime(us); null where it does not fit.

    Raises
    ------
    SchemaError
        When the form is not one that riskgen knows, or the column's type
        cannot be of that form.
    """
    if found := _EPOCH.fullmatch(form):
        return _from_epoch(column, _PER_SECOND[found[1]])
    _check(form)
    form = form.replace("%-", "%")
    width = _width(form)
    if column.dtype == pl.String:
        texts = column.str.strip_chars()
    elif width is None:
        raise _unknown(form)
    else:
        numbers = _numbers(column)
        assert numbers is not None, "numbers are read as numbers"
        texts = numbers.cast(pl.String).str.zfill(width)
    return _from_text(texts, form).alias(column.name)


def _check(form: str) -> None:
    if "%" not in form or (" since " in form and not _SINCE.fullmatch(form)):
        raise _unknown(form)


def _unknown(form: str) -> SchemaError:
    return SchemaError(
        f"'{form}' is not a form of times. Known: epoch(s), epoch(ms), epoch(us), epoch(ns), a "
        "strftime pattern such as %Y%m%d, and '%y%m%d since 1969' for two-digit years."
    )


def _width(form: str) -> int | None:
    pattern = form.split(" since ")[0]
    sizes = {"%Y": 4, **dict.fromkeys(("%y", "%m", "%d", "%H", "%M", "%S"), 2)}
    parts = re.findall(r"%\w", pattern)
    plain = "".join(parts) == pattern and all(part in sizes for part in parts)
    return sum(sizes[part] for part in parts) if plain else None


def _from_epoch(column: pl.Series, scale: int) -> pl.Series:
    if column.dtype == pl.String:
        column = column.str.strip_chars().cast(pl.Int64, strict=False)
    if column.dtype.is_float():
        micros = (column * (1_000_000 / scale)).round(0).cast(pl.Int64, strict=False)
    elif scale > 1_000_000:
        micros = column.cast(pl.Int64, strict=False) // (scale // 1_000_000)
    else:
        micros = column.cast(pl.Int64, strict=False) * (1_000_000 // scale)
    return micros.cast(pl.Datetime("us")).alias(column.name)


def _from_text(texts: pl.Series, form: str) -> pl.Series:
    if found := _SINCE.fullmatch(form):
        start = int(found[2])
        years = texts.str.slice(0, 2).cast(pl.Int64, strict=False)
        full = start + (years - start) % 100
        texts = pl.select(full.cast(pl.String) + texts.str.slice(2)).to_series()
        form = "%Y%m%d"
    if "%d" not in form and "%j" not in form:
        # A month is known by its first day.
        texts, form = pl.select(texts + "-01").to_series(), form + "-%d"
    if "%H" not in form and "%I" not in form:
        return _within(texts.str.to_date(form, strict=False))
    if form.endswith("%H"):
        # An hour is known by its first minute: polars reads both or none.
        texts, form = pl.select(texts + "00").to_series(), form + "%M"
    if form.endswith(("Z", "%z", "%:z")):
        form = re.sub(r"(Z|%:?z)$", "%#z", form)
    moments = texts.str.to_datetime(_lenient(form), time_unit="us", strict=False)
    if isinstance(moments.dtype, pl.Datetime) and moments.dtype.time_zone:
        # A written offset is kept as the moment it names, in universal time.
        moments = moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return _within(moments)


def _lenient(form: str) -> str:
    """Let seconds have a fraction where the form writes none or some digits of it."""
    return re.sub(r"%S(%\.\d?f)?", "%S%.f", form) if "-" in form or "." in form else form


def _within(moments: pl.Series) -> pl.Series:
    inside = moments.dt.year().is_between(*_YEARS)
    return pl.select(pl.when(inside).then(moments)).to_series()


def write_form(moments: pl.Series, form: str, dtype: pl.DataType) -> pl.Series:
    """Return times as they were written: text or numbers of type ``dtype``.

    Parameters
    ----------
    moments : polars.Series
        Date or Datetime without a zone; null stays null.
    form : str
        As :func:`read_form` takes it.
    dtype : polars.DataType
        String, or a numeric type wide enough.
    """
    moments = moments.cast(pl.Datetime("us"))
    if found := _EPOCH.fullmatch(form):
        return _to_epoch(moments, _PER_SECOND[found[1]], dtype)
    _check(form)
    pattern = form.split(" since ")[0].replace("%#z", "Z").replace("%:z", "+00:00")
    texts = moments.dt.to_string(pattern.replace("%z", "+0000"))
    return texts if dtype == pl.String else texts.cast(pl.Int64).cast(dtype)


def _to_epoch(moments: pl.Series, scale: int, dtype: pl.DataType) -> pl.Series:
    micros = moments.dt.timestamp("us")
    if dtype.is_float():
        return (micros / (1_000_000 / scale)).cast(dtype)
    whole = micros * (scale // 1_000_000) if scale > 1_000_000 else micros // (1_000_000 // scale)
    return whole.cast(pl.String) if dtype == pl.String else whole.cast(dtype)
