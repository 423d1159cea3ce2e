"""Rows from elsewhere, kept for this process in a private Parquet file.

A database hands its rows out once; inspecting, splitting and hashing need them
several times and in little memory. The folder is the user's alone (mode 0700)
and goes when the process ends, or at once when reading fails.
"""

from __future__ import annotations

import atexit
import errno
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from riskgen.data.sources.plaincolumns import PlainColumns
from riskgen.data.sources.rowdigest import RowDigest
from riskgen.data.sources.written import typed
from riskgen.errors import DataError

_ROWS = 131_072  # of a row group: a few MiB for each column [J]


@dataclass(frozen=True)
class Spool:
    """A table on disk that this process owns.

    Attributes
    ----------
    path : Path
        The Parquet file.
    digest : str
        SHA-256 of the rows in whatever order; see :class:`RowDigest`.
    written : tuple of str
        Columns of numbers that arrived as text.
    """

    path: Path
    digest: str
    written: tuple[str, ...]

    @classmethod
    def of(cls, reader: pa.RecordBatchReader, name: str) -> Spool:
        """Write all rows of ``reader``, in its order.

        Raises
        ------
        DataError
            When a column is of a type that cannot be modelled.
        """
        columns = PlainColumns.of(reader.schema, name)
        folder = Path(tempfile.mkdtemp(prefix="riskgen-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        whole = False
        try:
            digest = _write(reader, columns, folder / "rows.parquet")
            whole = True
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise DataError(
                f"The disk under '{folder.parent}' is full: '{name}' does not fit. Make room or "
                "set TMPDIR to a folder on a larger disk."
            ) from None
        finally:
            if not whole:
                shutil.rmtree(folder, ignore_errors=True)
        return cls(folder / "rows.parquet", digest, columns.written)

    def scan(self) -> pl.LazyFrame:
        """Return the rows."""
        frame = pl.scan_parquet(self.path, glob=False, hive_partitioning=False)
        return typed(frame, self.written) if self.written else frame


def _write(reader: pa.RecordBatchReader, columns: PlainColumns, path: Path) -> str:
    digest = RowDigest(columns.schema)
    with pq.ParquetWriter(path, columns.schema, compression="zstd") as writer:
        for batch in reader:
            if not batch.num_rows:
                continue
            table = columns.plain(batch)
            writer.write_table(table, row_group_size=_ROWS)
            digest.update(pl.DataFrame(pl.from_arrow(table)))
    return digest.hexdigest()
