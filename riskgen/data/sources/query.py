"""Rows that a query selects, whatever engine answers it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import polars as pl
import pyarrow as pa

from riskgen.data.sources.checked import checked
from riskgen.data.sources.spool import Spool
from riskgen.errors import DataError

_SHOWN = 20


class Engine(Protocol):
    """A database."""

    @property
    def name(self) -> str:
        """What to print: never a password."""

    @property
    def stem(self) -> str:
        """Short name for a run."""

    @property
    def place(self) -> str:
        """What a manifest keeps: never a password."""

    def tables(self) -> list[str]:
        """Return the tables that the user may read, quoted for a query."""

    def rows(self, query: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Run one query that can only read, and hand its rows out in batches."""


@dataclass(frozen=True)
class QuerySource:
    """A query's rows, fetched once for this process.

    Attributes
    ----------
    engine : Engine
        Where to ask.
    query : str or None
        SQL; None stands for the only table where there is one.
    """

    engine: Engine
    query: str | None

    @property
    def name(self) -> str:
        """Name of the database."""
        return self.engine.name

    @property
    def stem(self) -> str:
        """Short name of the database."""
        return self.engine.stem

    def scan(self) -> pl.LazyFrame:
        """Return the rows, in the order in which they came.

        Raises
        ------
        DataError
            When the database or the query fails, or the rows cannot be modelled.
        """
        return checked(self._spool.scan(), self.name)

    def digest(self) -> str:
        """Return a SHA-256 of the rows that does not depend on their order."""
        return self._spool.digest

    def record(self) -> dict[str, Any]:
        """Return the database and the query."""
        return {"source": self.engine.place, "query": self.query}

    @cached_property
    def _spool(self) -> Spool:
        query = self.query if self.query is not None else self._only_table()
        try:
            with self.engine.rows(query.strip().rstrip(";")) as reader:
                return Spool.of(reader, self.name)
        except DataError as error:
            message = str(error)
        # Outside the handler: the driver's own words, with values, hang on to no error of ours.
        raise DataError(message)

    def _only_table(self) -> str:
        tables = self.engine.tables()
        if len(tables) == 1:
            return f"select * from {tables[0]}"
        more = f" and {len(tables) - _SHOWN} more" if len(tables) > _SHOWN else ""
        listed = f"It holds: {', '.join(tables[:_SHOWN])}{more}." if tables else "It holds none."
        raise DataError(
            f"'{self.name}' is a database; say which rows to read, for example "
            f'--query "select * from {tables[0] if tables else "TABLE"}". {listed}'
        )
