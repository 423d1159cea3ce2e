"""The one door for the user's data: a table that can be scanned and told apart.

It knows files and databases, not what columns mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import polars as pl

from riskgen.data.sources.address import Address
from riskgen.data.sources.tablefile import TableFile

Table = pl.DataFrame


class Source(Protocol):
    """A table somewhere."""

    @property
    def name(self) -> str:
        """What to print: never a password."""

    @property
    def stem(self) -> str:
        """Short name for a run of this table."""

    def scan(self) -> pl.LazyFrame:
        """Return the rows, read when they are needed.

        Raises
        ------
        DataError
            When there is no table, or it is damaged, empty or of a kind that
            cannot be modelled.
        """

    def digest(self) -> str:
        """Return a SHA-256 that changes when a value of the table changes."""

    def record(self) -> dict[str, Any]:
        """Return what a manifest keeps to find the table again: no secret."""


def open_source(address: Address) -> Source:
    """Return the table at ``address``.

    Raises
    ------
    DataError
        When the address names nothing that riskgen can read.
    """
    return TableFile(Path(address.text))
