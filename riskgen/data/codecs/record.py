"""The columns of one event together: in which order, and who knows of whom.

Categories come first, then time, then numbers, each given what was drawn
before it. Knows neither time nor labels itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.codecs.amounts import NumberColumn, read_numbers, write_numbers
from riskgen.data.codecs.categories import CategoryColumn
from riskgen.data.codecs.codecs import NUMERIC, Column, column_from_state, fit_column, is_wide
from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.joint import Joint
from riskgen.data.codecs.references import References
from riskgen.data.codecs.resemblance import Search
from riskgen.data.derived.derivation import parse_formula
from riskgen.data.dtypes import dtype_of
from riskgen.data.events import Events
from riskgen.data.panel import Field
from riskgen.data.schema import Channel

FIRST_MEANINGS = ("country", "channel", "device", "category")


@dataclass(frozen=True, eq=False)
class Record:
    """Codecs of columns in drawing order: few levels, many levels, numbers.

    Attributes
    ----------
    columns : tuple of Column
        In drawing order; those that are told together come first.
    joint : Joint or None
        The kind of an event: its first columns as one level.
    references : References or None
        Number columns that stay near one another, the last ones.
    """

    columns: tuple[Column, ...] = field(repr=False)
    joint: Joint | None = None
    references: References | None = None

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
        joint = Joint.fit(known, events.owner)
        references = _fit_references(events, columns)
        last = () if references is None else tuple(c.name for c in references.columns)
        members = () if joint is None else joint.members
        ordered = sorted(columns, key=lambda c: _place(c, members, last))
        return cls(tuple(ordered), joint, references)

    @classmethod
    def fit_fixed(cls, heads: Events) -> Record:
        """Learn the columns that are fixed for an entity, from one event of each."""
        channels = heads.schema.with_role("context")
        return cls(tuple(fit_column(heads, channel, repeats=False) for channel in channels))

    @property
    def before(self) -> Record:
        """The columns that are drawn before the time of the event."""
        return Record(tuple(c for c in self.columns if not isinstance(c, NumberColumn)), self.joint)

    @property
    def after(self) -> Record:
        """The columns that are drawn after the time of the event."""
        numbers = tuple(c for c in self.columns if isinstance(c, NumberColumn))
        return Record(numbers, references=self.references)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Fields of the panel, in drawing order."""
        fields = tuple(item for column in self.columns for item in self._fields_of(column))
        if self.joint is None:
            return fields
        n = len(self.joint.members)
        told = tuple(self.joint.requires(item) for item in fields[:n])
        return (*self.joint.fields, *told, *fields[n:])

    @property
    def kind(self) -> str | None:
        """Name of the field that tells the kind of an event, if there is one."""
        named = [
            item.name for c in self.columns if isinstance(c, CategoryColumn) for item in c.fields
        ]
        return self.joint.fields[0].name if self.joint else next(iter(named), None)

    @property
    def persistent(self) -> tuple[NumberColumn, ...]:
        """Number columns whose values stay near the one before."""
        numbers = (column for column in self.columns if isinstance(column, NumberColumn))
        referring = self.references or ()
        return tuple(c for c in numbers if c.persistent and c.name not in referring)

    def encode(self, events: Events) -> dict[str, Floats]:
        """Return the values (n_events, n_fields) of each column, by name."""
        known: dict[str, Ints] = {}
        encoded = {}
        for column in self.columns:
            encoded[column.name] = column.encode(events, known)
            _learn(known, column, encoded[column.name])
        return encoded if self.references is None else self._near(events, encoded)

    def _near(self, events: Events, encoded: dict[str, Floats]) -> dict[str, Floats]:
        """Put in front of numbers that refer to others how near those they are."""
        assert self.references is not None, "there is something to be near to"
        columns = {column.name: column for column in self.references.columns}
        whole = {
            name: column.quantiles.whole(read_numbers(events.frame[name]))
            for name, column in columns.items()
        }
        others = {name: column.fresh(encoded[name]) for name, column in columns.items()}
        codes = self.references.encode(whole, others, events.owner)
        told = dict(encoded)
        for name, code in codes.items():
            asked = self.references.asked(columns[name], code)
            told[name] = np.column_stack([code, np.where(asked, encoded[name], 0.0)])
        return told

    def _fields_of(self, column: Column) -> tuple[Field, ...]:
        if self.references is None or column.name not in self.references:
            return column.fields
        assert isinstance(column, NumberColumn), "only numbers stay near others"
        return self.references.fields_of(column)

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
        values = self.told_apart(values, names)
        known: dict[str, Ints] = {}
        decoded = {}
        for column in self.columns:
            own = self.own(column, values, names)
            decoded[column.name] = column.decode(own, owners, known, first)
            _learn(known, column, own)
        if self.references is not None:
            parts = {c.name: self.own(c, values, names) for c in self.references.columns}
            for name, numbers in self.references.decode(parts, owners).items():
                decoded[name] = write_numbers(numbers, self.references.column(name).dtype)
        return decoded

    def own(self, column: Column, values: Floats, names: list[str]) -> Floats:
        """Return the values (n, n_fields) of one column's fields."""
        fields = self._fields_of(column)
        start = names.index(fields[0].name)
        return values[:, start : start + len(fields)]

    def stack(self, encoded: Mapping[str, Floats]) -> list[Floats]:
        """Return the values of these columns in drawing order."""
        parts = [encoded[column.name] for column in self.columns]
        if self.joint is None:
            return parts
        n = len(self.joint.members)
        return [self.joint.encode(np.column_stack(parts[:n])), *parts[n:]]

    def told_apart(self, values: Floats, names: list[str]) -> Floats:
        """Return ``values`` (n, n_fields) of fields ``names`` with each member as its kind says."""
        if self.joint is None:
            return values
        start = names.index(self.joint.fields[0].name)
        stop = start + 1 + len(self.joint.members)
        apart = values.copy()
        apart[:, start + 1 : stop] = self.joint.decode(values[:, start:stop])
        return apart

    def categories(self, values: Floats, names: list[str]) -> dict[str, Ints]:
        """Return the levels (n,) of the categories by column name, from values told apart."""
        return {
            column.name: values[:, names.index(column.fields[0].name)].astype(np.int64)
            for column in self.columns
            if isinstance(column, CategoryColumn)
        }

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        parts = {"joint": self.joint, "references": self.references}
        told = {name: None if part is None else part.state() for name, part in parts.items()}
        return {"columns": [column.state() for column in self.columns], **told}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Record:
        """Return the record that ``state`` was taken from."""
        columns = tuple(column_from_state(item) for item in state["columns"])
        joint = None if state["joint"] is None else Joint.from_state(state["joint"])
        numbers = {c.name: c for c in columns if isinstance(c, NumberColumn)}
        found = state["references"]
        return cls(columns, joint, found and References.from_state(found, numbers))


def _learn(known: dict[str, Ints], column: Column, values: Floats) -> None:
    """Add the levels of a category to what later columns may know."""
    if isinstance(column, CategoryColumn):
        known[column.name] = values[:, 0].astype(np.int64)


def _place(column: Column, members: tuple[str, ...], last: tuple[str, ...]) -> int:
    if column.name in last:
        return len(members) + 1 + last.index(column.name)
    return members.index(column.name) if column.name in members else len(members)


def _fit_references(events: Events, columns: Sequence[Column]) -> References | None:
    """Return which numbers stay near which, among those that nothing else accounts for."""
    summed = {
        name
        for channel in events.schema.with_role("derived")
        for name in parse_formula(channel).columns
    }
    free = [
        column
        for column in columns
        if isinstance(column, NumberColumn)
        and column.repeats is None
        and not dtype_of(column.dtype).is_temporal()
        and column.name not in summed
    ]
    numbers = {column.name: read_numbers(events.frame[column.name]) for column in free}
    return Search(free, numbers, events.owner).found() if free else None


def _rank(channel: Channel) -> int:
    known = [*FIRST_MEANINGS, channel.meaning]
    return known.index(channel.meaning) if channel.meaning else len(known)
