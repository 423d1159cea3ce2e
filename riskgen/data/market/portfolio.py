"""A portfolio that the user holds: a table of assets with weights or quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from riskgen.data.market.prices import Floats
from riskgen.data.schema import unknown_name
from riskgen.errors import DataError

SIZES = ("weight", "quantity")


@dataclass(frozen=True, eq=False)
class Portfolio:
    """What is held, bought and never sold.

    Attributes
    ----------
    exposure : ndarray of shape (n_assets,)
        Value of each asset today: a share of the portfolio's value, or an amount.
    sized_by : str
        ``weight`` (profits are shares of the value) or ``quantity`` (amounts).
    """

    exposure: Floats = field(repr=False)
    sized_by: str

    @property
    def value(self) -> float:
        """Today's value; 1 for weights, whatever is in none of the assets being cash."""
        return 1.0 if self.sized_by == "weight" else float(self.exposure.sum())

    def profits(self, returns: Floats) -> Floats:
        """Return profit so far after each day, shape (n_paths, horizon).

        Parameters
        ----------
        returns : ndarray of shape (n_paths, horizon, n_assets)
            Log returns.
        """
        held = np.flatnonzero(self.exposure)
        grown = np.expm1(np.cumsum(returns[:, :, held], axis=1))
        return np.asarray(grown @ self.exposure[held])


def read_portfolio(path: Path, assets: Sequence[str], prices: Floats) -> Portfolio:
    """Read a CSV or Parquet file with the columns ``asset`` and ``weight`` or ``quantity``.

    Parameters
    ----------
    path : Path
        The file.
    assets : sequence of str
        Assets that are simulated; all others of them are not held.
    prices : ndarray of shape (n_assets,)
        Today's prices, for quantities.

    Raises
    ------
    DataError
        When the file cannot be read, lacks a column, names an asset twice or one that is
        not simulated, or holds nothing.
    """
    frame = _read(path)
    columns = {name.strip().lower(): name for name in frame.columns}
    sizes = [name for name in SIZES if name in columns]
    if "asset" not in columns or len(sizes) != 1:
        raise DataError(
            f"Portfolio '{path}' has the columns {', '.join(frame.columns)}. It needs 'asset' and "
            "one of 'weight' (shares of the value) and 'quantity' (pieces)."
        )
    names = [str(name).strip() for name in frame[columns["asset"]].to_list()]
    size = frame[columns[sizes[0]]].cast(pl.Float64, strict=False).to_numpy()
    _check(path, names, np.asarray(size), sizes[0], assets)
    exposure = np.zeros(len(assets))
    exposure[[list(assets).index(name) for name in names]] = size
    return Portfolio(exposure * prices if sizes[0] == "quantity" else exposure, sizes[0])


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"Portfolio '{path}' cannot be read. Give a CSV or Parquet file with the columns "
            "'asset' and 'weight' or 'quantity'."
        ) from error


def _check(path: Path, names: list[str], size: Floats, what: str, assets: Sequence[str]) -> None:
    for name in names:
        if name not in assets:
            told = unknown_name("simulated asset", name, sorted(assets))
            raise DataError(f"Portfolio '{path}' holds something that is not simulated. {told}")
        if names.count(name) > 1:
            raise DataError(f"Portfolio '{path}' holds '{name}' in two rows. Add them up.")
    bad = np.flatnonzero(~np.isfinite(size))
    if len(bad):
        raise DataError(
            f"Portfolio '{path}' has {len(bad)} rows without a finite {what} (first at row "
            f"{int(bad[0]) + 1}). Give each asset a number, or leave its row out."
        )
    if not np.any(size):
        raise DataError(f"Portfolio '{path}' holds nothing: every {what} is 0.")
