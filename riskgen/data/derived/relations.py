"""Columns of a table that are arithmetic or copies of other columns.

Asks about pairs and triples of columns and writes the answer as channels with
a formula and a reason. What holds is proved in every row, never by a name.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.derived.balances import find_balances
from riskgen.data.derived.formula import Formula
from riskgen.data.derived.ledger import absent, is_absolute, smallest_units
from riskgen.data.derived.signs import find_sign, find_signed
from riskgen.data.inference.inventory import Table, channel_of, places_of
from riskgen.data.inference.meanings import kind_of
from riskgen.data.inference.profile import Profile, decimals
from riskgen.data.schema import Channel

Ints = NDArray[np.int64]

# Sums are looked for among so many numbers at most: triples grow with the cube [J].
_MOST_NUMBERS = 12
_FIRST = 500  # rows that a sum must fit before all rows are asked


def find_copies(table: Table, rest: list[Profile]) -> dict[str, Channel]:
    """Find exact duplicates of an earlier column."""
    found: dict[str, Channel] = {}
    seen = [table.profiles[table.entity.name], table.profiles[table.time.name]]
    for p in rest:
        twin = next((q for q in seen if _is_copy(p, q)), None)
        if twin is None or p.name in table.keep:
            seen.append(p)
        else:
            formula = Formula("copy", (twin.name,))
            found[p.name] = derived(p, formula, f"equal to '{twin.name}' everywhere")
    return found


def _is_copy(p: Profile, q: Profile) -> bool:
    same = (p.n_distinct, p.n_null, p.is_number, p.dtype.base_type() == pl.String)
    if same != (q.n_distinct, q.n_null, q.is_number, q.dtype.base_type() == pl.String):
        return False
    if p.is_date != q.is_date or p.form != q.form or p.n_rows < 20:
        return False
    return bool(p.column.eq_missing(q.column).all()) if _comparable(p, q) else False


def _comparable(p: Profile, q: Profile) -> bool:
    return (p.is_number and q.is_number) or p.column.dtype == q.column.dtype


def derived(p: Profile, formula: Formula, reason: str) -> Channel:
    """Return the channel of a column that follows from others."""
    return channel_of(
        p,
        role="derived",
        formula=str(formula),
        reason=reason,
        decimals=places_of(p, kind_of(p)),
    )


def find_arithmetic(table: Table, rest: list[Profile]) -> dict[str, Channel]:
    """Find sizes, signs, running sums and sums among the columns."""
    numeric = [p for p in rest if p.is_number and kind_of(p) in ("amount", "number")]
    found: dict[str, Channel] = {}
    if not numeric:
        return found
    places = max(decimals(p.column) for p in numeric)
    units = {p.name: smallest_units(p.column, places) for p in numeric}
    for p in numeric:
        if (size := _size_of(p, numeric, units)) is not None and size.name not in found:
            found |= _amounts(table, p, size, rest)
    for p in numeric:
        if p.name not in found and p.has_both_signs():
            found |= _flags(table, p, [q for q in rest if q.name not in found])
    free = [p for p in numeric if p.name not in found or "signed(" in str(found[p.name].formula)]
    balances = find_balances(table, [p.name for p in free], rest, places)
    for name, (formula, reason) in balances.items():
        if name not in found:
            found[name] = derived(table.profiles[name], formula, reason)
    return found | _sums([p for p in numeric if p.name not in found], units)


def _size_of(p: Profile, numeric: list[Profile], units: dict[str, Ints]) -> Profile | None:
    """Return the signed column whose size ``p`` is in every row, missing ones included."""
    for q in numeric:
        if q is not p and is_absolute(units[p.name], units[q.name]):
            if np.array_equal(absent(p.column), absent(q.column)):
                return q
    return None


def _amounts(
    table: Table, size: Profile, signed: Profile, rest: list[Profile]
) -> dict[str, Channel]:
    """Say which of a size, a signed amount and a flag follows from which."""
    flag = next((p for p in rest if find_sign(table, signed, p)), None)
    told = None if flag is not None else find_signed(table, size, signed, rest)
    if told is not None:
        reason = f"the size '{size.name}' with the sign that '{told.columns[1]}' says in every row"
        return {signed.name: derived(signed, told, reason)}
    formula = Formula("absolute", (signed.name,))
    return {size.name: derived(size, formula, f"the size of '{signed.name}'")}


def _flags(table: Table, signed: Profile, rest: list[Profile]) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    for p in rest:
        if p is not signed and (formula := find_sign(table, signed, p)) is not None:
            reason = f"says the sign of '{signed.name}' in every row"
            found[p.name] = channel_of(p, role="derived", formula=str(formula), reason=reason)
    return found


def _sums(free: list[Profile], units: dict[str, Ints]) -> dict[str, Channel]:
    """Find columns that are the sum of two others in every row."""
    used = [p for p in free if p.n_distinct > 2][:_MOST_NUMBERS]
    found: dict[str, Channel] = {}
    for a, b in combinations(used, 2):
        for total in used:
            taken = {a.name, b.name, total.name}
            if len(taken) < 3 or not taken.isdisjoint(found) or not _is_sum(total, a, b, units):
                continue
            reason = f"'{a.name}' plus '{b.name}' in every row"
            found[total.name] = derived(total, Formula("total", (a.name, b.name)), reason)
    return found


def _is_sum(total: Profile, a: Profile, b: Profile, units: dict[str, Ints]) -> bool:
    for rows in (slice(_FIRST), slice(None)):
        parts = [units[p.name][rows] for p in (total, a, b)]
        if not np.array_equal(parts[0], parts[1] + parts[2]):
            return False
    # Zeros add up without meaning it: each part must say something in a row of twenty [J].
    if min(np.count_nonzero(part) for part in parts[1:]) < 0.05 * total.n_rows:
        return False
    gone = absent(a.column) | absent(b.column)
    return bool(np.array_equal(absent(total.column), gone))
