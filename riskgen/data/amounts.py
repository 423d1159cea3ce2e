"""Number, amount and date columns: how round a value is, then the value.

Joins quantiles and grain to a named column of events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.disclosure import Floats, Ints
from riskgen.data.dtypes import cast_back, dtype_name, dtype_of
from riskgen.data.events import SECONDS_PER_DAY, Events, column_seconds, seconds_column
from riskgen.data.grain import Grain
from riskgen.data.panel import Field
from riskgen.data.quantiles import Quantiles
from riskgen.data.schema import Channel


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """An amount, a number or a date: its grain, if any is favoured, then its value."""

    name: str
    dtype: str
    quantiles: Quantiles = field(repr=False)
    grain: Grain = field(repr=False)

    @classmethod
    def fit(cls, events: Events, channel: Channel) -> NumberColumn:
        """Learn levels and favoured steps from the column's values."""
        column = events.frame[channel.name]
        values, temporal = read_numbers(column), column.dtype.is_temporal()
        decimals = 0 if temporal or column.dtype.is_integer() else channel.decimals
        quantiles = Quantiles.fit(values, events.owner, decimals=decimals)
        free = np.floor(quantiles.encode(values)) >= quantiles.first_bin
        whole = quantiles.whole(values[free])
        grain = Grain(np.ones(1))
        if not temporal:
            grain = Grain.fit(whole, events.owner[free], quantiles.decimals)
        return cls(channel.name, dtype_name(column.dtype), quantiles, grain)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Grain (where there is more than one) and value."""
        value = Field(f"{self.name}.value", self.quantiles.levels, spread=True)
        if self.grain.levels == 1:
            return (value,)
        return (Field(f"{self.name}.grain", self.grain.levels), value)

    def encode(self, events: Events) -> Floats:
        """Return (grain,) value, shape (n_events, 1 or 2)."""
        values = read_numbers(events.frame[self.name])
        codes = self.quantiles.encode(values)
        if self.grain.levels == 1:
            return codes[:, None]
        return np.column_stack([self.grain.encode(self.quantiles.whole(values)), codes])

    def decode(self, values: Floats, offsets: Ints, first: int) -> pl.Series:
        """Return the numbers, rounded to their grain and the column's decimals."""
        codes, bins = values[:, -1], self.quantiles.bins
        whole = self.quantiles.decode_whole(codes)
        binned = np.floor(codes) >= self.quantiles.first_bin
        if bins is not None and binned.any():
            bounds = bins.bounds(
                np.floor(codes[binned]).astype(np.int64) - self.quantiles.first_bin
            )
            steps = np.zeros(int(binned.sum()), dtype=np.int64)
            if self.grain.levels > 1:
                steps = values[binned, 0].astype(np.int64)
            whole[binned] = self.grain.snap(whole[binned], steps, bounds, self.quantiles.atoms)
        return write_numbers(self.quantiles.numbers(whole), self.dtype)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        parts = {"quantiles": self.quantiles.state(), "grain": self.grain.state()}
        return {"codec": "number", "name": self.name, "dtype": self.dtype, **parts}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> NumberColumn:
        """Return the column that ``state`` was taken from."""
        quantiles = Quantiles.from_state(state["quantiles"])
        return cls(state["name"], state["dtype"], quantiles, Grain.from_state(state["grain"]))


def read_numbers(column: pl.Series) -> Floats:
    """Return a number or date column as float64, shape (n,); missing is NaN, a date its day."""
    if not column.dtype.is_temporal():
        filled = column.cast(pl.Float64).fill_null(float("nan"))
        return np.array(filled.to_numpy(), dtype=np.float64)
    values: Floats = np.full(len(column), np.nan)
    values[column.is_not_null().to_numpy()] = column_seconds(column.drop_nulls())
    return values / SECONDS_PER_DAY if column.dtype == pl.Date else np.floor(values)


def write_numbers(values: Floats, dtype: str) -> pl.Series:
    """Return numbers as a column of type ``dtype``; NaN becomes null."""
    target = dtype_of(dtype)
    if not target.is_temporal():
        return cast_back(pl.Series(values).fill_nan(None), dtype)
    known = np.isfinite(values)
    seconds = np.where(known, values, 0.0) * (SECONDS_PER_DAY if target == pl.Date else 1.0)
    column = seconds_column(seconds, target)
    return pl.select(pl.when(pl.Series(known)).then(column)).to_series()
