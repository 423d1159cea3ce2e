"""Columns that say the time once more, recognised exactly.

Days since the start, a month number, an hour, a night flag: each is tried on a
few rows first and then on every row. Knows columns only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskgen.data.codecs.disclosure import SMALLEST_GROUP
from riskgen.data.derived.formula import Formula
from riskgen.data.dtypes import cast_back, dtype_name
from riskgen.data.inference.words import has_word
from riskgen.data.times.functions import (
    CELLS,
    PARTS,
    SECONDS,
    cell_of,
    months,
    packed,
    quarters,
    time_function,
)

_WORDS = frozenset(
    {"t", "time", "date", "day", "days", "week", "month", "year", "quarter", "hour", "minute"}
    | {"second", "seconds", "step", "period", "weekday", "weekend", "night", "holiday", "dow"}
    | {"daytime", "shift", "season", "daypart", "morning", "evening", "business", "working"}
    | {"hours", "peak", "dayname", "monthname"}
)
_PATTERNS = (
    *("%Y%m%d", "%y%m%d", "%Y%m", "%Y-%m", "%H%M%S", "%H%M", "%H:%M:%S", "%H:%M"),
    *("%A", "%a", "%B", "%b", "%G-W%V", "%Y%m%d%H", "%Y-%m-%d"),
)
_TRUNCATED = ("1mo", "1w", "1q", "1y", "1h", "1m", "1s")
_CYCLES = (24, 7, 168, 12, 30)
_FIRST = 2_000  # rows that a reading must fit before all rows are asked
_MOST_LEVELS = 24
# An anchor finer than this would be the moment of somebody's first event [J].
_COARSEST = {"seconds": 1, "minutes": 60}
_COARSE = 3_600


@dataclass(frozen=True)
class TimeFunction:
    """What a column says about the time.

    Attributes
    ----------
    formula : Formula or None
        How to compute it; None where only equal times having equal values is
        known.
    words : str
        For the user.
    """

    formula: Formula | None
    words: str


def find_time_function(
    column: pl.Series, time: pl.Series, owner: pl.Series | None = None
) -> TimeFunction | None:
    """Return which function of the time a column is, or None.

    Parameters
    ----------
    column : polars.Series of length n
        Whole numbers, truth values, text, dates or times of day. Rows without
        a value are passed over.
    time : polars.Series of length n
        The time column: dates, timestamps or whole-number steps.
    owner : polars.Series of length n, optional
        Entity of each row; levels that fewer than 11 entities share are not
        written into a formula. Without it, rows count as entities.
    """
    known = column.is_not_null() & time.is_not_null()
    owner = pl.Series(np.arange(len(column))) if owner is None else owner
    name, source = column.name, time.name
    column, time, owner = column.filter(known), time.filter(known), owner.filter(known)
    column, time = _in_64_bits(column), _in_64_bits(time)
    if column.null_count() or time.null_count() or column.n_unique() < 2:
        return None
    formula = _exact(column, time, source)
    if formula is None and has_word(name, _WORDS):
        formula = _lookup(column, time, owner, source)
    if formula is not None:
        return TimeFunction(formula, f"follows from '{source}' in every row: {formula.function}")
    if has_word(name, _WORDS) and any(_determined(column, t) for t in _clocks(time)):
        return TimeFunction(None, "a function of time")
    return None


def _in_64_bits(column: pl.Series) -> pl.Series:
    """Return whole numbers as Int64; what does not fit, and so counts no time, becomes null."""
    return column.cast(pl.Int64, strict=False) if column.dtype.is_integer() else column


def _exact(column: pl.Series, time: pl.Series, source: str) -> Formula | None:
    shifted: list[Formula] = []
    for formula in _candidates(column.head(_FIRST), time.head(_FIRST), source):
        if formula.function in PARTS and formula.values:
            shifted.append(formula)
        elif fits(column, time, formula):
            return formula
    if column.dtype.is_integer() and time.dtype.base_type() in (pl.Date, pl.Datetime):
        # Within one month, days since a date are the day of the month, shifted.
        anchored = _anchored(column.cast(pl.Int64), time, source)
        if anchored is not None:
            return anchored
    return next((formula for formula in shifted if fits(column, time, formula)), None)


def fits(column: pl.Series, time: pl.Series, formula: Formula) -> bool:
    """Whether a formula gives back every value of a column, in the column's type."""
    for rows in (_FIRST, len(column)):
        values = time_function(time.head(rows), formula)
        if not equal(values, column.head(rows)):
            return False
    return True


def equal(values: pl.Series, column: pl.Series) -> bool:
    """Whether computed values are those of a column once they have its type."""
    if values.dtype == pl.String and column.dtype.is_integer():
        values = values.cast(pl.Int64, strict=False)
    if values.dtype.base_type() in (pl.Date, pl.Datetime):
        if column.dtype.base_type() not in (pl.Date, pl.Datetime):
            return False
        return values.cast(pl.Datetime("us")).equals(_plain(column), null_equal=True)
    if column.dtype.is_integer() and values.dtype.is_integer():
        return values.equals(column.cast(pl.Int64))
    return values.dtype == column.dtype and values.equals(column)


def _plain(moments: pl.Series) -> pl.Series:
    if moments.dtype.base_type() == pl.Datetime:
        moments = moments.dt.replace_time_zone(None)
    return moments.cast(pl.Datetime("us"))


