"""Arrow IPC: the file format is scanned in place, the stream format is spooled."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from riskgen.data.sources.spool import Spool
from riskgen.errors import DataError

_FILE, _STREAM, _FEATHER1 = b"ARROW1", b"\xff\xff\xff\xff", b"FEA1"


def scan_arrow(path: Path) -> pl.LazyFrame:
    """Return the rows of an Arrow IPC file, told by its first bytes.

    Raises
    ------
    DataError
        When the file is something else, cut off or damaged.
    """
    with path.open("rb") as file:
        start = file.read(6)
    try:
        if start == _FILE:
            frame = pl.scan_ipc(path, glob=False, hive_partitioning=False)
            frame.collect_schema()
            return frame
        if start[:4] == _STREAM:
            with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
                return Spool.of(reader, str(path)).scan()
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise DataError(f"'{path}' is a cut off or damaged Arrow file. Write it again.") from error
    what = "an old Feather file (version 1)" if start[:4] == _FEATHER1 else "no Arrow IPC file"
    raise DataError(f"'{path}' is {what}. Write it with pyarrow, polars or DuckDB.")
