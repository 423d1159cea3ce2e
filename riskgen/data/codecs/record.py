"""The columns of one event together: in which order, and who knows of whom.

Categories come first, then time, then numbers, each given what was drawn
before it. Knows neither time nor labels itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.categories import CategoryColumn
from riskgen.data.codecs.codecs import NUMERIC, Column, column_from_state, fit_column, is_wide
from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.events import Events
from riskgen.data.panel import Field
from riskgen.data.schema import Channel

FIRST_MEANINGS = ("country", "channel", "device", "category")


@dataclass(frozen=True, eq=False)
class Record:
    """Codecs of columns in drawing order: few levels, many levels, numbers."""

    columns: tuple[Column, ...] = field(repr=False)

    @classmethod
    def fit(cls, events: Events) -> Record:
        """Learn the columns that vary by event."""
        channels = sorted(events.schema.with_role("channel"), key=_rank)
        wide = {channel.name for channel in channels if is_wide(events, channel)}
        known: dict[str, Ints] = {}
        columns = []
        for channel in sorted(channels, key=lambda c: 2 if c.kind in NUMERIC else c.name in wide):
            column = fit_column(events, channel, known)
            _learn(known, column, column.encode(events, known))
            columns.append(column)
        return cls(tuple(columns))

    @classmethod
    def fit_fixed(cls, heads: Events) -> Record:
        """Learn the columns that are fixed for an entity, from one event of each."""
        channels = heads.schema.with_role("context")
        return cls(tuple(fit_column(heads, channel, repeats=False) for channel in channels))

    @property
    def before(self) -> Record:
        """The columns that are drawn before the time of the event."""
        return Record(tuple(c for c in self.columns if not isinstance(c, NumberColumn)))

    @property
    def after(self) -> Record:
        """The columns that are drawn after the time of the event."""
        return Record(tuple(c for c in self.columns if isinstance(c, NumberColumn)))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Fields of the panel, in drawing order."""
        return tuple(item for column in self.columns for item in column.fields)

    def encode(self, events: Events) -> dict[str, Floats]:
        """Return the values (n_events, n_fields) of each column, by name."""
        known: dict[str, Ints] = {}
        encoded = {}
        for column in self.columns:
            encoded[column.name] = column.encode(events, known)
            _learn(known, column, encoded[column.name])
        return encoded

    def decode(
        self, values: Floats, fields: tuple[Field, ...], owners: Ints, first: int
    ) -> dict[str, pl.Series]:
        """Return the columns of the table by name.

        Parameters
        ----------
        values : ndarray of shape (n, n_fields)
            Part of a panel.
        fields : tuple of Field
            What its columns are.
        owners : ndarray of shape (n,), int64
            Entity of each row.
        first : int
            Number of the first entity.
        """
        names = [item.name for item in fields]
        known: dict[str, Ints] = {}
        decoded = {}
        for column in self.columns:
            start = names.index(column.fields[0].name)
            own = values[:, start : start + len(column.fields)]
            decoded[column.name] = column.decode(own, owners, known, first)
            _learn(known, column, own)
        return decoded

    def stack(self, encoded: Mapping[str, Floats]) -> list[Floats]:
        """Return the values of these columns in drawing order."""
        return [encoded[column.name] for column in self.columns]

    def state(self) -> list[dict[str, Any]]:
        """Return JSON values that :meth:`from_state` takes back."""
        return [column.state() for column in self.columns]

    @classmethod
    def from_state(cls, state: list[dict[str, Any]]) -> Record:
        """Return the record that ``state`` was taken from."""
        return cls(tuple(column_from_state(item) for item in state))


def _learn(known: dict[str, Ints], column: Column, values: Floats) -> None:
    """Add the levels of a category to what later columns may know."""
    if isinstance(column, CategoryColumn):
        known[column.name] = values[:, 0].astype(np.int64)


def _rank(channel: Channel) -> int:
    known = [*FIRST_MEANINGS, channel.meaning]
    return known.index(channel.meaning) if channel.meaning else len(known)
