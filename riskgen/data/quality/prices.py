"""Faults of prices: stale quotes, and jumps that only a split explains.

Looks at one price column at a time, in the order of its dates.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from riskgen.data.inspection.evidence import Evidence
from riskgen.data.quality.problem import Problem

_STALE = 5  # equal closes in a row, a trading week, that liquid assets do not have [J]
_OFTEN = 0.005  # share of dates in such weeks that is no luck [J]
_JUMP = np.log(1.9)  # a fall to about a half or a rise to about the double in one step [J]


def find_price_faults(evidence: Evidence) -> Iterator[Problem]:
    """Find prices that stand still for a week, and steps of a split's size."""
    if evidence.schema is None or evidence.schema.domain != "market":
        return
    order = evidence.frame[evidence.schema.time].arg_sort()
    for channel in evidence.columns("channel"):
        column = evidence.frame[channel.name]
        if not column.dtype.is_numeric():
            continue
        prices = column.gather(order).cast(pl.Float64).drop_nulls().to_numpy()
        prices = prices[np.isfinite(prices) & (prices > 0)]
        if len(prices) > 2 * _STALE:
            yield from _stale(channel.name, prices)
            yield from _jumps(channel.name, prices)


def _stale(name: str, prices: np.ndarray) -> Iterator[Problem]:
    ends = np.flatnonzero(np.diff(prices, append=np.nan) != 0)
    runs = np.diff(ends, prepend=-1)
    days = int(runs[runs >= _STALE].sum())
    # One such week in years is luck of a coarse tick.
    if runs.max() >= 2 * _STALE or days > _OFTEN * len(prices):
        yield Problem(
            code="stale-prices",
            effect="worse",
            found=f"'{name}' keeps one price for {_STALE} dates or more, {days:,} dates in all.",
            then="Calm that was no trading is learned: volatility and correlation are too low.",
            advice="Leave the asset or the period out, or give traded prices.",
            columns=(name,),
            count=days,
            share=days / len(prices),
        )


def _jumps(name: str, prices: np.ndarray) -> Iterator[Problem]:
    jumps = int((np.abs(np.diff(np.log(prices))) > _JUMP).sum())
    if jumps:
        yield Problem(
            code="price-jumps",
            effect="look",
            found=f"'{name}' halves or doubles between two dates: {jumps:,} such steps.",
            then="Right if the market did so; an unadjusted split is learned as a crash.",
            advice="Give prices adjusted for splits, or confirm that the market did so.",
            columns=(name,),
            count=jumps,
            share=jumps / len(prices),
        )
