"""A table of prices: one row a date, one column an asset."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.schema import Schema

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prices:
    """Daily prices of several assets, in date order, without gaps inside.

    Attributes
    ----------
    schema : Schema
        Domain ``market``; the assets are its channels.
    dates : ndarray of shape (n_days,), datetime64[D]
        Increasing.
    values : ndarray of shape (n_days, n_assets), float64
        Positive prices in the units of the table.
    """

    schema: Schema
    dates: NDArray[np.datetime64] = field(repr=False)
    values: Floats = field(repr=False)

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in table order."""
        return tuple(channel.name for channel in self.schema.with_role("channel"))

    def log_returns(self) -> Floats:
        """Return log price changes, shape (n_days - 1, n_assets)."""
        return np.diff(np.log(self.values), axis=0)
