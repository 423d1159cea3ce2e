"""Simulated log returns as prices, dates and rows of the user's table.

Knows where a history ended, not how the returns were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.dtypes import cast_back, dtype_of
from riskgen.data.market.prices import Floats, Prices, Step
from riskgen.data.schema import Schema

# Largest logarithm of a price whose exponential is a finite float64, with room.
LARGEST_LOG = 690.0


@dataclass(frozen=True, eq=False)
class PathStart:
    """Where simulated prices begin: the last row of the user's table.

    Attributes
    ----------
    schema : Schema
        Columns of the table that comes out.
    date : datetime64[D]
        Last date of the history.
    prices : ndarray of shape (n_assets,)
        Last prices.
    step : str
        Calendar of the dates that follow.
    """

    schema: Schema
    date: np.datetime64
    prices: Floats = field(repr=False)
    step: Step

    @classmethod
    def after(cls, prices: Prices) -> Self:
        """Return the start that follows the last row of ``prices``."""
        return cls(prices.schema, prices.dates[-1], prices.values[-1].copy(), prices.step)

    def state(self) -> dict[str, Any]:
        """Return JSON values; the schema is saved elsewhere."""
        return {"date": str(self.date), "prices": self.prices.tolist(), "step": self.step}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], schema: Schema) -> Self:
        """Return the start that ``state`` was taken from."""
        prices = np.array(state["prices"], dtype=np.float64)
        return cls(schema, np.datetime64(state["date"], "D"), prices, state["step"])


def to_prices(paths: Floats, last_prices: Floats) -> Floats:
    """Return prices of shape (n_paths, horizon, n_assets) after ``last_prices``.

    Log prices are held within ±690, so that even an exploding path is positive
    and finite; no return that a market could show is touched.
    """
    logs = np.log(last_prices) + np.cumsum(paths, axis=1)
    prices: Floats = np.exp(np.clip(logs, -LARGEST_LOG, LARGEST_LOG))
    return prices


def path_dates(
    last_date: np.datetime64, horizon: int, step: Step = "business"
) -> NDArray[np.datetime64]:
    """Return the ``horizon`` dates after ``last_date``; holidays are not known."""
    ahead = np.arange(1, horizon + 1)
    day = last_date.astype("datetime64[D]")
    if step == "business":
        return np.busday_offset(day, ahead, roll="backward").astype("datetime64[D]")
    if step == "month":
        return _month_dates(day, ahead)
    days: NDArray[np.datetime64] = day + ahead * (7 if step == "week" else 1)
    return days


def _month_dates(day: np.datetime64, ahead: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return the same day of later months, or the month's last where it is shorter."""
    months = day.astype("datetime64[M]") + ahead
    inside = (day - day.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    last = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    days: NDArray[np.datetime64] = np.minimum(months.astype("datetime64[D]") + inside, last)
    return days


def paths_frame(returns: Floats, start: PathStart) -> pl.DataFrame:
    """Return simulated paths as rows with the columns of the user's table.

    Parameters
    ----------
    returns : ndarray of shape (n_paths, horizon, n_assets)
        Log returns.
    start : PathStart
        Last prices, last date and schema.

    Returns
    -------
    polars.DataFrame
        n_paths × horizon rows, path after path; prices rounded to the decimals
        of their column, but never to zero; columns that are not modelled empty;
        types as in the user's table.
    """
    n_paths, horizon, _ = returns.shape
    prices = to_prices(returns, start.prices).reshape(n_paths * horizon, -1)
    dates = np.tile(path_dates(start.date, horizon, start.step), n_paths)
    modelled = [channel.name for channel in start.schema.with_role("channel")]
    columns = []
    for channel in start.schema.channels:
        dtype = dtype_of(channel.dtype)
        if channel.role == "time":
            columns.append(cast_back(_dates(dates, dtype), channel.dtype).alias(channel.name))
        elif channel.role == "channel":
            values = _rounded(prices[:, modelled.index(channel.name)], channel.decimals)
            columns.append(cast_back(pl.Series(channel.name, values), channel.dtype))
        else:
            columns.append(pl.Series(channel.name, [None] * len(dates), dtype=dtype))
    return pl.DataFrame(columns)


def _dates(dates: NDArray[np.datetime64], dtype: pl.DataType) -> pl.Series:
    """Return dates, or days counted from 1970 where the user's column has whole numbers."""
    days = pl.Series(dates.astype("datetime64[D]"))
    return days.cast(pl.Int32) if dtype.is_integer() else days


def _rounded(prices: Floats, decimals: int | None) -> Floats:
    if decimals is None:
        return prices
    rounded: Floats = np.maximum(np.round(prices, decimals), 10.0**-decimals)
    return rounded
