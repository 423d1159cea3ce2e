"""CSV files as lazy text columns, with every refusal in plain words.

Knows delimiters, headers and encodings; types are told in ``written.py``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskgen.data.sources.forms import check_file
from riskgen.data.sources.textfile import first_lines, read_head
from riskgen.data.sources.written import typed
from riskgen.errors import DataError

_DELIMITERS = ",;\t|"
_HEAD_LINES = 50


@dataclass(frozen=True)
class _Part:
    """One file: how its fields are separated and what its columns are called."""

    path: Path
    delimiter: str
    header: tuple[str, ...]

    def scan(self) -> pl.LazyFrame:
        """Return the rows as text."""
        frame = pl.scan_csv(
            self.path,
            separator=self.delimiter,
            infer_schema=False,
            empty_string_is_null=True,
            glob=False,
        )
        # polars leaves doubled quotes in a header as they are.
        names = frame.collect_schema().names()
        return frame.rename({n: n.replace('""', '"') for n in names if '""' in n})


def scan_csv(paths: Sequence[Path], name: str) -> pl.LazyFrame:
    """Return the rows of CSV files with one header, typed by all their values.

    The delimiter (comma, semicolon, tab or bar), numbers and dates are
    recognised. Numbers with leading zeros stay text, since they are keys.

    Parameters
    ----------
    paths : sequence of Path
        In the order of their rows.
    name : str
        What to call the table in errors.

    Raises
    ------
    DataError
        When a file is not UTF-8, has repeated column names, another header
        than the first, or lines that do not fit it.
    """
    parts = [_examined(path) for path in paths]
    _check_headers(parts)
    try:
        frame = pl.concat([part.scan() for part in parts])
        return typed(frame, frame.collect_schema().names())
    except pl.exceptions.PolarsError as error:
        separators = sorted({part.delimiter for part in parts})
        raise DataError(
            f"'{name}' has lines that do not fit its header: {_line(error)} Columns were "
            f"separated at {', '.join(map(repr, separators))}; check quotes and delimiters."
        ) from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or ["no details"])[0].rstrip(".") + "."


def _examined(path: Path) -> _Part:
    check_file(path)
    head = first_lines(read_head(path), _HEAD_LINES)
    delimiter = _delimiter(head)
    header = tuple(next(csv.reader(head, delimiter=delimiter), []))
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise DataError(
            f"'{path}' has the column '{repeated[0]}' {header.count(repeated[0])} times. "
            "Rename or remove the repeats."
        )
    return _Part(path, delimiter, header)


def _delimiter(head: list[str]) -> str:
    def fields(delimiter: str) -> float:
        # Decimal commas split rows but not the header: rows must agree with it.
        widths = [len(row) for row in csv.reader(head, delimiter=delimiter) if row]
        return widths[0] * widths.count(widths[0]) / len(widths) if widths else 0.0

    return max(_DELIMITERS, key=fields)


def _check_headers(parts: Sequence[_Part]) -> None:
    first = parts[0]
    for part in parts[1:]:
        if part.header != first.header:
            odd = sorted(set(part.header) ^ set(first.header))
            what = f"'{odd[0]}' is only in one of them" if odd else "the order differs"
            raise DataError(
                f"'{part.path}' has another header than '{first.path}': {what}. Give all parts "
                "the same header line."
            )
