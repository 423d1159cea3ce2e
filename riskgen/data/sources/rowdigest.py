"""One SHA-256 for rows that have no order.

A query without ORDER BY may hand the same rows out in another order. Each row
is written as text, independent of any library's memory layout, and hashed; the
hashes are added up. Equal tables give equal digests, a row that is changed,
lost or doubled gives another one.
"""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pyarrow as pa

_FORMAT = "riskgen rows 1"


class RowDigest:
    """Sum of the SHA-256 of rows, as four 64-bit numbers each modulo 2^64.

    Parameters
    ----------
    schema : pyarrow.Schema
        Names and types enter the digest.
    """

    def __init__(self, schema: pa.Schema) -> None:
        columns = "".join(f"{len(f.name)}:{f.name}:{f.type}\n" for f in schema)
        self._head = f"{_FORMAT}\n{columns}"
        self._sum = np.zeros(4, dtype=np.uint64)
        self._rows = 0

    def update(self, frame: pl.DataFrame) -> None:
        """Add the rows of ``frame``."""
        texts = frame.select(pl.concat_str(_field(s) for s in frame)).to_series()
        hashes = b"".join(hashlib.sha256(text.encode()).digest() for text in texts)
        self._sum += np.frombuffer(hashes, "<u8").reshape(-1, 4).sum(axis=0, dtype=np.uint64)
        self._rows += frame.height

    def hexdigest(self) -> str:
        """Return 64 hexadecimal digits."""
        total = f"{self._head}{self._rows}\n".encode() + self._sum.astype("<u8").tobytes()
        return hashlib.sha256(total).hexdigest()


def _field(column: pl.Series) -> pl.Series:
    """Return values as text with their length before it, null as a tilde."""
    text = _text(column)
    length = text.str.len_bytes().cast(pl.String)
    return pl.select((length + ":" + text).fill_null("~").alias(column.name)).to_series()


def _text(column: pl.Series) -> pl.Series:
    if column.dtype.is_temporal():
        return column.to_physical().cast(pl.String)
    if column.dtype.is_float():
        # Their bits: how libraries round a fraction to text has changed before.
        bits = pl.Series(column.name, column.cast(pl.Float64).fill_null(0).to_numpy().view("i8"))
        known = column.is_not_null()
        return pl.select(pl.when(known).then(bits).cast(pl.String)).to_series()
    return column.cast(pl.String)
