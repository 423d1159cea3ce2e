"""What makes a table of transactions unusable, said with column, count and first row.

Knows frames and schemas; changes nothing but rows without keys.
"""

from __future__ import annotations

import polars as pl

from riskgen.data.inference.profile import LARGEST
from riskgen.data.schema import Schema, unknown_name
from riskgen.errors import DataError, SchemaError

# Rows without an owner or a time: a few are dropped and said, more are a
# fault of the export [J].
MOST_KEYLESS = 0.01
# Five partitions of 50/20/10/10/10 % need two entities in the smallest [J].
FEWEST_ENTITIES = 20


def check_columns(table: pl.DataFrame, schema: Schema, notes: list[str]) -> None:
    """Refuse a schema whose columns the table lacks or holds as another type."""
    for channel in schema.channels:
        if channel.name not in table.columns:
            raise SchemaError(
                "The schema does not fit the table. "
                + unknown_name("column", channel.name, table.columns)
            )
        dtype = table.schema[channel.name]
        modelled = channel.role in ("channel", "context", "derived")
        if modelled and channel.kind in ("amount", "number") and not dtype.is_numeric():
            raise SchemaError(
                f"Column '{channel.name}' should hold numbers and has type {dtype}. "
                "Store it as numbers, or change its kind in the schema."
            )
    known = {channel.name for channel in schema.channels}
    extra = [name for name in table.columns if name not in known]
    if extra:
        notes.append(f"Columns that the schema does not name are left out: {', '.join(extra)}.")


def without_missing_keys(frame: pl.DataFrame, schema: Schema, notes: list[str]) -> pl.DataFrame:
    """Drop the few rows without entity or time; refuse when they are many."""
    for name in (schema.entity, schema.time):
        missing = frame[name].is_null()
        count = int(missing.sum())
        if count > MOST_KEYLESS * frame.height:
            raise DataError(
                f"Column '{name}' is missing or unreadable in {count:,} of {frame.height:,} rows "
                f"(first at row {_first(missing)}). Every event needs an owner and a time; fill "
                "the column, or name another with --entity or --time."
            )
        if count:
            notes.append(f"{count:,} rows without '{name}' were left out.")
            frame = frame.filter(~missing)
    return frame


def check_amounts(frame: pl.DataFrame, schema: Schema) -> None:
    """Refuse infinite numbers, and numbers too large to mean anything."""
    for channel in schema.with_role("channel", "context", "derived"):
        column = frame[channel.name]
        if not column.dtype.is_float():
            continue
        infinite = column.is_infinite().fill_null(False)
        if infinite.any():
            raise DataError(
                f"Column '{channel.name}' has {int(infinite.sum()):,} infinite values (first at "
                f"row {_first(infinite)}). Replace them, or leave them empty."
            )
        huge = (column.abs() >= LARGEST).fill_null(False)
        if huge.any():
            raise DataError(
                f"Column '{channel.name}' has {int(huge.sum()):,} values of {LARGEST:g} or more in "
                f"size (first at row {_first(huge)}), which look like placeholders. Replace them, "
                "or leave them empty."
            )


def check_label_values(frame: pl.DataFrame, schema: Schema) -> None:
    """Refuse a label with gaps or with other values than 0 and 1."""
    if schema.label is None:
        return
    label = frame[schema.label]
    if label.null_count():
        missing = label.is_null()
        raise DataError(
            f"Label '{schema.label}' is missing in {int(missing.sum()):,} rows (first at row "
            f"{_first(missing)}). Remove unlabelled rows, write 0 where the class is known to be "
            f"negative, or leave the label out with --drop {schema.label}."
        )
    other = ~label.is_in([0, 1])
    if other.any():
        raise DataError(
            f"Label '{schema.label}' has {int(other.sum()):,} values other than 0 and 1 (first at "
            f"row {_first(other)}). Recode it."
        )


def check_entities(owner: pl.Series, name: str, notes: list[str]) -> None:
    """Refuse too few entities, and histories of one event only."""
    lengths = owner.value_counts(name="n")["n"]
    if len(lengths) < FEWEST_ENTITIES:
        raise DataError(
            f"Column '{name}' has {len(lengths)} distinct values; {FEWEST_ENTITIES} entities are "
            "needed, since learning and judging take five separate groups of them. Give more "
            "customers, or name another key with --entity."
        )
    single = int((lengths == 1).sum())
    if single == len(lengths):
        raise DataError(
            f"Every value of '{name}' occurs once, so there is no history to learn. Name the "
            "column that owns several events with --entity."
        )
    if single:
        notes.append(f"{single:,} of {len(lengths):,} entities have a single event.")


def _first(rows: pl.Series) -> int:
    """Return the first row, counted from 1, in which ``rows`` is true."""
    return int(rows.arg_true()[0]) + 1
