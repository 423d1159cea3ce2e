"""From a table as a user has it to prices without holes.

Every change is said in a note; what cannot be mended is refused. Knows
schemas, not generators.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.market.prices import Floats, Prices
from riskgen.data.refusals import check_columns
from riskgen.data.schema import Channel, Schema
from riskgen.data.times.dates import parse_dates
from riskgen.errors import DataError

# One trading week: a longer hole is not a holiday [J].
LONGEST_FILL = 5
# One trading year: fewer returns say nothing about a 1 % quantile [J].
FEWEST_DAYS = 250


def clean_prices(table: pl.DataFrame, schema: Schema) -> tuple[Prices, Schema, list[str]]:
    """Return prices on common dates, the schema without unusable columns, and notes.

    Parameters
    ----------
    table : polars.DataFrame
        One row a date, one column an asset, in any order of rows.
    schema : Schema
        Domain ``market``.

    Returns
    -------
    prices : Prices
        Sorted by date, positive, finite, without holes.
    schema : Schema
        The same columns; those set aside have role ``dropped``.
    notes : list of str
        What was changed, for the user.

    Raises
    ------
    SchemaError
        When the schema does not fit the table.
    DataError
        When dates are missing or repeated, no column is usable, or fewer than
        250 common dates remain.
    """
    notes = list[str]()
    check_columns(table, schema, notes)
    dates = _dates(table[schema.time], schema.time)
    order = np.argsort(dates, kind="stable")
    if bool((np.diff(order) < 0).any()):
        notes.append("Rows were sorted by date.")
    usable, aside = _usable_columns(table, schema)
    window, fresh = _common_window({n: v[order] for n, v in usable.items()}, notes)
    kept, more = _filled(window, notes)
    aside |= fresh | more
    notes += [f"Column '{name}' was set aside: {why}." for name, why in aside.items()]
    final = _without(schema, aside)
    rows = next(iter(window.values()))[1]
    _check_size(kept, rows, aside)
    values = np.column_stack([kept[c.name] for c in final.with_role("channel")])
    return Prices(final, dates[order][rows], values), final, notes


def _dates(written: pl.Series, name: str) -> NDArray[np.datetime64]:
    read = parse_dates(written, least=0.99) if written.dtype == pl.String else None
    column = written if read is None else read
    dated = column.dtype.base_type() in (pl.Date, pl.Datetime)
    if not (dated or column.dtype.is_integer()):
        raise DataError(
            f"Column '{name}' should hold dates. Found type {column.dtype}. "
            "Store it as a date, for example 2024-03-28."
        )
    missing = column.is_null().to_numpy()
    if missing.any():
        raise DataError(
            f"Column '{name}' has {missing.sum()} missing dates (first at row "
            f"{_first(missing)}). Remove these rows or fill the dates in."
        )
    days = column.cast(pl.Int32 if column.dtype.is_integer() else pl.Date, strict=False)
    beyond = days.is_null().to_numpy()
    if beyond.any():
        raise DataError(
            f"Column '{name}' should count days and has {beyond.sum()} numbers too large for that "
            f"(first at row {_first(beyond)}). Store it as a date, for example 2024-03-28."
        )
    repeated = (~days.is_first_distinct()).to_numpy()
    if repeated.any():
        raise DataError(
            f"Column '{name}' has {repeated.sum()} repeated dates (first at row "
            f"{_first(repeated)}). riskgen expects one row a date and one column an asset: "
            "keep one price a day, and pivot a table that has one row a date and asset."
        )
    return days.cast(pl.Int32).to_numpy().astype("datetime64[D]")


def _usable_columns(
    table: pl.DataFrame, schema: Schema
) -> tuple[dict[str, Floats], dict[str, str]]:
    """Return the numeric, positive columns (missing is NaN) and why others are not."""
    usable, aside = {}, {}
    for channel in schema.with_role("channel"):
        column = table[channel.name]
        if not column.dtype.is_numeric():
            aside[channel.name] = f"its type is {column.dtype}, not a number"
            continue
        values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        values[~np.isfinite(values)] = np.nan
        low = values <= 0
        if low.any():
            aside[channel.name] = (
                f"it has {low.sum()} prices that are not positive (first at row {_first(low)}), "
                "so that log returns do not exist"
            )
        elif not np.isfinite(values).any():
            aside[channel.name] = "it has no price at all"
        else:
            usable[channel.name] = values
    if not usable:
        raise DataError(_no_column(aside))
    return usable, aside


Window = dict[str, tuple[Floats, slice]]


def _common_window(columns: dict[str, Floats], notes: list[str]) -> tuple[Window, dict[str, str]]:
    """Cut all columns to the dates between the latest first and the earliest last price.

    A column that would leave fewer than 250 common dates is set aside, the one
    with the fewest prices first.
    """
    left, aside = dict(columns), dict[str, str]()
    while True:
        start = max(int(np.isfinite(v).argmax()) for v in left.values())
        stop = min(len(v) - int(np.isfinite(v[::-1]).argmax()) for v in left.values())
        if stop - start >= FEWEST_DAYS or len(left) == 1:
            break
        shortest = min(left, key=lambda name: int(np.isfinite(left[name]).sum()))
        if int(np.isfinite(left[shortest]).sum()) == len(left[shortest]):
            break
        del left[shortest]
        aside[shortest] = f"it shares fewer than {FEWEST_DAYS} dates with the other columns"
    n_days = len(next(iter(columns.values())))
    if stop - start < n_days:
        notes.append(f"Only the {max(stop - start, 0)} of {n_days} dates common to all were used.")
    rows = slice(start, max(stop, start))
    return {name: (values[rows], rows) for name, values in left.items()}, aside


def _filled(window: Window, notes: list[str]) -> tuple[dict[str, Floats], dict[str, str]]:
    """Carry the last price over holes of up to five dates; set constants aside."""
    kept, aside = {}, {}
    for name, (values, _) in window.items():
        last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), -1))
        hole = np.arange(len(values)) - last
        filled = values[last]
        if len(values) and int(hole.max()) > LONGEST_FILL:
            aside[name] = f"it has a hole of {int(hole.max())} dates"
        elif len(values) > 1 and bool((filled == filled[0]).all()):
            aside[name] = "its price never changes"
        else:
            kept[name] = filled
            _say_filled(name, int((hole > 0).sum()), notes)
    return kept, aside


def _say_filled(name: str, count: int, notes: list[str]) -> None:
    if count:
        notes.append(f"Column '{name}' had {count} missing prices; the last price was carried on.")


def _without(schema: Schema, aside: dict[str, str]) -> Schema:
    channels = [_set_aside(c, aside[c.name]) if c.name in aside else c for c in schema.channels]
    return schema.model_copy(update={"channels": tuple(channels)})


def _set_aside(channel: Channel, why: str) -> Channel:
    return channel.model_copy(update={"role": "dropped", "reason": f"set aside: {why}"})


def _check_size(kept: dict[str, Floats], rows: slice, aside: dict[str, str]) -> None:
    if not kept:
        raise DataError(_no_column(aside))
    if rows.stop - rows.start < FEWEST_DAYS:
        raise DataError(
            f"The price table has too few dates: {rows.stop - rows.start} are common to its "
            f"{len(kept)} columns. riskgen needs at least {FEWEST_DAYS}, about a trading year; "
            "use a longer history or drop the columns that start late."
        )


def _no_column(aside: dict[str, str]) -> str:
    found: Sequence[str] = [f"'{name}': {why}" for name, why in aside.items()]
    return (
        f"No column of the table can be used as a price. Found: {'; '.join(found) or 'none'}. "
        "riskgen expects one column an asset with positive numbers."
    )


def _first(mask: NDArray[np.bool_]) -> int:
    """Return the first row of the table, counted from 1, where ``mask`` holds."""
    return int(np.argmax(mask)) + 1
