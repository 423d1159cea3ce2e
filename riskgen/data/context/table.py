"""One row for each customer, joined to the events of the customer.

Knows two tables and a key; what the joined columns are is decided where all
columns are looked at. Of lazy events only the keys are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import polars as pl

from riskgen.data.context.keys import Keys, as_events_keys, key_column
from riskgen.errors import DataError, SchemaError

Events = TypeVar("Events", pl.DataFrame, pl.LazyFrame)
SUFFIX = "_context"
# A few customers may be missing from an export of another day; more are
# another table [J].
MOST_UNKNOWN = 0.05


def join_context(
    events: Events, context: pl.DataFrame, key: str, context_key: str | None = None
) -> tuple[Events, list[str]]:
    """Return the events with the columns of their entity's row of ``context``.

    Parameters
    ----------
    events : polars.DataFrame or LazyFrame
        One row an event; a lazy one stays lazy.
    context : polars.DataFrame
        One row an entity.
    key : str
        Column of ``events`` that names the entity.
    context_key : str or None
        Column of ``context`` with the same keys. When None, the column called
        ``key``, else the one column that has a value of its own in nearly
        every row and holds at least 99 % of the events' keys.

    Returns
    -------
    events : same type as given
        Rows in their order; new columns on the right, empty where an entity
        has no row. A column whose name the events have too gets the ending
        ``_context``.
    notes : list of str
        What was joined and what was found; no values.

    Raises
    ------
    SchemaError
        When no column of ``context`` is the key, or its type cannot be
        compared without loss.
    DataError
        When a key has several rows, or more than one entity in twenty has none.
    """
    keys = Keys.of(events, key)
    chosen, how = key_column(context, keys, context_key)
    notes = [f"The context was joined by '{key}' = '{chosen}' ({how})."]
    typed = context.with_columns(as_events_keys(context[chosen], keys, key))
    present = _one_row_each(typed, chosen, notes)
    _check_coverage(present[chosen], keys, key, chosen, notes)
    renamed = _renamed(present, chosen, events.collect_schema().names(), notes)
    # Text keys may be stored as categories that two tables number differently.
    on = pl.col(key).cast(pl.String) if keys.is_coded else pl.col(key)
    lazy = events.lazy().join(
        renamed.lazy(),
        left_on=on,
        right_on=chosen,
        how="left",
        maintain_order="left",
    )
    joined = lazy.collect() if isinstance(events, pl.DataFrame) else lazy
    return joined, notes


def _one_row_each(context: pl.DataFrame, chosen: str, notes: list[str]) -> pl.DataFrame:
    missing = context[chosen].null_count()
    if missing:
        notes.append(f"{missing:,} context rows without '{chosen}' were left out.")
    repeats = context[chosen].is_duplicated() & context[chosen].is_not_null()
    if repeats.any():
        first = int(repeats.arg_true()[0]) + 1
        several = context[chosen].filter(repeats).n_unique()
        raise DataError(
            f"The context has several rows for {several:,} values of '{chosen}' (first at row "
            f"{first}). It must have one row for each entity; keep the row that holds, or name "
            "another key with --context-key."
        )
    return context.filter(pl.col(chosen).is_not_null())


def _check_coverage(found: pl.Series, keys: Keys, key: str, chosen: str, notes: list[str]) -> None:
    known = int(keys.values.is_in(found.implode()).sum())
    unknown, idle = len(keys.values) - known, len(found) - known
    if unknown > MOST_UNKNOWN * len(keys.values):
        raise DataError(
            f"{unknown:,} of {len(keys.values):,} entities ('{key}') have no row in the context "
            f"('{chosen}'). Give the context of the same export, or name its key with "
            "--context-key."
        )
    if unknown:
        notes.append(f"{unknown:,} of {len(keys.values):,} entities have no context; it is empty.")
    if idle:
        notes.append(f"{idle:,} context rows belong to no event and are not used.")


def _renamed(
    context: pl.DataFrame, chosen: str, taken: Sequence[str], notes: list[str]
) -> pl.DataFrame:
    others = [name for name in context.columns if name != chosen]
    if not others:
        raise SchemaError(f"The context has no column beside its key '{chosen}'. Leave it out.")
    names = {name: name + SUFFIX for name in others if name in taken}
    final = Counter([*taken, *(names.get(name, name) for name in others)])
    twice = next((name for name, count in final.items() if count > 1), None)
    if twice is not None:
        raise SchemaError(
            f"Column '{twice}' would stand in the joined table twice. Rename it in the context."
        )
    for name, fresh in names.items():
        notes.append(f"Both tables have a column '{name}'; that of the context is '{fresh}'.")
    return context.rename(names)
