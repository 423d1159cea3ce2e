"""Dates and times that were written as text.

Knows the forms that bank exports use. A form that can be read in two ways
(03/04/2025) is not guessed.
"""

from __future__ import annotations

from typing import TypeVar

import polars as pl

Text = TypeVar("Text", pl.Series, pl.Expr)

# Year first, then day first with dots: none of these can be mistaken.
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y.%m.%d")
_SLASHED = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_CLOCKS = (" %H:%M:%S%.f", "T%H:%M:%S%.f", " %H:%M", "T%H:%M")
_DAY = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?"
_SHAPE = rf"^\s*{_DAY}({_CLOCK})?\s*$"
_SAMPLE = 200


def parse_dates(column: pl.Series, least: float = 1.0) -> pl.Series | None:
    """Return a text column as Date or Datetime(us), or None if it is not one.

    Parameters
    ----------
    column : polars.Series of String
        Values as written; null stays null.
    least : float
        Share of the values present that must be readable, 0 to 1; the others
        become null.
    """
    present = column.drop_nulls()
    if present.is_empty() or not _looks_dated(present, least):
        return None
    readings = [form for form in _forms(present) if _share(present, form) >= least]
    if not readings or _disagree(present, readings):
        return None
    return read_as(column, readings[0])


def is_ambiguous(column: pl.Series) -> bool:
    """Whether a text column is dates whose day and month could be swapped."""
    present = column.drop_nulls()
    if present.is_empty() or not _looks_dated(present, 0.99):
        return False
    readings = [form for form in _forms(present) if _share(present, form) >= 0.99]
    return len(readings) > 1 and _disagree(present, readings)


def form_of_dates(column: pl.Series, least: float = 1.0) -> str | None:
    """Return the pattern in which a text column writes its dates, or None.

    Of the ways to write that read the same, the one that gives the first
    values back as they are.
    """
    present = column.drop_nulls()
    if present.is_empty() or not _looks_dated(present, least):
        return None
    readings = [form for form in _forms(present) if _share(present, form) >= least]
    if not readings or _disagree(present, readings):
        return None
    return _as_written(present.head(_SAMPLE).str.strip_chars(), readings[0])


def _as_written(first: pl.Series, form: str) -> str:
    plain = form.replace("%.f", "").replace("%#z", "")
    zones = ("Z", "+00:00", "+0000") if form.endswith("z") else ("",)
    fractions = ("", "%.3f", "%.6f") if "%.f" in form else ("",)
    moments = read_as(first, form).cast(pl.Datetime("us"))
    written = {
        (fraction, zone, short): moments.dt.to_string(
            (plain.replace("%d", "%-d").replace("%m", "%-m") if short else plain) + fraction + zone
        )
        for fraction in fractions
        for zone in zones
        for short in (False, True)
    }
    fraction, zone, short = max(written, key=lambda key: int((written[key] == first).sum()))
    plain = plain.replace("%d", "%-d").replace("%m", "%-m") if short else plain
    return plain + fraction + {"Z": "Z", "+00:00": "%:z", "+0000": "%z"}.get(zone, "")


def _looks_dated(present: pl.Series, least: float) -> bool:
    first = present.head(_SAMPLE)
    return int(first.str.contains(_SHAPE).sum()) >= min(least, 0.9) * len(first)


def _forms(present: pl.Series) -> list[str]:
    first = present.head(_SAMPLE)
    clocks = [*_CLOCKS, *(f"{c}%#z" for c in _CLOCKS)] if _has_clock(first) else [""]
    forms = [date + clock for date in (*_DATES, *_SLASHED) for clock in clocks]
    return [form for form in forms if _share(first, form) >= 0.5]


def _has_clock(first: pl.Series) -> bool:
    return bool(first.str.contains(":").any())


def _share(values: pl.Series, form: str) -> float:
    return 1 - read_as(values, form).null_count() / len(values)


def candidate_forms(first: pl.Series) -> list[str]:
    """Return the forms that most of the first 200 values of a text column fit."""
    present = first.drop_nulls().head(_SAMPLE)
    return _forms(present) if len(present) and _looks_dated(present, 1.0) else []


def read_as(values: Text, form: str) -> Text:
    """Return text as Date or Datetime(us) of a form; null where it does not fit."""
    trimmed = values.str.strip_chars()
    if "%H" not in form:
        return trimmed.str.to_date(form, strict=False)
    if form.endswith("z"):
        # A written offset is kept as the moment it names, in universal time.
        moments = trimmed.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
        return moments.dt.replace_time_zone(None)
    return trimmed.str.to_datetime(form, time_unit="us", strict=False)


def _disagree(present: pl.Series, readings: list[str]) -> bool:
    first = read_as(present, readings[0])
    return any(not first.equals(read_as(present, form)) for form in readings[1:])
