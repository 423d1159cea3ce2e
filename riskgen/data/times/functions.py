"""Functions of the time column: what a weekday, an hour or a day number is.

They follow from the time, so a generator must not guess them. Knows how to
compute them; :mod:`riskgen.data.times.readings` knows how to recognise them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl

from riskgen.data.derived.formula import Formula
from riskgen.data.times.forms import write_form
from riskgen.errors import SchemaError

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
# Cells of the calendar that a lookup goes through, Monday and midnight first;
# by_weekend_hour has the 24 hours of Monday to Friday, then those of the weekend.
CELLS = {"by_hour": 24, "by_weekday": 7, "by_weekend_hour": 48, "by_week_hour": 168, "by_month": 12}
_MICROS = 1_000_000


def time_function(time: pl.Series, formula: Formula) -> pl.Series:
    """Return a function of the time, shape (n,).

    Parameters
    ----------
    time : polars.Series of length n
        Date, Datetime without a zone, or whole-number steps; null stays null.
    formula : Formula
        One of :data:`riskgen.data.derived.formula.OF_TIME`.

    Raises
    ------
    SchemaError
        When a value of the formula cannot be read, or dates are asked of steps.
    """
    name = formula.function
    if name in ("quotient", "remainder"):
        return _of_steps(time, formula)
    if time.dtype.base_type() not in (pl.Date, pl.Datetime):
        raise SchemaError(f"'{formula}' needs dates, but '{formula.source}' counts steps.")
    moments = time.cast(pl.Datetime("us"))
    if name in PARTS:
        return PARTS[name](moments).cast(pl.Int64) + _whole(formula, 0, default=0)
    if name in CELLS:
        return looked_up(cell_of(moments, name), spread(formula))
    if name.endswith("_since"):
        return _since(moments, name.removesuffix("_since"), formula)
    return _SHAPES[name](moments, formula)


PARTS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "hour": lambda t: t.dt.hour(),
    "minute": lambda t: t.dt.minute(),
    "weekday": lambda t: t.dt.weekday(),
    "weekday_from_sunday": lambda t: t.dt.weekday() % 7,
    "day": lambda t: t.dt.day(),
    "month": lambda t: t.dt.month(),
    "quarter": lambda t: t.dt.quarter(),
    "year": lambda t: t.dt.year(),
    "week": lambda t: t.dt.week(),
    "day_of_year": lambda t: t.dt.ordinal_day(),
}

_SHAPES: dict[str, Callable[[pl.Series, Formula], pl.Series]] = {
    "date": lambda t, _: t.dt.date(),
    "month_end": lambda t, _: t.dt.month_end().dt.date(),
    "clock": lambda t, _: t.dt.time(),
    "truncated": lambda t, f: t.dt.truncate(f.values[0]),
    "written": lambda t, f: write_form(t, f.values[0], pl.String()),
}


def months(moments: pl.Series) -> pl.Series:
    """Return months since the year 0."""
    return moments.dt.year().cast(pl.Int64) * 12 + moments.dt.month().cast(pl.Int64) - 1


def cell_of(moments: pl.Series, lookup: str) -> pl.Series:
    """Return the cell of the calendar that each time is in, from 0."""
    hour, weekday = moments.dt.hour().cast(pl.Int64), moments.dt.weekday().cast(pl.Int64) - 1
    if lookup == "by_month":
        return moments.dt.month().cast(pl.Int64) - 1
    weekend = (weekday >= 5).cast(pl.Int64)
    cells = {"by_hour": hour, "by_weekday": weekday, "by_weekend_hour": weekend * 24 + hour}
    return cells.get(lookup, weekday * 24 + hour)


def looked_up(cell: pl.Series, levels: Sequence[str]) -> pl.Series:
    """Return the level of each cell as text."""
    return pl.Series(list(levels), dtype=pl.String).gather(cell)


def spread(formula: Formula) -> list[str]:
    """Return one level for each cell from levels and how many cells each holds for.

    Raises
    ------
    SchemaError
        When the numbers do not add up to the cells that there are.
    """
    levels, counts = formula.values[::2], formula.values[1::2]
    sizes = [int(count) if count.isdigit() else -1 for count in counts]
    wanted = CELLS[formula.function]
    if len(levels) != len(sizes) or min(sizes) < 1 or sum(sizes) != wanted:
        raise SchemaError(
            f"'{formula.function}({formula.source}, ...)' takes a level and how many cells it "
            f"holds for, again and again, for {wanted} cells in all. Found counts for "
            f"{sum(max(size, 0) for size in sizes)}."
        )
    return [level for level, size in zip(levels, sizes, strict=True) for _ in range(size)]


def packed(levels: Sequence[str]) -> tuple[str, ...]:
    """Return levels as :func:`spread` takes them back."""
    parts: list[tuple[str, int]] = []
    for level in levels:
        if parts and parts[-1][0] == level:
            parts[-1] = (level, parts[-1][1] + 1)
        else:
            parts.append((level, 1))
    return tuple(text for level, size in parts for text in (level, str(size)))


def _since(moments: pl.Series, unit: str, formula: Formula) -> pl.Series:
    try:
        anchor = datetime.fromisoformat(formula.values[0])
    except ValueError as error:
        raise SchemaError(
            f"'{formula}' does not say since when. Write the anchor as 2024-03-28 or "
            "2024-03-28T00:00:00."
        ) from error
    start = pl.Series([anchor]).cast(pl.Datetime("us"))
    if unit in SECONDS:
        elapsed = moments.dt.timestamp("us") - int(start.dt.timestamp("us")[0])
        return elapsed // (SECONDS[unit] * _MICROS)
    passed = months(moments) - int(months(start)[0])
    return passed if unit == "months" else quarters(moments) - int(quarters(start)[0])


def quarters(moments: pl.Series) -> pl.Series:
    """Return quarters since the year 0."""
    return months(moments) // 3


def _of_steps(time: pl.Series, formula: Formula) -> pl.Series:
    size = _whole(formula, 0, default=1)
    if size < 1:
        raise SchemaError(f"'{formula}' divides by {size}. Write a whole number from 1 on.")
    steps = time.cast(pl.Int64)
    parts = steps // size if formula.function == "quotient" else steps % size
    return parts + _whole(formula, 1, default=0)


def _whole(formula: Formula, place: int, default: int) -> int:
    if len(formula.values) <= place:
        return default
    text = formula.values[place]
    if not text.removeprefix("-").isdigit():
        raise SchemaError(f"'{formula}' has '{text}' where a whole number must stand.")
    return int(text)
