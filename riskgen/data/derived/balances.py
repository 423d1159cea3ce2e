"""Balances of a table: running sums of signed amounts, or of sizes with a flag.

Proved by arithmetic to the smallest unit, never by a name. Knows profiles and
ledgers; writes formulas with reasons.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.derived.formula import Formula
from riskgen.data.derived.ledger import Ledger, RunningSum, add_up, find_running_sum
from riskgen.data.derived.signs import are_shared, is_flag
from riskgen.data.inference.inventory import Table
from riskgen.data.inference.profile import Profile

Ints = NDArray[np.int64]
Found = dict[str, tuple[Formula, str]]

# Rows whose flag tells the direction; the others are first rows or did not move [J].
_TOLD = 30
# Share of balances' moves that must be the amount in size for a flag to be looked for [J].
_SIZED = 0.9


def find_balances(table: Table, free: list[str], rest: list[Profile], places: int) -> Found:
    """Return formulas and reasons of the columns among ``free`` that are balances.

    Parameters
    ----------
    table : Table
        With its keys chosen.
    free : list of str
        Numeric columns that may be amounts or balances.
    rest : list of Profile
        Columns that may be flags.
    places : int
        Decimal places of the smallest unit.
    """
    names = list(dict.fromkeys([table.entity.name, table.time.name, *free]))
    frame = pl.DataFrame([table.column(name) for name in names])
    ledger = Ledger.build(frame, table.entity.name, table.time.name, free, places)
    found: Found = {}
    for name in free:
        total = find_running_sum(ledger, name)
        if total is not None and total.column not in found:
            found[name] = (_formula(total), _reason(total.column, total.exact, total.order))
    flags = [p for p in rest if is_flag(p) and p.n_null == 0 and p.name not in free]
    if not found and flags:
        found = _flagged(table, ledger, flags)
    return _one_opening(table, ledger, found)


def _formula(total: RunningSum) -> Formula:
    return Formula("running_sum_before" if total.before else "running_sum", (total.column,))


def _reason(what: str, exact: float, order: Ints | None) -> str:
    share = f"{100 * exact:.1f} % of rows add up exactly"
    rest = "" if exact >= 0.999 else ", the others within one unit of rounding"
    ties = "" if order is None else "; the order of ties follows from it"
    return f"the running sum of '{what}' within an entity: {share}{rest}{ties}"


def _flagged(table: Table, ledger: Ledger, flags: list[Profile]) -> Found:
    """Find a balance that sizes move up or down as a flag says."""
    order = _file_order(table)
    told = {p.name: p.column.cast(pl.String)[order] for p in flags}
    # A balance after the event is looked for first: one before it follows from that.
    for before, (balance, size) in product((False, True), permutations(ledger.units, 2)):
        if (ledger.units[size] < 0).any():
            continue
        directions = _directions(ledger, size, balance, before)
        for flag in flags:
            minus = _minus(told[flag.name], *directions)
            if not minus or not are_shared(table, flag, minus):
                continue
            function = "running_sum_before" if before else "running_sum"
            formula = Formula(function, (size, flag.name), tuple(minus))
            proof = _proof(ledger, balance, formula, told[flag.name])
            if proof is not None:
                what = f"{size}' with the sign of '{flag.name}"
                return {balance: (formula, _reason(what, *proof))}
    return {}


def _proof(
    ledger: Ledger, balance: str, formula: Formula, flag: pl.Series
) -> tuple[float, Ints | None] | None:
    moved = _with_sign(ledger.units[formula.source], flag, formula)
    before = formula.function == "running_sum_before"
    missing = ledger.missing.get(balance)
    return add_up(ledger, moved, ledger.units[balance], missing, before=before)


def _with_sign(sizes: Ints, flag: pl.Series, formula: Formula) -> Ints:
    return np.where(flag.is_in(list(formula.values)).to_numpy(), -sizes, sizes)


def _file_order(table: Table) -> Ints:
    keys = pl.DataFrame({"e": table.owner, "t": table.column(table.time.name)})
    order = keys.select(pl.arg_sort_by("e", "t", maintain_order=True)).to_series()
    return order.to_numpy().astype(np.int64)


def _directions(
    ledger: Ledger, size: str, balance: str, before: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows took money out, and which rows can tell.

    Rows can tell that are alone at their time, as is the one beside them, and
    whose size is the change of the balance; no row can where sizes do not fit.
    """
    held, moved, owner = ledger.units[balance], ledger.units[size], ledger.owner
    alone = np.bincount(ledger.group)[ledger.group] == 1
    for name in (size, balance):
        alone = alone & ~ledger.missing.get(name, np.zeros(len(owner), dtype=bool))
    change, inside = np.zeros_like(held), np.zeros(len(owner), dtype=bool)
    rows = slice(None, -1) if before else slice(1, None)
    change[rows] = np.diff(held)
    inside[rows] = (owner[1:] == owner[:-1]) & alone[1:] & alone[:-1]
    inside &= moved != 0
    # One unit: some books round each balance.
    told = inside & (np.abs(np.abs(change) - moved) <= 1)
    fits = told.sum() >= max(_TOLD, _SIZED * inside.sum())
    return change < 0, told if fits else np.zeros_like(told)


def _minus(texts: pl.Series, out: NDArray[np.bool_], told: NDArray[np.bool_]) -> list[str]:
    """Return the levels whose rows took money out; empty where levels do not tell."""
    rows = pl.DataFrame({"level": texts, "out": out}).filter(pl.Series(told))
    shares = rows.group_by("level").agg(share=pl.col("out").mean())
    # A row of ties in the wrong order may look like the other direction.
    if not ((shares["share"] > 0.99) | (shares["share"] < 0.01)).all():
        return []
    minus = shares.filter(pl.col("share") > 0.5)["level"].sort().to_list()
    return minus if 0 < len(minus) < shares.height else []


def _one_opening(table: Table, ledger: Ledger, found: Found) -> Found:
    """Let a balance before the event follow from the one after it, where both are there."""
    after = {name: f for name, (f, _) in found.items() if f.function == "running_sum"}
    for balance, formula in after.items():
        moved = _moved(table, ledger, formula)
        for name in ledger.units:
            if name in after or name in formula.columns or ledger.missing.get(name) is not None:
                continue
            if np.array_equal(ledger.units[name], ledger.units[balance] - moved):
                minus = Formula("difference", (balance, *formula.columns), formula.values)
                reason = f"'{balance}' without what the event moved, in every row"
                found[name] = (minus, reason)
    return found


def _moved(table: Table, ledger: Ledger, formula: Formula) -> Ints:
    units = ledger.units[formula.source]
    if len(formula.columns) == 1:
        return units
    flag = table.column(formula.columns[1]).cast(pl.String)[_file_order(table)]
    return _with_sign(units, flag, formula)
