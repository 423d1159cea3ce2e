"""Number, amount and date columns: how round a value is, then the value.

Joins quantiles and grain to a named column of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.grain import Grain
from riskgen.data.codecs.kinds import Kind
from riskgen.data.codecs.persistent import persists
from riskgen.data.codecs.quantiles import Quantiles
from riskgen.data.codecs.repeats import Repeats, repeats_are_habits
from riskgen.data.dtypes import cast_back, dtype_name, dtype_of
from riskgen.data.events import SECONDS_PER_DAY, Events, column_seconds, seconds_column
from riskgen.data.panel import Field
from riskgen.data.schema import Channel

AGREEMENT = 0.9  # share of returns to an amount that keep a category of its kind [J]


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """An amount, a number or a date: repeat and grain, where there are any, then value.

    Attributes
    ----------
    name, dtype : str
        Column of the table and its type.
    quantiles : Quantiles
        Codec of the value.
    grain : Grain
        Favoured steps; a field where there is more than one.
    repeats : Repeats or None
        Codec of amounts that come back; None where entities have no such habit.
    persistent : bool
        Whether values stay near the one before.
    """

    name: str
    dtype: str
    quantiles: Quantiles = field(repr=False)
    grain: Grain = field(repr=False)
    repeats: Repeats | None = field(default=None, repr=False)
    persistent: bool = False

    @classmethod
    def fit(
        cls, events: Events, channel: Channel, known: Mapping[str, Ints], *, repeats: bool = True
    ) -> NumberColumn:
        """Learn levels, favoured steps and whether amounts come back."""
        column, owners = events.frame[channel.name], events.owner
        values, temporal = read_numbers(column), column.dtype.is_temporal()
        decimals = 0 if temporal or column.dtype.is_integer() else channel.decimals
        quantiles = Quantiles.fit(values, owners, decimals=decimals)
        free = np.isfinite(values) & (np.floor(quantiles.encode(values)) >= quantiles.first_bin)
        whole = quantiles.whole(values)
        grain, habit = Grain(np.ones(1)), None
        if not temporal:
            grain = Grain.fit(whole[free], owners[free], quantiles.decimals)
            habit = _fit_repeats(whole, owners, known, free) if repeats else None
        stays = repeats and habit is None and not temporal and persists(values, owners)
        return cls(channel.name, dtype_name(column.dtype), quantiles, grain, habit, stays)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Repeat and grain (where there are any) and value."""
        parts = [Field(f"{self.name}.value", self.quantiles.levels, spread=True)]
        if self.grain.levels > 1:
            parts.insert(0, Field(f"{self.name}.grain", self.grain.levels))
        if self.repeats is not None:
            parts.insert(0, Field(f"{self.name}.repeat", self.repeats.levels, spread=True))
        return tuple(parts)

    def encode(self, events: Events, known: Mapping[str, Ints]) -> Floats:
        """Return the values of the fields, shape (n_events, 1 to 3)."""
        values = read_numbers(events.frame[self.name])
        whole = self.quantiles.whole(values)
        parts = [self.quantiles.encode(values)]
        if self.grain.levels > 1:
            parts.insert(0, self.grain.encode(whole))
        if self.repeats is not None:
            kinds = self.repeats.kind.codes(known, len(values))
            parts.insert(0, self.repeats.encode(_alike(whole), events.owner, kinds))
        return np.column_stack(parts)

    def decode(
        self, values: Floats, owners: Ints, known: Mapping[str, Ints], first: int
    ) -> pl.Series:
        """Return the numbers, rounded to their grain and the column's decimals.

        Grain and value of an event that repeats an earlier amount are ignored.
        """
        whole = self.fresh(values)
        if self.repeats is not None:
            kinds = self.repeats.kind.codes(known, len(values))
            whole = whole[self.repeats.sources(values[:, 0], owners, kinds)]
        return write_numbers(self.quantiles.numbers(whole), self.dtype)

    def fresh(self, values: Floats) -> Floats:
        """Return whole numbers (n,) as grain and value say, whatever came before."""
        codes, bins = values[:, -1], self.quantiles.bins
        whole = self.quantiles.decode_whole(codes)
        binned = np.floor(codes) >= self.quantiles.first_bin
        if bins is not None and binned.any():
            levels = np.floor(codes[binned]).astype(np.int64)
            bounds, taken = self.quantiles.bounds(levels), self.quantiles.atoms
            whole[binned] = self.grain.snap(
                whole[binned], self.steps(values)[binned], bounds, taken
            )
        return whole

    def steps(self, values: Floats) -> Ints:
        """Return the level of the grain of each number, shape (n,)."""
        if self.grain.levels == 1:
            return np.zeros(len(values), dtype=np.int64)
        return values[:, -2].astype(np.int64)

    @property
    def common(self) -> float:
        """The commonest number, whole."""
        level = np.array([self.quantiles.common + 0.5])
        return float(np.nan_to_num(self.quantiles.decode_whole(level))[0])

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        repeats = None if self.repeats is None else self.repeats.state()
        parts = {
            "quantiles": self.quantiles.state(),
            "grain": self.grain.state(),
            "repeats": repeats,
            "persistent": self.persistent,
        }
        return {"codec": "number", "name": self.name, "dtype": self.dtype, **parts}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> NumberColumn:
        """Return the column that ``state`` was taken from."""
        return cls(
            state["name"],
            state["dtype"],
            Quantiles.from_state(state["quantiles"]),
            Grain.from_state(state["grain"]),
            None if state["repeats"] is None else Repeats.from_state(state["repeats"]),
            state["persistent"],
        )


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


def _fit_repeats(
    whole: Floats, owners: Ints, known: Mapping[str, Ints], free: NDArray[np.bool_]
) -> Repeats | None:
    codes = _alike(whole)
    kind = Kind.fit(np.where(free, codes, -1), owners, known, AGREEMENT)
    kinds = kind.codes(known, len(codes))
    return Repeats(kind) if repeats_are_habits(codes, owners, kinds, free) else None


def _alike(whole: Floats) -> Ints:
    """Return codes that are equal for equal numbers; -1 where missing."""
    known = np.isfinite(whole)
    codes = np.full(len(whole), -1, dtype=np.int64)
    codes[known] = np.unique(whole[known], return_inverse=True)[1]
    return codes
