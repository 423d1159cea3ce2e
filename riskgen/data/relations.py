"""Columns of a table that are arithmetic or copies of other columns.

Asks :mod:`riskgen.data.derivation` about pairs of columns and writes the
answer as channels with a formula and a reason.
"""

from __future__ import annotations

import polars as pl

from riskgen.data.derivation import Ledger, find_running_sum, is_absolute, smallest_units
from riskgen.data.inventory import Table, channel_of, places_of
from riskgen.data.meanings import kind_of
from riskgen.data.profile import Profile, decimals
from riskgen.data.schema import Channel


def find_copies(table: Table, rest: list[Profile]) -> dict[str, Channel]:
    """Find exact duplicates of an earlier column."""
    found: dict[str, Channel] = {}
    seen = [table.profiles[table.entity.name], table.profiles[table.time.name]]
    for p in rest:
        twin = next((q for q in seen if _is_copy(p, q)), None)
        if twin is None or p.name in table.keep:
            seen.append(p)
        else:
            found[p.name] = _derived(p, f"copy({twin.name})", f"equal to '{twin.name}' everywhere")
    return found


def _is_copy(p: Profile, q: Profile) -> bool:
    same = (p.n_distinct, p.n_null, p.is_number, p.dtype.base_type() == pl.String)
    if same != (q.n_distinct, q.n_null, q.is_number, q.dtype.base_type() == pl.String):
        return False
    if p.is_date != q.is_date or p.n_rows < 20:
        return False
    return bool(p.column.eq_missing(q.column).all()) if _comparable(p, q) else False


def _comparable(p: Profile, q: Profile) -> bool:
    return (p.is_number and q.is_number) or p.column.dtype == q.column.dtype


def _derived(p: Profile, formula: str, reason: str) -> Channel:
    return channel_of(
        p, role="derived", formula=formula, reason=reason, decimals=places_of(p, kind_of(p))
    )


def find_arithmetic(table: Table, rest: list[Profile]) -> dict[str, Channel]:
    """Find absolute values and running sums among the numeric columns."""
    numeric = [p for p in rest if p.is_number and kind_of(p) in ("amount", "number")]
    found: dict[str, Channel] = {}
    if len(numeric) < 2:
        return found
    places = max(decimals(p.column) for p in numeric)
    units = {p.name: smallest_units(p.column, places) for p in numeric}
    for p in numeric:
        signed = next((q.name for q in numeric if is_absolute(units[p.name], units[q.name])), None)
        if signed is not None:
            found[p.name] = _derived(p, f"absolute({signed})", f"the size of '{signed}'")
    free = [p.name for p in numeric if p.name not in found]
    return found | _running_sums(table, free, places)


def _running_sums(table: Table, free: list[str], places: int) -> dict[str, Channel]:
    columns = [table.column(n) for n in dict.fromkeys([table.entity.name, table.time.name, *free])]
    frame = pl.DataFrame(columns)
    ledger = Ledger.build(frame, table.entity.name, table.time.name, free, places)
    found: dict[str, Channel] = {}
    for name in free:
        total = find_running_sum(ledger, name)
        if total is None or total.column in found:
            continue
        exact = f"{100 * total.exact:.1f} % of rows add up exactly"
        rest = "" if total.exact >= 0.999 else ", the others within one unit of rounding"
        ties = "" if total.order is None else "; the order of ties follows from it"
        reason = f"the running sum of '{total.column}' within an entity: {exact}{rest}{ties}"
        formula = f"running_sum({total.column})"
        found[name] = _derived(table.profiles[name], formula, reason)
    return found
