"""Events and their context table as one source.

Behind the same door as any table: what is above sees one table with more
columns, one digest and one record. Knows sources, not what columns mean beyond
the owner of the events.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import polars as pl

from riskgen.data.context.table import join_context
from riskgen.data.inference.keys import find_entity, missing_entity
from riskgen.data.inference.profile import profile
from riskgen.data.sources.source import Source


@dataclass(frozen=True)
class ContextSource:
    """A table of events with a table of one row for each entity.

    Attributes
    ----------
    events, context : Source
        The two tables.
    entity : str or None
        Column of the events that owns them, where it is known; else the one
        that the table suggests, among the columns of both tables first.
    context_key : str or None
        Column of the context that holds the owners.
    """

    events: Source
    context: Source
    entity: str | None = None
    context_key: str | None = None

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.events.name} with {self.context.name}"

    @property
    def stem(self) -> str:
        """Short name of the events."""
        return self.events.stem

    def scan(self) -> pl.LazyFrame:
        """Return the joined rows; errors as :func:`join_context`."""
        return self.joined()[0]

    def joined(self) -> tuple[pl.LazyFrame, list[str]]:
        """Return the joined rows and what was found when joining."""
        events, context = self.events.scan(), self.context.scan().collect()
        return join_context(events, context, self._key(events, context), self.context_key)

    def digest(self) -> str:
        """Return a SHA-256 that changes when a value of either table changes."""
        parts = (self.events.digest(), self.context.digest(), self.context_key or "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return where both tables lie and by what they are joined."""
        joined = {"entity": self.entity, "key": self.context_key}
        return {**self.events.record(), "context": {**self.context.record(), **joined}}

    def _key(self, events: pl.LazyFrame, context: pl.DataFrame) -> str:
        columns = events.collect_schema().names()
        if self.entity in columns:
            return str(self.entity)
        shared = [name for name in columns if name in context.columns]
        both = None if self.context_key else _owner(events, shared)
        return both or _owner(events, columns) or _none(events)


def _owner(events: pl.LazyFrame, columns: list[str]) -> str | None:
    found = find_entity({c.name: profile(c) for c in events.select(columns).collect()})
    return None if found is None else found.name


def _none(events: pl.LazyFrame) -> str:
    raise missing_entity({c.name: profile(c) for c in events.collect()})


def rows_of(source: Source) -> tuple[pl.LazyFrame, list[str]]:
    """Return the rows of any source, and notes on how they were put together."""
    return source.joined() if isinstance(source, ContextSource) else (source.scan(), [])
