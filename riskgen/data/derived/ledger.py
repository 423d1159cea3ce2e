"""Numeric columns as whole numbers in the order of time, and what adds up in them.

A balance is found by its arithmetic, never by its name. Knows frames and
whole numbers, not schemas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.derived.chains import chain_order, gaps, known_gaps

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Share of consecutive rows that must add up [J]: to the smallest unit, or for
# books that round each posting (Berka: balances in tenths) within one unit,
# and then nine rows in ten to the unit.
EXACT = 0.999
_EXACT_WHEN_ROUNDED = 0.9
# Share of rows below which no order of ties could make a sum add up [J].
_HOPELESS = 0.02
_FEWEST_PAIRS = 30
# Share of rows in which a balance may be missing and still be told [J].
MOST_MISSING = 0.5


@dataclass(frozen=True, eq=False)
class Ledger:
    """Numeric columns in whole units, sorted by entity and time.

    Attributes
    ----------
    owner, group : ndarray of shape (n_rows,), int64
        Entity and tie (same entity and time) of each row.
    units : mapping of column to ndarray of shape (n_rows,), int64
        Values in the smallest unit that any of the columns needs.
    missing : mapping of column to ndarray of shape (n_rows,), bool
        Where a column has no value (its unit is 0 there); complete columns
        have no entry.
    """

    owner: Ints
    group: Ints
    units: Mapping[str, Ints]
    missing: Mapping[str, Flags] = field(default_factory=dict, repr=False)

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
        rows = order.to_numpy()
        units = {name: smallest_units(frame[name], decimals)[rows] for name in columns}
        gone = {name: absent(frame[name])[rows] for name in columns}
        missing = {name: where for name, where in gone.items() if where.any()}
        return cls(np.cumsum(fresh) - 1, np.cumsum(ties) - 1, units, missing)


def smallest_units(column: pl.Series, decimals: int) -> Ints:
    """Return a numeric column as whole numbers of 10^-decimals; missing is 0."""
    values = column.cast(pl.Float64).fill_nan(None).fill_null(0.0).to_numpy()
    inside = np.clip(values, -9e18, 9e18)  # first, since the largest floats leave no room to scale
    return np.asarray(np.rint(np.clip(inside * 10.0**decimals, -9e18, 9e18)), dtype=np.int64)


def absent(column: pl.Series) -> Flags:
    """Return where a numeric column has no value, shape (n,); NaN counts as none."""
    gone = column.is_null()
    if column.dtype.is_float():
        gone = gone | column.is_nan().fill_null(False)
    return np.array(gone.to_numpy(), dtype=bool)


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
    before : bool
        Whether the balance is the one before the event, not after it.
    """

    column: str
    exact: float
    order: Ints | None = field(repr=False)
    before: bool = False


def find_running_sum(ledger: Ledger, balance: str) -> RunningSum | None:
    """Return the column whose running sum ``balance`` is within each entity, if any.

    At least 99.9 % of consecutive rows must add up in the order of the file,
    or in an order of ties that the balances prove.
    """
    for before in (False, True):
        for name in ledger.units:
            if name != balance and (found := explain(ledger, name, balance, before=before)):
                return found
    return None


def explain(
    ledger: Ledger, column: str, balance: str, *, before: bool = False
) -> RunningSum | None:
    """Return how ``balance`` is the running sum of ``column``, or None.

    With ``before``, the balance stands before the event that moves it.
    """
    missing = ledger.missing.get(balance)
    found = add_up(ledger, ledger.units[column], ledger.units[balance], missing, before=before)
    return None if found is None else RunningSum(column, *found, before)


def add_up(
    ledger: Ledger, amounts: Ints, balances: Ints, missing: Flags | None, *, before: bool = False
) -> tuple[float, Ints | None] | None:
    """Return how exactly, and in which order of ties, balances follow from amounts.

    Parameters
    ----------
    ledger : Ledger
        Whose rows these are.
    amounts, balances : ndarray of shape (n_rows,), int64
        Signed amounts and balances in one unit.
    missing : ndarray of shape (n_rows,), bool, or None
        Rows without a balance: they are passed over, their amounts counted.
    before : bool
        Whether balances stand before their events.

    Returns
    -------
    tuple of (share of rows that add up, order or None), or None
        None when they do not follow from one another.
    """
    owner = ledger.owner
    if before:
        balances = balances + amounts
    same = owner[1:] == owner[:-1]
    moved = np.count_nonzero((np.diff(balances) != 0) & (amounts[1:] != 0) & same)
    # A column of zeros is the running sum of zeros; that says nothing.
    if same.sum() < _FEWEST_PAIRS or moved < 0.05 * same.sum():
        return None
    if missing is not None:
        return _with_holes(owner, amounts, balances, missing)
    found = gaps(owner, amounts, balances)
    if _adds_up(found):
        return float((found == 0).mean()), None
    if (found == 0).mean() < _HOPELESS:
        return None
    order = chain_order(owner, ledger.group, amounts, balances)
    found = gaps(owner, amounts[order], balances[order])
    return (float((found == 0).mean()), order) if _adds_up(found) else None


def _with_holes(
    owner: Ints, amounts: Ints, balances: Ints, missing: Flags
) -> tuple[float, Ints | None] | None:
    if missing.mean() > MOST_MISSING:
        return None
    found = known_gaps(owner, amounts, balances, ~missing)
    enough = len(found) >= _FEWEST_PAIRS
    return (float((found == 0).mean()), None) if enough and _adds_up(found) else None


def _adds_up(found: Ints) -> bool:
    exact = (found == 0).mean()
    rounded = (found <= 1).mean() >= EXACT and exact >= _EXACT_WHEN_ROUNDED
    return bool(exact >= EXACT or rounded)


def is_absolute(values: Ints, signed: Ints) -> bool:
    """Whether ``values`` is the absolute value of ``signed``, which has both signs."""
    both = bool((signed < 0).any() and (signed > 0).any())
    return both and bool(np.array_equal(values, np.abs(signed)))
