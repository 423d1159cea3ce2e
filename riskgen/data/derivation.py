"""Columns that follow exactly from others: found, and computed again.

A generator must not guess what arithmetic knows: a balance is the running sum
of signed amounts, an amount the absolute value of a signed one. Knows events,
not models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.chains import chain_order, gaps
from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.errors import SchemaError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Share of consecutive rows that must add up [J]: to the smallest unit, or for
# books that round each posting (Berka: balances in tenths) within one unit,
# and then nine rows in ten to the unit.
EXACT = 0.999
_EXACT_WHEN_ROUNDED = 0.9
# Share of rows below which no order of ties could make a sum add up [J].
_HOPELESS = 0.02
_FEWEST_PAIRS = 30
_FORMULA = re.compile(r"(running_sum|absolute|copy)\((.+)\)")


@dataclass(frozen=True, eq=False)
class Ledger:
    """Numeric columns in whole units, sorted by entity and time.

    Attributes
    ----------
    owner, group : ndarray of shape (n_rows,), int64
        Entity and tie (same entity and time) of each row.
    units : mapping of column to ndarray of shape (n_rows,), int64
        Values in the smallest unit that any of the columns needs.
    """

    owner: Ints
    group: Ints
    units: Mapping[str, Ints]

    @classmethod
    def build(
        cls, frame: pl.DataFrame, entity: str, time: str, columns: Sequence[str], decimals: int
    ) -> Ledger:
        """Sort ``frame`` (stable) and read ``columns`` with ``decimals`` places."""
        keys = frame.select(pl.col(entity).alias("e"), pl.col(time).alias("t"))
        order = keys.select(pl.arg_sort_by("e", "t", maintain_order=True)).to_series()
        ordered = keys[order]
        changes = ordered.select(
            e=pl.col("e").ne_missing(pl.col("e").shift(1)),
            t=pl.col("t").ne_missing(pl.col("t").shift(1)),
        )
        fresh = changes["e"].to_numpy().copy()
        fresh[:1] = True
        ties = fresh | changes["t"].to_numpy()
        units = {name: smallest_units(frame[name], decimals)[order.to_numpy()] for name in columns}
        return cls(np.cumsum(fresh) - 1, np.cumsum(ties) - 1, units)


def smallest_units(column: pl.Series, decimals: int) -> Ints:
    """Return a numeric column as whole numbers of 10^-decimals; missing is 0."""
    values = column.cast(pl.Float64).fill_nan(None).fill_null(0.0).to_numpy()
    return np.rint(np.clip(values * 10.0**decimals, -9e18, 9e18)).astype(np.int64)


@dataclass(frozen=True)
class RunningSum:
    """A balance explained: by which column, and how exactly.

    Attributes
    ----------
    column : str
        The signed amounts.
    exact : float
        Share of consecutive rows that add up to the smallest unit; the others
        are one unit away.
    order : ndarray of shape (n_rows,) or None
        Order of ties that the balances prove; None where the file's will do.
    """

    column: str
    exact: float
    order: Ints | None = field(repr=False)


def find_running_sum(ledger: Ledger, balance: str) -> RunningSum | None:
    """Return the column whose running sum ``balance`` is within each entity, if any.

    At least 99.9 % of consecutive rows must add up in the order of the file,
    or in an order of ties that the balances prove.
    """
    for name in ledger.units:
        if name != balance and (found := explain(ledger, name, balance)):
            return found
    return None


def explain(ledger: Ledger, column: str, balance: str) -> RunningSum | None:
    """Return how ``balance`` is the running sum of ``column``, or None."""
    owner, amounts, balances = ledger.owner, ledger.units[column], ledger.units[balance]
    same = owner[1:] == owner[:-1]
    moved = np.count_nonzero(np.diff(balances)[same])
    # A column of zeros is the running sum of zeros; that says nothing.
    if same.sum() < _FEWEST_PAIRS or moved < 0.05 * same.sum():
        return None
    found = gaps(owner, amounts, balances)
    if _adds_up(found):
        return RunningSum(column, float((found == 0).mean()), None)
    if (found == 0).mean() < _HOPELESS:
        return None
    order = chain_order(owner, ledger.group, amounts, balances)
    found = gaps(owner, amounts[order], balances[order])
    return RunningSum(column, float((found == 0).mean()), order) if _adds_up(found) else None


def _adds_up(found: Ints) -> bool:
    exact = (found == 0).mean()
    rounded = (found <= 1).mean() >= EXACT and exact >= _EXACT_WHEN_ROUNDED
    return bool(exact >= EXACT or rounded)


def is_absolute(values: Ints, signed: Ints) -> bool:
    """Whether ``values`` is the absolute value of ``signed``, which has both signs."""
    both = bool((signed < 0).any() and (signed > 0).any())
    return both and bool(np.array_equal(values, np.abs(signed)))


def parse_formula(channel: Channel) -> tuple[str, str]:
    """Return the function and the column of a derived channel's formula.

    Raises
    ------
    SchemaError
        When the formula is missing or not one that riskgen knows.
    """
    found = _FORMULA.fullmatch(channel.formula or "")
    if found is None:
        raise SchemaError(
            f"Column '{channel.name}' is derived, but its formula is '{channel.formula}'. "
            "Known: running_sum(column), absolute(column), copy(column)."
        )
    return found[1], found[2]


def openings(events: Events) -> dict[str, Floats]:
    """Return the balance before the first event of each entity.

    Returns
    -------
    dict of column to ndarray of shape (n_entities,)
        One entry for each derived ``running_sum`` column, in its own unit.
    """
    result = {}
    for channel in events.schema.with_role("derived"):
        function, source = parse_formula(channel)
        if function == "running_sum":
            first = pl.Series(events.offsets[:-1])
            scale = _places(events, channel, source)
            after = smallest_units(events.frame[channel.name].gather(first), scale)
            moved = smallest_units(events.frame[source].gather(first), scale)
            result[channel.name] = (after - moved) / 10.0**scale
    return result


def derive(events: Events, openings: Mapping[str, Floats]) -> Events:
    """Return events whose derived columns are computed from the other columns.

    Parameters
    ----------
    events : Events
        Whatever the derived columns hold is replaced; a missing amount adds 0.
    openings : mapping of column to ndarray of shape (n_entities,)
        Balance before the first event for each ``running_sum`` column; 0 where
        there is no entry.
    """
    frame = events.frame
    for channel in _in_order(events.schema.with_role("derived")):
        function, source = parse_formula(channel)
        values = frame[source]
        if function == "absolute":
            values = values.abs()
        if function == "running_sum":
            start = openings.get(channel.name, np.zeros(events.n_entities))
            values = _running_sum(events, channel, source, start)
        frame = frame.with_columns(values.cast(frame[channel.name].dtype).alias(channel.name))
    return Events(events.schema, frame, events.offsets)


def _in_order(channels: Sequence[Channel]) -> list[Channel]:
    """Order derived channels so that each comes after the one it needs."""
    waiting, ordered = list(channels), list[Channel]()
    while waiting:
        names = {channel.name for channel in waiting}
        ready = [c for c in waiting if parse_formula(c)[1] not in names]
        if not ready:
            raise SchemaError(f"Derived columns need each other: {', '.join(sorted(names))}.")
        ordered += ready
        waiting = [c for c in waiting if c not in ready]
    return ordered


def _running_sum(events: Events, channel: Channel, source: str, start: Floats) -> pl.Series:
    # Whole numbers: sums of floating cents drift away from the cent.
    scale = _places(events, channel, source)
    moved = smallest_units(events.frame[source], scale)
    total = np.cumsum(moved)
    before = np.concatenate([[0], total])[events.offsets[:-1]]
    opening = np.rint(np.asarray(start) * 10.0**scale).astype(np.int64)
    return pl.Series((total + (opening - before)[events.owner]) / 10.0**scale)


def _places(events: Events, channel: Channel, source: str) -> int:
    return max(channel.decimals or 0, events.schema.channel(source).decimals or 0)
