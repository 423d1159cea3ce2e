"""Parquet files, written and read a table at a time; same tables, same bytes.

Knows arrow tables and metadata, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass
class ParquetFile:
    """A file that takes its columns from the first table.

    Attributes
    ----------
    path : Path
        Where it is written.
    metadata : mapping of str to str
        What the file says of itself, in its schema.
    """

    path: Path
    metadata: Mapping[str, str]
    _writer: pq.ParquetWriter | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Open nothing yet: the columns are not known."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the footer."""
        if self._writer is not None:
            self._writer.close()

    def write(self, table: pa.Table) -> None:
        """Add a table as one row group."""
        named = table.replace_schema_metadata(dict(self.metadata))
        if self._writer is None:
            # Fixed codec: the default may change with the library.
            self._writer = pq.ParquetWriter(self.path, named.schema, compression="zstd")
        self._writer.write_table(named, row_group_size=max(named.num_rows, 1))


def row_groups(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Yield the row groups of files, one after the other."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number)
