"""The one time axis of a table, from one column or from a date and a time of day.

Knows schemas and the forms that times are written in; output goes the same way
back. Knows no generator.
"""

from __future__ import annotations

import polars as pl

from riskgen.data.derived.derivation import parse_formula
from riskgen.data.dtypes import cast_back, dtype_of
from riskgen.data.inference.profile import READABLE
from riskgen.data.schema import Channel, Schema
from riskgen.data.times.dates import parse_dates
from riskgen.data.times.forms import read_form, write_form
from riskgen.data.times.timeofday import join, read_clock
from riskgen.errors import SchemaError

# Functions of the time that a time of day of its own may be, and how it is written.
_CLOCKS = {"clock": None, "hour": "%H", "written": ""}


def time_axis(table: pl.DataFrame, schema: Schema) -> pl.Series:
    """Return the time of each row of a user's table.

    Returns
    -------
    polars.Series of length n
        Date, Datetime(us) without a zone (clock time) or Int64 steps, named
        like the time column; null where it cannot be read.

    Raises
    ------
    SchemaError
        When the schema's form or time of day does not fit the table.
    """
    channel = schema.channel(schema.time)
    moments = moments_of(table[channel.name], channel.form)
    if channel.clock is None:
        return moments
    return join(moments, _clock(table, schema, channel.clock))


def moments_of(column: pl.Series, form: str | None) -> pl.Series:
    """Return a time column as Date, Datetime(us) without a zone, or Int64 steps."""
    if form is not None and not column.dtype.is_temporal():
        return read_form(column, form).alias(column.name)
    if column.dtype == pl.String:
        dates = parse_dates(column, least=READABLE)
        column = column if dates is None else dates.alias(column.name)
    if column.dtype.base_type() == pl.Datetime:
        # Clock time: what is night for the customer, not for Greenwich.
        return column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    return column if column.dtype == pl.Date else column.cast(pl.Int64, strict=False)


def _clock(table: pl.DataFrame, schema: Schema, name: str) -> pl.Series:
    channel = schema.channel(name)
    formula = parse_formula(channel) if channel.role == "derived" else None
    if formula is None or formula.function not in _CLOCKS:
        raise SchemaError(
            f"The time of day of '{schema.time}' should stand in '{name}', but that column is not "
            f"derived as clock({schema.time}) or written({schema.time}, %H%M). Give it that "
            f"formula, or remove 'clock' from '{schema.time}'."
        )
    pattern = _CLOCKS[formula.function]
    return read_clock(table[name], formula.values[0] if formula.function == "written" else pattern)


def as_given(column: pl.Series, channel: Channel) -> pl.Series:
    """Return a simulated column in the type and the form of the user's table."""
    dtype = dtype_of(channel.dtype)
    written = channel.form is not None and not dtype.is_temporal()
    if channel.role == "time" and written and column.dtype.is_temporal():
        return write_form(column, str(channel.form), dtype)
    return cast_back(column, channel.dtype)
