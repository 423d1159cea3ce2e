"""Parquet files and folders of them, scanned lazily.

Reads footers only. Parts must agree: whole numbers and fractions are widened to
the widest of their kind, any other difference is refused with the part's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from riskgen.data.sources.forms import check_file
from riskgen.errors import DataError

WIDEN = pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast")
_SIGNED = (pl.Int8, pl.Int16, pl.Int32, pl.Int64)


def check_parquet(path: Path) -> pl.Schema:
    """Return the columns of a Parquet file from its footer.

    Raises
    ------
    DataError
        When the file is something else, cut off or damaged.
    """
    check_file(path)
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(max(path.stat().st_size - 4, 0))
        end = file.read(4)
    if start != b"PAR1":
        raise DataError(f"'{path}' is not a Parquet file, whatever its name says. Export it again.")
    if end != b"PAR1":
        raise DataError(f"'{path}' is cut off: the end of the Parquet file is missing. Copy again.")
    try:
        return pl.scan_parquet(path, glob=False, hive_partitioning=False).collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"'{path}' is a damaged Parquet file: {_line(error)}") from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or ["no details"])[0].rstrip(".") + "."


def scan_parquet(paths: Sequence[Path]) -> pl.LazyFrame:
    """Return the rows of Parquet files that have the same columns, in the order given."""
    return pl.scan_parquet(
        list(paths),
        glob=False,
        hive_partitioning=False,
        schema=common_schema({path: check_parquet(path) for path in paths}),
        cast_options=WIDEN,
    )


def common_schema(schemas: Mapping[Path, pl.Schema]) -> pl.Schema:
    """Return the columns that all parts have, each wide enough for all.

    Raises
    ------
    DataError
        When a part lacks a column, has one more, or another type of one.
    """
    first, wanted = next(iter(schemas.items()))
    common = dict(wanted)
    for path, schema in schemas.items():
        odd = sorted(set(schema) ^ set(wanted))
        if odd:
            raise DataError(
                f"Column '{odd[0]}' is in '{first if odd[0] in wanted else path}' but not in "
                f"'{path if odd[0] in wanted else first}'. Give all parts the same columns."
            )
        for name, dtype in schema.items():
            widest = _wider(common[name], dtype)
            if widest is None:
                raise DataError(
                    f"Column '{name}' is {dtype} in '{path}' but {common[name]} in '{first}'. "
                    "Write all parts with the same type."
                )
            common[name] = widest
    return pl.Schema(common)


def _wider(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if one == other:
        return one
    for family in (_SIGNED, (pl.Float32, pl.Float64)):
        if one in family and other in family:
            return max(one, other, key=lambda dtype: family.index(dtype.base_type()))
    return None
