"""From a table as a user has it to events without surprises.

Every change is said in a note, and what cannot be mended is refused: nothing
is mended in silence. Missing values stay missing, since they are information.
Knows schemas, not generators.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskgen.data.derived.chains import LARGEST_TIE
from riskgen.data.derived.derivation import parse_formula, signed_units
from riskgen.data.derived.formula import Formula
from riskgen.data.derived.ledger import Ledger, add_up
from riskgen.data.dtypes import dtype_of
from riskgen.data.events import Events
from riskgen.data.inference.profile import decimals
from riskgen.data.inference.resolution import resolution_of
from riskgen.data.personal.pseudonyms import with_fresh_ids
from riskgen.data.personal.remarks import marked, remarks
from riskgen.data.refusals import (
    check_amounts,
    check_columns,
    check_entities,
    check_label_values,
    without_missing_keys,
)
from riskgen.data.schema import Channel, Schema
from riskgen.data.times.axis import time_axis

Notes = list[str]


def clean(table: pl.DataFrame, schema: Schema) -> tuple[Events, Schema, Notes]:
    """Return sorted events, the schema that fits them, and what was changed.

    Parameters
    ----------
    table : polars.DataFrame
        Rows in any order; columns beyond the schema are left out.
    schema : Schema
        Domain ``transactions``.

    Returns
    -------
    events : Events
        Time as Date, Datetime(us) without zone (clock time) or Int64; label as
        0 and 1; columns with role ``dropped`` are empty.
    schema : Schema
        As given, with empty columns and a label of one class set aside.
    notes : list of str
        One sentence for each change; no values of customers.

    Raises
    ------
    SchemaError
        When the schema does not fit the table.
    DataError
        When keys, amounts or labels are unusable, or there are too few
        entities to judge anything.
    """
    assert schema.domain == "transactions", "prices have their own cleaning"
    notes: Notes = []
    check_columns(table, schema, notes)
    frame = _typed(table, schema)
    frame = without_missing_keys(frame, schema, notes)
    check_amounts(frame, schema)
    check_label_values(frame, schema)
    check_entities(frame[schema.entity], schema.entity, notes)
    final = _set_aside(frame, schema, notes)
    _say_repeats(frame, notes)
    final = marked(table, final)
    ordered = with_fresh_ids(_in_order(frame, final, notes), final)
    notes += remarks(final)
    notes += [f"'{c.name}' is not modelled: {c.reason}." for c in final.with_role("dropped")]
    events = Events.build(_emptied(ordered, final), final)
    return events, final, notes


def _typed(table: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    columns = [
        time_axis(table, schema)
        if channel.role == "time"
        else _typed_column(table[channel.name], channel)
        for channel in schema.channels
    ]
    return pl.DataFrame(columns)


def _typed_column(column: pl.Series, channel: Channel) -> pl.Series:
    if channel.role == "label":
        return column.cast(pl.Int8)
    if channel.pseudonymised:
        return column
    if column.dtype == pl.Float32 or column.dtype.base_type() == pl.Decimal:
        # A float32 cent is no cent in float64 until it is rounded.
        places = decimals(column) if channel.decimals is None else channel.decimals
        return column.cast(pl.Float64).round(places).fill_nan(None)
    if column.dtype.is_float():
        return column.fill_nan(None)
    if column.dtype.base_type() in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    return column


def _set_aside(frame: pl.DataFrame, schema: Schema, notes: Notes) -> Schema:
    label, level = schema.label, schema.label_level
    channels = [_aside_if_empty(c, frame[c.name]) for c in schema.channels]
    if label is not None and frame[label].n_unique() < 2:
        notes.append(f"Label '{label}' has one class only; it is set aside, nothing is predicted.")
        reason = "a label with one class says nothing"
        channels = [_dropped(c, reason) if c.role == "label" else c for c in channels]
        level = None
    resolution = resolution_of(frame[schema.time], frame[schema.entity])
    changes = {"channels": tuple(channels), "label_level": level, "resolution": resolution}
    return Schema.model_validate(schema.model_dump() | changes)


def _aside_if_empty(channel: Channel, column: pl.Series) -> Channel:
    if channel.role in ("channel", "context") and column.null_count() == len(column):
        return _dropped(channel, "empty in every row")
    return channel


def _dropped(channel: Channel, reason: str) -> Channel:
    return channel.model_copy(
        update={"role": "dropped", "reason": reason, "meaning": None, "formula": None}
    )


def _say_repeats(frame: pl.DataFrame, notes: Notes) -> None:
    repeats = frame.height - frame.hash_rows(seed=0).n_unique()
    if repeats:
        notes.append(f"{repeats:,} rows repeat another row exactly; they are kept.")


def _in_order(frame: pl.DataFrame, schema: Schema, notes: Notes) -> pl.DataFrame:
    keys = [schema.entity, schema.time]
    ordered = frame.sort(keys, maintain_order=True)
    if not ordered.select(keys).equals(frame.select(keys)):
        notes.append(f"Rows were sorted by '{schema.entity}' and '{schema.time}'.")
    for channel in schema.with_role("derived"):
        formula = parse_formula(channel)
        if formula.is_running:
            return _ties_ordered(ordered, schema, channel, formula, notes)
    return ordered


def _ties_ordered(
    ordered: pl.DataFrame, schema: Schema, balance: Channel, formula: Formula, notes: Notes
) -> pl.DataFrame:
    """Put rows of equal time into the order that the balance proves."""
    places = max(balance.decimals or 0, schema.channel(formula.source).decimals or 0)
    ledger = Ledger.build(ordered, schema.entity, schema.time, [balance.name], places)
    found = add_up(
        ledger,
        signed_units(ordered, formula, places),
        ledger.units[balance.name],
        ledger.missing.get(balance.name),
        before=formula.function == "running_sum_before",
    )
    if found is None:
        notes.append(
            f"'{balance.name}' is not the running sum of '{formula.source}' in every row; "
            "simulated balances will be."
        )
        return ordered
    order = found[1]
    if order is None:
        return ordered
    moved = int(np.count_nonzero(order != np.arange(len(order))))
    notes.append(
        f"{moved:,} rows of equal time were put into the order that '{balance.name}' proves "
        f"(ties of up to {LARGEST_TIE} events)."
    )
    return ordered[order]


def _emptied(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    # What is not modelled must not travel on: it may be a name or a card number.
    empty = [
        pl.lit(None).cast(dtype_of(channel.dtype)).alias(channel.name)
        for channel in schema.with_role("dropped")
    ]
    return frame.with_columns(empty)
