"""The finest step of time that a table shows."""

from __future__ import annotations

import polars as pl

from riskgen.data.schema import Resolution


def resolution_of(time: pl.Series, owner: pl.Series | None = None) -> Resolution:
    """Return the finest step of time.

    ``step`` for whole numbers; ``clock`` when some time is not midnight;
    ``month`` when every date is the same day of a month (or its last day) and
    no entity has two rows in a month; else ``day``.

    Parameters
    ----------
    time : polars.Series of length n
        Dates, timestamps or whole numbers; missing values do not count.
    owner : polars.Series of length n, optional
        Entity of each row; without it the table is one sequence.
    """
    if time.dtype.base_type() not in (pl.Date, pl.Datetime):
        return "step"
    moments = time.drop_nulls()
    if time.dtype.base_type() == pl.Datetime and (moments.dt.truncate("1d") != moments).any():
        return "clock"
    same_day = moments.dt.day().n_unique() == 1
    last_day = bool((moments.dt.day() == moments.dt.month_end().dt.day()).all())
    if not (same_day or last_day) or moments.n_unique() < 2:
        return "day"
    months = pl.DataFrame({"month": time.dt.truncate("1mo")}).with_columns(
        owner=pl.lit(0) if owner is None else owner
    )
    return "month" if not months.is_duplicated().any() else "day"
