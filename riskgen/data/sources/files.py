"""Tables from files: Parquet and CSV, with every refusal in plain words.

The only door for the user's data. It knows files, not what columns mean.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections import Counter
from pathlib import Path

import polars as pl

from riskgen.data.dates import parse_dates
from riskgen.data.dtypes import is_supported, remedy
from riskgen.errors import DataError

_PARQUET = {".parquet", ".pq"}
_CSV = {".csv", ".tsv", ".txt"}
_DELIMITERS = ",;\t|"
_HEAD_LINES = 50
_ABSENT = ["na", "n/a", "nan", "null", "none"]
_WHOLE = r"^[+-]?(0|[1-9]\d{0,17})$"
_DECIMAL_POINT = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?inf$"
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"


def read_table(path: Path) -> pl.DataFrame:
    """Return the table in a Parquet or CSV file.

    A CSV file must be UTF-8 with a header line; its delimiter (comma,
    semicolon, tab or bar), numbers and dates are recognised. Numbers with
    leading zeros stay text, since they are keys.

    Raises
    ------
    DataError
        When the file is missing, a folder, empty, damaged, of another kind,
        or holds columns that cannot be modelled.
    """
    _check_file(path)
    suffix = path.suffix.lower()
    if suffix in _PARQUET:
        table = _read_parquet(path)
    elif suffix in _CSV:
        table = _read_csv(path)
    else:
        raise DataError(
            f"'{path}' ends in '{suffix}'. riskgen reads .parquet and .csv; save the table as one."
        )
    return _checked(table, path)


def table_hash(path: Path) -> str:
    """Return the SHA-256 of the file's bytes as hexadecimal text."""
    _check_file(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"'{path}' is a folder. Give one Parquet or CSV file inside it.")
    if not path.exists():
        raise DataError(f"There is no file '{path}'.{_nearest(path)}")
    if path.stat().st_size == 0:
        raise DataError(f"'{path}' is empty (0 bytes). Write the table again.")


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return f" The folder '{path.parent}' does not exist either."
    names = sorted(p.name for p in path.parent.iterdir() if p.suffix.lower() in _PARQUET | _CSV)
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.4) or names[:3]
    listed = ", ".join(f"'{name}'" for name in near)
    return f" Nearest in that folder: {listed}." if near else " The folder holds no table."


def _checked(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    if table.width == 0 or table.height == 0:
        raise DataError(f"'{path}' has {table.width} columns and no rows. Give a table with rows.")
    for name, dtype in table.schema.items():
        if not is_supported(dtype):
            kind = dtype.base_type().__name__
            raise DataError(f"Column '{name}' in '{path}' is of type {kind}. {remedy(dtype)}")
    return _named(table)


def _named(table: pl.DataFrame) -> pl.DataFrame:
    """Name the nameless column: pandas writes its row numbers without a header."""
    name = "column_1"
    while name in table.columns:
        name += "_"
    return table.rename({"": name}) if "" in table.columns else table


def _read_parquet(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(max(path.stat().st_size - 4, 0))
        end = file.read(4)
    if start != b"PAR1":
        raise DataError(f"'{path}' is not a Parquet file, whatever its name says. Export it again.")
    if end != b"PAR1":
        raise DataError(f"'{path}' is cut off: the end of the Parquet file is missing. Copy again.")
    try:
        return pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"'{path}' is a damaged Parquet file: {_line(error)}") from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or ["no details"])[0].rstrip(".") + "."


def _read_csv(path: Path) -> pl.DataFrame:
    raw = path.read_bytes()
    head = _utf8_head(raw, path)
    delimiter = _delimiter(head)
    _check_header(next(csv.reader(head, delimiter=delimiter), []), path)
    try:
        table = pl.read_csv(
            io.BytesIO(raw.removeprefix(b"\xef\xbb\xbf")),
            separator=delimiter,
            infer_schema=False,
            empty_string_is_null=True,
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"'{path}' has lines that do not fit its header: {_line(error)} "
            f"Columns were separated at {delimiter!r}; check quotes and delimiters."
        ) from error
    # polars leaves doubled quotes in a header as they are.
    plain = {name: name.replace('""', '"') for name in table.columns}
    return table.rename(plain).with_columns(_typed(column) for column in table.rename(plain))


def _utf8_head(raw: bytes, path: Path) -> list[str]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"'{path}' is not UTF-8: byte {error.start}, line {line}. Save it as UTF-8."
        ) from error
    if "\0" in text[:4096]:
        raise DataError(f"'{path}' holds binary data, not text. Export it as CSV in UTF-8.")
    return list(io.StringIO(text[: 1 << 20], newline=None))[:_HEAD_LINES]


def _delimiter(head: list[str]) -> str:
    def fields(delimiter: str) -> float:
        # Decimal commas split rows but not the header: rows must agree with it.
        widths = [len(row) for row in csv.reader(head, delimiter=delimiter) if row]
        return widths[0] * widths.count(widths[0]) / len(widths) if widths else 0.0

    return max(_DELIMITERS, key=fields)


def _check_header(header: list[str], path: Path) -> None:
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise DataError(
            f"'{path}' has the column '{repeated[0]}' {header.count(repeated[0])} times. "
            "Rename or remove the repeats."
        )


def _typed(column: pl.Series) -> pl.Series:
    """Return a text column as numbers, truth values or dates where every value is one."""
    present = column.drop_nulls()
    numbers = column.set(column.str.to_lowercase().is_in(_ABSENT).fill_null(False), None)
    if present.is_empty() or numbers.null_count() == len(numbers):
        return column
    for pattern, convert in ((_WHOLE, _whole), (_DECIMAL_POINT, _point), (_DECIMAL_COMMA, _comma)):
        if _all_match(numbers, pattern) and not _is_key(numbers):
            return convert(numbers)
    if _all_match(column, r"^(?i)(true|false)$"):
        return column.str.to_lowercase() == "true"
    dates = parse_dates(column)
    return column if dates is None else dates


def _all_match(column: pl.Series, pattern: str) -> bool:
    return bool(column.str.contains(pattern).all())


def _is_key(column: pl.Series) -> bool:
    # As a number, 007 would lose its zeros and a 20-digit key its last digits.
    return bool(column.str.contains(r"^[+-]?(0\d|\d{19,}$)").any())


def _whole(column: pl.Series) -> pl.Series:
    return column.cast(pl.Int64)


def _point(column: pl.Series) -> pl.Series:
    return column.cast(pl.Float64)


def _comma(column: pl.Series) -> pl.Series:
    plain = column.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return plain.cast(pl.Float64)
