"""One Parquet or CSV file as a source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from riskgen.data.sources.files import read_table, table_hash


@dataclass(frozen=True)
class TableFile:
    """A table in one file.

    Attributes
    ----------
    path : Path
        Parquet or CSV.
    """

    path: Path

    @property
    def name(self) -> str:
        """Path as the user gave it."""
        return str(self.path)

    @property
    def stem(self) -> str:
        """File name without its ending."""
        return self.path.stem

    def scan(self) -> pl.LazyFrame:
        """Return the rows; DataError as :func:`read_table`."""
        return read_table(self.path).lazy()

    def digest(self) -> str:
        """Return the SHA-256 of the file's bytes."""
        return table_hash(self.path)

    def record(self) -> dict[str, Any]:
        """Return the file's place."""
        return {"source": str(self.path.resolve())}