def _candidates(column: pl.Series, time: pl.Series, source: str) -> Iterator[Formula]:
    """Yield formulas that the kind of the column and its first rows allow."""
    kind = column.dtype.base_type()
    if time.dtype.base_type() not in (pl.Date, pl.Datetime):
        yield from _steps(column, time, source) if column.dtype.is_integer() else ()
        return
    if kind == pl.Time:
        yield Formula("clock", (source,))
    elif kind in (pl.Date, pl.Datetime):
        yield Formula("date", (source,))
        yield Formula("month_end", (source,))
        yield from (Formula("truncated", (source,), (unit,)) for unit in _TRUNCATED)
    elif column.dtype.is_integer():
        moments = time.cast(pl.Datetime("us"))
        for name, part in PARTS.items():
            # A count may start anywhere: only the distance has to be constant.
            yield from _shifted(column, part(moments), Formula(name, (source,)))
        yield from (Formula("written", (source,), (pattern,)) for pattern in _PATTERNS)
    elif kind == pl.String:
        yield from (Formula("written", (source,), (pattern,)) for pattern in _PATTERNS)


def _shifted(column: pl.Series, values: pl.Series, formula: Formula) -> Iterator[Formula]:
    off = (column.cast(pl.Int64, strict=False) - values.cast(pl.Int64)).unique()
    if len(off) == 1 and off[0] is not None and values.n_unique() > 1:
        offset = int(off[0])
        yield Formula(
            formula.function, formula.columns, (*formula.values, *([str(offset)] if offset else []))
        )


def _steps(column: pl.Series, time: pl.Series, source: str) -> Iterator[Formula]:
    for size in _CYCLES:
        for name in ("remainder", "quotient"):
            formula = Formula(name, (source,), (str(size),))
            yield from _shifted(column, time_function(time, formula), formula)
    yield from _shifted(column, time, Formula("quotient", (source,), ("1",)))


def _anchored(column: pl.Series, time: pl.Series, source: str) -> Formula | None:
    """Find since when a column counts time, where that moment is a round one."""
    moments = time.cast(pl.Datetime("us"))
    counted: tuple[tuple[str, pl.Series], ...] = (
        ("months", months(moments)),
        ("quarters", quarters(moments)),
    )
    for unit, values in counted:
        off = (values - column).unique()
        if len(off) == 1 and values.n_unique() > 1:
            month = int(off[0]) * (1 if unit == "months" else 3)
            if 12 <= month < 12 * 9999:
                anchor = f"{month // 12:04d}-{month % 12 + 1:02d}-01"
                return Formula(f"{unit}_since", (source,), (anchor,))
    micros, counts = moments.dt.timestamp("us").to_numpy(), column.to_numpy()
    for unit, size in SECONDS.items():
        anchor_second = _anchor(micros, counts, size, _COARSEST.get(unit, _COARSE))
        if anchor_second is not None:
            text = str(np.datetime64(anchor_second, "s"))
            formula = Formula(f"{unit}_since", (source,), (text.removesuffix("T00:00:00"),))
            return formula if fits(column, time, formula) else None
    return None


def _anchor(micros: np.ndarray, counts: np.ndarray, size: int, least: int) -> int | None:
    """Return the roundest second since which whole units of ``size`` seconds pass as counted."""
    if np.abs(counts).max() > 4_102_444_800:  # seconds up to the year 2100
        return None
    unit = size * 1_000_000
    high = int((micros - counts * unit).min())
    low = int((micros - (counts + 1) * unit).max())
    for step in (86_400, 3_600, 60, 1):
        anchor = high // (step * 1_000_000) * step
        if step >= least and low < anchor * 1_000_000 <= high:
            return anchor if abs(anchor) < 4_102_444_800 else None
    return None


def _lookup(column: pl.Series, time: pl.Series, owner: pl.Series, source: str) -> Formula | None:
    """Find a table over hours, weekdays or months; cells of few entities take their neighbour's."""
    dated = time.dtype.base_type() in (pl.Date, pl.Datetime)
    levels = column.n_unique()
    if not dated or levels > _MOST_LEVELS or column.dtype.is_float() or column.dtype.is_temporal():
        return None
    moments, texts = time.cast(pl.Datetime("us")), column.cast(pl.String)
    for lookup, n_cells in CELLS.items():
        table = _table(cell_of(moments, lookup), texts, owner, n_cells)
        if table is None:
            continue
        formula = Formula(lookup, (source,), packed(table))
        values = cast_back(time_function(time, formula), dtype_name(column.dtype))
        if len(set(table)) > 1 and values.equals(column):
            return formula
    return None


def _table(cell: pl.Series, texts: pl.Series, owner: pl.Series, n_cells: int) -> list[str] | None:
    """Return the level of each cell, or None where a cell has two or none is shared enough."""
    rows = pl.DataFrame({"cell": cell, "level": texts, "owner": owner})
    found = rows.group_by("cell").agg(
        n=pl.col("level").n_unique(),
        level=pl.col("level").first(),
        owners=pl.col("owner").n_unique(),
    )
    shared = found.filter(pl.col("owners") >= SMALLEST_GROUP)
    # Ten rows a cell: with fewer, chance could look like a function [J].
    if (found["n"] > 1).any() or shared.is_empty() or len(texts) < 10 * found.height:
        return None
    levels = dict(zip(shared["cell"].to_list(), shared["level"].to_list(), strict=True))
    filled = [levels.get(i) for i in range(n_cells)]
    last = next(level for level in reversed(filled) if level is not None)
    for place, level in enumerate(filled):
        last = last if level is None else level
        filled[place] = last
    return [str(level) for level in filled]


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
