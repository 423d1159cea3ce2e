"""A user's table as inspection sees it: rows as they are in the file, roles known.

Nothing is cleaned here, since faults are what is looked for. Knows frames and
schemas; every question about time, owners and labels is answered once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, column_seconds
from riskgen.data.inference.profile import parsed
from riskgen.data.schema import Channel, Role, Schema
from riskgen.data.times.axis import time_axis

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The rows of a table, in the order of the file.

    Attributes
    ----------
    frame : polars.DataFrame
        All columns; text that is dates is read, NaN is missing.
    schema : Schema or None
        What the columns are; None where no schema could be proposed.
    sampled : bool
        Whether the rows are those of a sample of entities.
    """

    frame: pl.DataFrame = field(repr=False)
    schema: Schema | None
    sampled: bool = False

    @classmethod
    def build(cls, table: pl.DataFrame, schema: Schema | None, sampled: bool = False) -> Evidence:
        """Read dates in ``table`` and leave everything else as it is.

        Raises
        ------
        SchemaError
            When the time column cannot be read in the form that the schema says.
        """
        frame = pl.DataFrame([_plain(column) for column in table])
        if schema is not None:
            frame = frame.with_columns(time_axis(table, schema).alias(schema.time))
        return cls(frame, schema, sampled)

    @property
    def is_events(self) -> bool:
        """Whether the table is transactions whose owner and time are known."""
        return self.schema is not None and self.schema.domain == "transactions"

    @cached_property
    def _known(self) -> Schema:
        assert self.schema is not None, "asked for roles where there is no schema"
        return self.schema

    def columns(self, *roles: Role) -> list[Channel]:
        """Return the channels with one of ``roles`` that the table has."""
        if self.schema is None:
            return []
        return [c for c in self.schema.with_role(*roles) if c.name in self.frame.columns]

    @cached_property
    def owner(self) -> Ints:
        """Entity of each row, shape (n_rows,); -1 where it is missing."""
        ranks = self.frame[self._known.entity].rank("dense")
        return ranks.cast(pl.Int64).fill_null(0).to_numpy() - 1

    @cached_property
    def n_entities(self) -> int:
        """Number of entities."""
        return int(self.owner.max(initial=-1)) + 1

    @cached_property
    def seconds(self) -> Floats:
        """Time of each row in seconds since 1970 (a step is a day); NaN where it is missing."""
        column = self.frame[self._known.time]
        if not (column.dtype.is_numeric() or column.dtype.base_type() in (pl.Date, pl.Datetime)):
            return np.full(self.frame.height, np.nan)
        known = column.is_not_null().to_numpy()
        seconds = np.full(self.frame.height, np.nan)
        seconds[known] = column_seconds(column.drop_nulls())
        return seconds

    @cached_property
    def day(self) -> Ints:
        """Day of each row since 1970; -1 where the time is missing."""
        return np.floor(np.nan_to_num(self.seconds, nan=-1.0) / SECONDS_PER_DAY).astype(np.int64)

    @cached_property
    def timed(self) -> Bools:
        """Rows that have an owner and a time."""
        return np.isfinite(self.seconds) & (self.owner >= 0)

    @cached_property
    def month(self) -> Ints:
        """Year times 12 plus month of each row, from 0; meaningless for whole-number steps."""
        dates = self.day.astype("datetime64[D]").astype("datetime64[M]")
        return dates.astype(np.int64) + 1970 * 12

    @property
    def has_calendar(self) -> bool:
        """Whether times are dates."""
        return self.is_events and self._known.resolution != "step"

    @property
    def has_clock(self) -> bool:
        """Whether times of day are known."""
        return self.is_events and self._known.resolution == "clock"

    @cached_property
    def positive(self) -> Bools | None:
        """Label of each row; missing counts as negative; None without a label."""
        if self.schema is None or self.schema.label is None:
            return None
        label = self.frame[self.schema.label]
        if not (label.dtype.is_numeric() or label.dtype == pl.Boolean):
            return None
        return label.cast(pl.Float64).fill_null(0.0).to_numpy() > 0

    @cached_property
    def order(self) -> Ints:
        """Rows by owner and time (ties in file order), keyless rows left out."""
        rows = np.flatnonzero(self.timed)
        return rows[np.lexsort((rows, self.seconds[rows], self.owner[rows]))]

    def first(self, rows: Bools) -> int | None:
        """Return the first of ``rows`` as a row number of the file, from 1."""
        return None if self.sampled or not rows.any() else int(rows.argmax()) + 1

    def where(self, rows: Bools) -> str:
        """Return ``(first at row n)``, or nothing for a sample."""
        first = self.first(rows)
        return "" if first is None else f" (first at row {first:,})"


def text_columns(frame: pl.DataFrame) -> list[pl.Series]:
    """Return the columns of text."""
    return [column for column in frame if column.dtype == pl.String]


def listed(names: Sequence[str]) -> str:
    """Return up to five names in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _plain(column: pl.Series) -> pl.Series:
    if column.dtype.base_type() in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    values = parsed(column)
    if values.dtype.is_float():
        return values.fill_nan(None)
    if values.dtype.base_type() == pl.Decimal:
        return values.cast(pl.Float64)
    if values.dtype.base_type() == pl.Datetime:
        # Clock time of the customer, as cleaning reads it.
        return values.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    return values
