"""Fresh ids for columns that the user wants pseudonymised, with no way back.

An id is the number of a value in order of first appearance. Nothing is hashed
and no table of values is kept: what remains is which rows share a value. Knows
frames and schemas, not models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.derived.derivation import parse_formula
from riskgen.data.dtypes import dtype_name
from riskgen.data.inference.keys import constant_within
from riskgen.data.personal import personal_kind
from riskgen.data.schema import Channel, Schema, unknown_name
from riskgen.errors import SchemaError

Ints = NDArray[np.int64]
DIGITS = 6
_CATEGORY_MEANINGS = ("category", "merchant", "counterparty", "country", "device", "channel")


def fresh_ids(column: pl.Series, first: Ints | None = None) -> pl.Series:
    """Return ids numbered by first appearance; missing stays missing.

    Parameters
    ----------
    column : polars.Series
        Any type that can be ranked, n rows; NaN is missing.
    first : ndarray of shape (n,), int64, or None
        Rows in the order in which values appear; table order when None.

    Returns
    -------
    polars.Series
        ``P000001`` and so on, or whole numbers from 1 where the column holds whole numbers.
    """
    values = column.fill_nan(None) if column.dtype.is_float() else column
    codes = values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    ordered = codes if first is None else codes[first]
    known, places = np.unique(ordered[ordered > 0], return_index=True)
    numbers = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int64)
    numbers[known[np.argsort(places)]] = np.arange(1, len(known) + 1)
    ids = pl.Series(column.name, numbers[codes])
    text = pl.lit("P") + ids.cast(pl.String).str.zfill(DIGITS)
    fresh = pl.lit(ids) if column.dtype.is_integer() else text
    return pl.select(pl.when(ids > 0).then(fresh).alias(column.name)).to_series()


def with_fresh_ids(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return the sorted frame with the values of pseudonymised columns replaced."""
    return frame.with_columns([fresh_ids(frame[c.name]) for c in pseudonymised(schema)])


def renumbered(frame: pl.DataFrame, schema: Schema, first: Ints) -> pl.DataFrame:
    """Return the frame with its ids numbered anew, the rows ``first`` before all others.

    Numbers that count values of other rows would tell a fitted encoder of them.
    """
    asked = pseudonymised(schema)
    if not asked:
        return frame
    order = np.concatenate([first, np.setdiff1d(np.arange(frame.height), first)])
    return frame.with_columns([fresh_ids(frame[c.name], order) for c in asked])


def pseudonymised(schema: Schema) -> list[Channel]:
    """Return the columns that are modelled by fresh ids."""
    return [c for c in schema.with_role("channel", "context", "derived") if c.pseudonymised]


def check_choices(columns: list[str], names: Sequence[str], others: Sequence[str]) -> None:
    """Refuse names that the table lacks, or that are to be kept or dropped as well."""
    for name in names:
        if name not in columns:
            raise SchemaError(unknown_name("column", name, columns))
        if name in others:
            raise SchemaError(
                f"Column '{name}' was given two roles. Name it with one of --pseudonymise, "
                "--keep or --drop."
            )


def pseudonymise_columns(schema: Schema, table: pl.DataFrame, names: Sequence[str]) -> Schema:
    """Return the schema with the named columns, and copies of them, pseudonymised.

    Raises
    ------
    SchemaError
        When a named column is the time, the label, a measurement, or what
        another column is computed from.
    """
    if not names:
        return schema
    if schema.domain == "market":
        raise SchemaError(
            "--pseudonymise is for tables of transactions. Found a table of prices; leave the "
            "column out with --drop."
        )
    _check_formulas(schema, names)
    channels = [
        _replaced(c, schema, table, _copies(c, names))
        if c.name in names or _copies(c, names)
        else c
        for c in schema.channels
    ]
    return schema.model_copy(update={"channels": tuple(channels)})


def _copies(channel: Channel, names: Sequence[str]) -> bool:
    """Whether a column says one of the named ones again."""
    if channel.role != "derived":
        return False
    formula = parse_formula(channel)
    return formula.function == "copy" and formula.source in names


def _check_formulas(schema: Schema, names: Sequence[str]) -> None:
    for channel in schema.with_role("derived"):
        used = [name for name in parse_formula(channel).columns if name in names]
        if used and not _copies(channel, used):
            raise SchemaError(
                f"Column '{used[0]}' cannot be pseudonymised: '{channel.name}' is computed from "
                "it. Leave one of the two out with --drop."
            )


def _replaced(channel: Channel, schema: Schema, table: pl.DataFrame, again: bool) -> Channel:
    """Return the channel of a named column; keys, which never leave, stay as they are."""
    column = table[channel.name]
    if channel.role in ("time", "label"):
        raise SchemaError(
            f"Column '{channel.name}' is the {channel.role} and cannot be pseudonymised. Name a "
            "column of keys, names or texts."
        )
    if channel.role in ("entity", "row_id") or column.null_count() == len(column):
        return channel
    _check_is_key(column)
    facts: dict[str, object] = {"pseudonymised": True, "kind": "category", "decimals": None}
    facts |= {"dtype": _dtype(column), "personal": personal_kind(column, table.columns)}
    if channel.meaning not in _CATEGORY_MEANINGS:
        facts["meaning"] = None
    if not again:
        fixed = constant_within(table[schema.entity], column)
        where = "fixed per entity" if fixed else "varies by event"
        facts |= {"role": "context" if fixed else "channel", "formula": None}
        facts["reason"] = f"you had it pseudonymised: fresh ids with no way back; {where}"
    return channel.model_copy(update=facts)


def _check_is_key(column: pl.Series) -> None:
    numbers = column.drop_nulls().drop_nans() if column.dtype.is_float() else None
    if numbers is not None and bool((numbers != numbers.round(0)).any()):
        raise SchemaError(
            f"Column '{column.name}' holds numbers with decimals, which are measured and not "
            "given to people. Leave it out with --drop, or keep it with --keep."
        )


def _dtype(column: pl.Series) -> str:
    """Return the type that the ids are written as."""
    if not column.dtype.is_integer():
        return "String"
    largest = pl.select(column.dtype.max()).item()  # type: ignore[attr-defined]
    return dtype_name(column.dtype) if column.n_unique() < largest else "Int64"
