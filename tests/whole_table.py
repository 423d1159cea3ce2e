"""A whole table from a file or a folder in one call."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from riskgen.data.sources.address import Address
from riskgen.data.sources.checked import readable
from riskgen.data.sources.source import open_source


def read_table(path: Path) -> pl.DataFrame:
    """Return the rows of the table at ``path``; DataError as :meth:`Source.scan`."""
    source = open_source(Address(str(path)))
    frame = source.scan()
    with readable(source.name):
        return frame.collect()


def table_hash(path: Path) -> str:
    """Return the digest of the table at ``path``: of a file, the SHA-256 of its bytes."""
    return open_source(Address(str(path))).digest()
