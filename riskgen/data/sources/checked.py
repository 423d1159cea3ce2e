"""What every table must fulfil before anything is learned from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from riskgen.data.dtypes import is_supported, remedy
from riskgen.data.sources.uri import scrubbed, secrets_in
from riskgen.errors import DataError


def checked(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Return the rows after a look at their columns and at one row.

    Parameters
    ----------
    frame : polars.LazyFrame
        Only its schema and its first row are read.
    name : str
        What to call the table in errors.

    Raises
    ------
    DataError
        When there are no rows, or a column is of a type that cannot be modelled.
    """
    with readable(name):
        schema = frame.collect_schema()
    for column, dtype in schema.items():
        if not is_supported(dtype):
            kind = dtype.base_type().__name__
            raise DataError(f"Column '{column}' in '{name}' is of type {kind}. {remedy(dtype)}")
    with readable(name):
        empty = not schema or frame.select(next(iter(schema))).head(1).collect().is_empty()
    if empty:
        raise DataError(f"'{name}' has {len(schema)} columns and no rows. Give a table with rows.")
    return _named(frame, schema.names())


def _named(frame: pl.LazyFrame, columns: list[str]) -> pl.LazyFrame:
    """Name the nameless column: pandas writes its row numbers without a header."""
    name = "column_1"
    while name in columns:
        name += "_"
    return frame.rename({"": name}) if "" in columns else frame


@contextmanager
def readable(name: str, *typed: str) -> Iterator[None]:
    """Turn what polars says about damaged data into a sentence about table ``name``.

    Parameters
    ----------
    name : str
        What to call the table.
    *typed : str
        Addresses as the user typed them: their secrets are left out.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        line = (str(error).splitlines() or ["no details"])[0].rstrip(".")
        line = scrubbed(line, [secret for text in typed for secret in secrets_in(text)])
        message = f"'{name}' is damaged or not readable: {line}. Export or copy it again."
        # The store's own words hang on to no error of ours where they may hold a secret.
        raise DataError(message) from (None if typed else error)
