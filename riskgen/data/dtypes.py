"""Names of column types, so that output can be cast back to what came in.

Knows polars types and text only. A schema keeps these names; the Parquet
writer turns simulated columns back with :func:`cast_back`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import polars as pl

from riskgen.errors import DataError, SchemaError

PLAIN: dict[str, type[pl.DataType]] = {
    kind.__name__: kind
    for kind in (
        *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128),
        *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
        *(pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Date, pl.Time, pl.Null),
    )
}
_WITH_UNIT = re.compile(r"Datetime\((ms|us|ns)(?:, ([^()]+))?\)")
_DECIMAL = re.compile(r"Decimal\((\d+), (\d+)\)")


def dtype_name(dtype: pl.DataType) -> str:
    """Return the name that a schema keeps for a polars type.

    Raises
    ------
    DataError
        For types that riskgen does not model: nested, binary, a duration.
    """
    if isinstance(dtype, pl.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"Datetime({dtype.time_unit}{zone})"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        return "String"
    name = dtype.base_type().__name__
    if name in PLAIN:
        return name
    raise DataError(f"Columns of type {name} cannot be modelled. {remedy(dtype)}")


def remedy(dtype: pl.DataType) -> str:
    """Say what to do with a column type that riskgen cannot read."""
    if isinstance(dtype, pl.Duration):
        return "Turn the duration into a number of seconds, or remove the column."
    return "Turn it into plain columns (numbers, text, dates), or remove it."


def is_supported(dtype: pl.DataType) -> bool:
    """Whether :func:`dtype_name` has a name for the type."""
    wanted = (pl.Datetime, pl.Decimal, pl.Categorical, pl.Enum)
    return isinstance(dtype, wanted) or dtype.base_type().__name__ in PLAIN


def dtype_of(name: str) -> pl.DataType:
    """Return the polars type that ``name`` stands for.

    Raises
    ------
    SchemaError
        When a schema names a type that riskgen does not know.
    """
    if name in PLAIN:
        return PLAIN[name]()
    if found := _WITH_UNIT.fullmatch(name):
        return pl.Datetime(_unit(found[1]), found[2])
    if found := _DECIMAL.fullmatch(name):
        return pl.Decimal(int(found[1]), int(found[2]))
    known = ", ".join([*PLAIN, "Datetime(us)", "Decimal(12, 2)"])
    raise SchemaError(f"The schema names the column type '{name}'. Known types: {known}.")


def _unit(text: str) -> Literal["ns", "us", "ms"]:
    return "ns" if text == "ns" else "ms" if text == "ms" else "us"


def cast_back(column: pl.Series, name: str) -> pl.Series:
    """Return ``column`` as the type called ``name``.

    Numbers are rounded on their way to whole numbers; a clock time is put
    into its time zone (a time that daylight saving skips moves on an hour, a
    time that it repeats is the first of the two).
    """
    dtype = dtype_of(name)
    if column.dtype == dtype:
        return column
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return _into_zone(column.cast(pl.Datetime(dtype.time_unit)), dtype.time_zone)
    convert = _special(column.dtype, dtype)
    return convert(column) if convert else column.cast(dtype)


def _special(source: pl.DataType, target: pl.DataType) -> Callable[[pl.Series], pl.Series] | None:
    if source == pl.String and target == pl.Boolean:
        return lambda column: column.str.to_lowercase().is_in(["true", "1"])
    if source == pl.String and target.is_integer():
        # Directly where it can be: a float64 would lose the last digits of a long key.
        return lambda column: column.cast(target, strict=False).fill_null(
            _to_whole(column.cast(pl.Float64), target)
        )
    if source.is_float() and target.is_integer():
        return lambda column: _to_whole(column, target)
    return None


def _to_whole(column: pl.Series, target: pl.DataType) -> pl.Series:
    whole = column.round(0)
    # The float nearest to the largest integer may lie beyond it.
    edge = pl.when(whole > 0).then(target.max()).otherwise(target.min())  # type: ignore[attr-defined]
    beyond = pl.select(pl.when(whole.is_not_null()).then(edge)).to_series()
    return whole.cast(target, strict=False).fill_null(beyond)


def _into_zone(column: pl.Series, zone: str) -> pl.Series:
    def placed(clock: pl.Series) -> pl.Series:
        return clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    # Nulls stay null: an hour after nothing is nothing.
    return placed(column).fill_null(placed(column.dt.offset_by("1h")))
