"""A table of prices: one row a date, one column an asset.

The market's counterpart of events. polars stays outside; what is held is numpy.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskgen.data.schema import Schema

Floats = NDArray[np.float64]
Step = Literal["business", "day", "week", "month"]

# Share of dates on a weekend above which an asset trades every day (5/7 of the
# days of a business calendar, 2/7 of a full one) [J]: far from both.
WEEKEND_SHARE = 0.05
# Median days between dates that make a table weekly or monthly [J].
WEEK_GAP, MONTH_GAP = 5, 20


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of several assets on common dates, in one or more unbroken segments.

    Attributes
    ----------
    schema : Schema
        Domain ``market``; the assets are its channels.
    dates : ndarray of shape (n_days,), datetime64[D]
        Increasing.
    values : ndarray of shape (n_days, n_assets), float64
        Positive prices in the units of the table.
    starts : tuple of int
        Row at which each segment begins, the first being 0. No return is ever
        taken across the border of two segments.
    """

    schema: Schema
    dates: NDArray[np.datetime64] = field(repr=False)
    values: Floats = field(repr=False)
    starts: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Check the contract once; an AssertionError is a fault of riskgen."""
        assert self.values.shape == (len(self.dates), len(self.assets)), "values"
        assert self.starts[0] == 0, "starts"
        assert all(a < b for a, b in self.segments), "an empty segment"

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in table order."""
        return tuple(channel.name for channel in self.schema.with_role("channel"))

    @property
    def n_days(self) -> int:
        """Number of rows."""
        return len(self.dates)

    @property
    def segments(self) -> list[tuple[int, int]]:
        """First row and row after the last of each unbroken stretch."""
        return list(zip(self.starts, (*self.starts[1:], self.n_days), strict=True))

    def segment_returns(self) -> list[Floats]:
        """Return log price changes of each segment, each of shape (n_rows - 1, n_assets)."""
        return [np.diff(np.log(self.values[a:b]), axis=0) for a, b in self.segments]

    def log_returns(self) -> Floats:
        """Return log price changes inside segments, shape (n_days - n_segments, n_assets)."""
        return np.concatenate(self.segment_returns())

    def rows(self, segments: list[tuple[int, int]]) -> Prices:
        """Return the given stretches of rows, each a segment of its own."""
        index = np.concatenate([np.arange(a, b) for a, b in segments])
        lengths = [b - a for a, b in segments]
        starts = tuple(int(s) for s in np.cumsum([0, *lengths[:-1]]))
        return Prices(self.schema, self.dates[index], self.values[index], starts)

    @property
    def step(self) -> Step:
        """Calendar that the dates follow, for dates after the last one."""
        days = self.dates.astype("datetime64[D]").astype(np.int64)
        gap = float(np.median(np.diff(days))) if self.n_days > 1 else 1.0
        if gap >= MONTH_GAP:
            return "month"
        if gap >= WEEK_GAP:
            return "week"
        weekend = float(np.mean((days + 3) % 7 >= 5))  # 1970-01-01 was a Thursday
        return "day" if weekend > WEEKEND_SHARE else "business"

    def digest(self) -> str:
        """Return the sha256 of dates, prices and segment borders."""
        summary = hashlib.sha256(repr((self.assets, self.starts)).encode())
        summary.update(self.dates.astype("datetime64[D]").astype("<i8").tobytes())
        summary.update(self.values.astype("<f8").tobytes())
        return summary.hexdigest()
