"""Which amount column is behind a balance, and what says its sign.

Reads formulas, never names. Knows codecs and schemas, no values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from riskgen.data.account import Account
from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.categories import CategoryColumn
from riskgen.data.codecs.habits import Habits
from riskgen.data.codecs.quantiles import Quantiles
from riskgen.data.codecs.record import Record
from riskgen.data.derived.derivation import parse_formula
from riskgen.data.footing import Footing
from riskgen.data.panel import Field
from riskgen.data.schema import Schema


def find_account(
    schema: Schema,
    record: Record,
    fields: tuple[Field, ...],
    balances: Mapping[str, Quantiles],
    habits: Habits,
    context_column: Callable[[str], int],
) -> Account | None:
    """Return the account behind the first derived balance that sums one modelled column.

    Parameters
    ----------
    schema : Schema
        Says which columns are derived, and how.
    record, fields, balances
        Codecs of events, the panel's fields, and codecs of opening balances.
    habits : Habits
        May say what a balance usually is.
    context_column : callable
        Column of a context field, by name.
    """
    columns = {column.name: column for column in record.columns}
    for name, opening in balances.items():
        source, flag, levels = _summed(schema, name)
        amount, sign = columns.get(source), columns.get(flag or "")
        if not isinstance(amount, NumberColumn) or (flag and not isinstance(sign, CategoryColumn)):
            continue
        column = sign if isinstance(sign, CategoryColumn) else None
        minus = None if column is None else _minus(column, levels)
        place = context_column(f"{name}.opening")
        footing = Footing.of(habits, name, context_column)
        return Account(record, fields, amount, column, minus, opening, place, footing)
    return None


def _summed(schema: Schema, name: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Return the amount column behind a balance, its flag and the levels that mean minus."""
    formula = parse_formula(schema.channel(name))
    derived = {channel.name: channel for channel in schema.with_role("derived")}
    source, levels = formula.source, formula.values
    flag = formula.columns[1] if len(formula.columns) > 1 else None
    while source in derived:
        inner = parse_formula(derived[source])
        if inner.function not in ("signed", "copy") or (flag and inner.function == "signed"):
            return source, flag, levels
        source = inner.source
        if inner.function == "signed":
            flag, levels = inner.columns[1], inner.values
    return source, flag, levels


def _minus(column: CategoryColumn, levels: tuple[str, ...]) -> NDArray[np.bool_]:
    texts = column.vocabulary.decode(np.arange(column.vocabulary.levels))
    return np.array([text in levels for text in texts])
