"""Keys and row numbers of simulated output: new ones, in the manner of the table's own.

They count entities and rows of the output, so that parts of it never share one
and nothing is said of whoever stood in the table. Knows frames, no generator.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.dtypes import dtype_name, dtype_of
from riskgen.data.events import Events
from riskgen.errors import DataError

MOST_DIGITS = 17  # of a fresh whole-number key, so that it fits 64 bits


def key_digits(keys: pl.Series) -> int | None:
    """Return the digits of the largest whole-number key; None for keys of text."""
    if not keys.dtype.is_integer():
        return None
    # As Python numbers: unsigned and 128-bit keys do not fit 64 signed bits.
    edges = [int(edge) for edge in (keys.min(), keys.max()) if isinstance(edge, int)]
    return min(max(len(str(abs(edge))) for edge in edges), MOST_DIGITS)


def entity_keys(numbers: NDArray[np.int64], digits: int | None) -> pl.Series:
    """Return the key of each numbered entity: ``S000000000``, or beyond all whole numbers."""
    if digits is None:
        text = pl.Series(numbers).cast(pl.String).str.zfill(9)
        return pl.select("S" + text).to_series()
    return pl.Series(10**digits + numbers)


def row_keys(start: int, count: int, dtype: str) -> pl.Series:
    """Return ``count`` row numbers from ``start`` on, as a column of the named type.

    Raises
    ------
    DataError
        When the type is too narrow for them.
    """
    numbers = pl.Series(np.arange(start, start + count))
    if dtype == "String":
        numbers = pl.select("R" + numbers.cast(pl.String).str.zfill(12)).to_series()
    fitting = numbers.cast(dtype_of(dtype), strict=False)
    if fitting.null_count():
        raise DataError(
            f"Row numbers up to {start + count - 1:,} do not fit a column of type {dtype}. Draw "
            "fewer scenarios at once, or fit again without that column (--drop)."
        )
    return fitting


def with_fresh_keys(events: Events, *, first: int, row: int, digits: int | None) -> Events:
    """Return the events with entities numbered from ``first`` and rows from ``row`` on."""
    keys = entity_keys(first + events.owner, digits)
    columns = [keys.alias(events.schema.entity)]
    for channel in events.schema.with_role("row_id"):
        dtype = dtype_name(events.frame[channel.name].dtype)
        columns.append(row_keys(row, events.n_events, dtype).alias(channel.name))
    return Events(events.schema, events.frame.with_columns(columns), events.offsets)
