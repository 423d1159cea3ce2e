"""One Parquet, CSV or Arrow file as a source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from riskgen.data.sources.arrowfile import scan_arrow
from riskgen.data.sources.checked import checked
from riskgen.data.sources.csvfile import scan_csv
from riskgen.data.sources.forms import ARROW, CSV, PARQUET, check_file, form_of, unknown_form
from riskgen.data.sources.parquet import scan_parquet
from riskgen.data.sources.uri import public


@dataclass(frozen=True)
class TableFile:
    """A table in one file.

    Attributes
    ----------
    path : Path
        Parquet, CSV (also packed) or Arrow IPC.
    """

    path: Path

    @property
    def name(self) -> str:
        """Path as the user gave it."""
        return public(str(self.path))

    @property
    def stem(self) -> str:
        """File name without its endings."""
        packed = form_of(self.path) == CSV and Path(self.path.stem).suffix
        return Path(self.path.stem).stem if packed else self.path.stem

    def scan(self) -> pl.LazyFrame:
        """Return the rows, in the order of the file.

        Raises
        ------
        DataError
            When the file is missing, empty, damaged, of another kind, or holds
            columns that cannot be modelled.
        """
        check_file(self.path)
        return checked(self._rows, self.name)

    def digest(self) -> str:
        """Return the SHA-256 of the file's bytes."""
        check_file(self.path)
        return file_hash(self.path)

    def record(self) -> dict[str, Any]:
        """Return the file's place."""
        return {"source": str(self.path.resolve())}

    @cached_property
    def _rows(self) -> pl.LazyFrame:
        form = form_of(self.path)
        if form == PARQUET:
            return scan_parquet([self.path])
        if form == CSV:
            return scan_csv([self.path], self.name)
        if form == ARROW:
            return scan_arrow(self.path)
        raise unknown_form(self.path)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
