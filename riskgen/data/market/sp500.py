"""Twenty years of two share indices, out of the installed package arch.

Real prices for demo and tests without a download. pandas is met here because
arch hands out its tables in it.
"""

from __future__ import annotations

from types import ModuleType

import polars as pl


def sp500_prices() -> pl.DataFrame:
    """Return daily closing levels of the S&P 500 and the NASDAQ Composite, 1999 to 2018.

    Of the series that arch ships, these two have the same 5,031 trading days
    and no missing value. WTI oil lacks some of the days and the VIX starts in
    2014; both are left out so that the table is real throughout.

    Returns
    -------
    polars.DataFrame
        ``date`` (Date), ``SP500`` and ``NASDAQ`` (Float64, index points).
    """
    from arch.data import nasdaq, sp500

    return _closes(sp500, "SP500").join(
        _closes(nasdaq, "NASDAQ"), on="date", how="inner", maintain_order="left"
    )


def _closes(source: ModuleType, name: str) -> pl.DataFrame:
    table = source.load()
    dates = pl.Series("date", table.index.to_numpy()).cast(pl.Date)
    # Six decimals come from the vendor's float32; index levels are quoted to cents.
    return pl.DataFrame([dates, pl.Series(name, table["Adj Close"].to_numpy()).round(2)])
