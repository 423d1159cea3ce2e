"""Events as panels and back: the one place where a table meets its codecs.

Everything is fitted on the generator's split and remembers no single customer.
Knows no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.amounts import NumberColumn
from riskgen.data.categories import CategoryColumn
from riskgen.data.clock import CalendarClock
from riskgen.data.codecs import NUMERIC, Column, column_from_state, fit_column, is_wide
from riskgen.data.derivation import derive, openings
from riskgen.data.disclosure import Floats, Ints
from riskgen.data.dtypes import cast_back, dtype_name, dtype_of
from riskgen.data.events import Events, seconds_column
from riskgen.data.habits import Habits
from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.data.quantiles import Quantiles
from riskgen.data.schema import Channel, Schema
from riskgen.errors import DataError

MOST_DIGITS = 17  # of a fresh whole-number key, so that it fits 64 bits
FIRST_MEANINGS = ("country", "channel", "device", "category")


@dataclass(frozen=True, eq=False)
class EventEncoder:
    """Turns events into a panel of levels and back.

    Attributes
    ----------
    schema : Schema
        Of the events that it was fitted on.
    dtypes : mapping of str to str
        Type of each column in the fitted events' frame.
    columns, context : tuple of Column
        Codecs of the columns that vary, in drawing order, and of the fixed ones.
    balances : mapping of str to Quantiles
        Opening balance of each derived running sum.
    clock : CalendarClock
        Codec of time.
    habits : Habits
        Codec of what an entity is like.
    key_digits : int or None
        Digits of the largest whole-number entity key; None for text keys.
    """

    schema: Schema
    dtypes: Mapping[str, str] = field(repr=False)
    columns: tuple[Column, ...] = field(repr=False)
    context: tuple[Column, ...] = field(repr=False)
    balances: Mapping[str, Quantiles] = field(repr=False)
    clock: CalendarClock = field(repr=False)
    habits: Habits = field(repr=False)
    key_digits: int | None

    @classmethod
    def fit(cls, events: Events) -> EventEncoder:
        """Learn all levels from ``events``, the generator's split only.

        Raises
        ------
        DataError
            When there are no events.
        """
        if events.n_events == 0:
            raise DataError("There are no events to learn from. Found 0 rows. Check the split.")
        schema = events.schema
        columns, encoded = _fit_columns(events)
        fixed = tuple(
            fit_column(_heads(events), channel, repeats=False)
            for channel in schema.with_role("context")
        )
        dtypes = {name: dtype_name(events.frame[name].dtype) for name in events.frame.columns}
        return cls(
            schema,
            dtypes,
            columns,
            fixed,
            _fit_balances(events),
            _fit_clock(events, columns, fixed),
            Habits.fit(events, columns, encoded),
            _key_digits(events.frame[schema.entity]),
        )

    @cached_property
    def layout(self) -> Layout:
        """What the columns of an encoded panel are."""
        label = () if self.schema.label is None else (Field("label", 2),)
        own = label if self.schema.label_level == "event" else ()
        gap = Field("gap", self.clock.gaps.levels, spread=True)
        hour = Field("hour", 24, spread=True, requires=("gap", self.clock.gaps.first))
        time = (gap, hour)[: len(self.clock.time_columns)]
        before, after = _around_time(self.columns)
        fixed = (*self._context_fields(), *self.habits.fields)
        fields = (*own, *_fields(before), *time, *_fields(after))
        return Layout(fields, (*label, *fixed), self.clock)

    def encode(self, events: Events) -> SequencePanel:
        """Return the panel of ``events``, which have the fitted schema."""
        encoded = self._encode_columns(events)
        before, after = _around_time(self.columns)
        own = [events.event_label()] if self.schema.label_level == "event" else []
        time = self.clock.gaps.encode(events.seconds(), events.offsets)
        parts = [*own, *(encoded[c.name] for c in before), time, *(encoded[c.name] for c in after)]
        values = np.column_stack(parts).astype(np.float64)
        return SequencePanel(
            self.layout, values, self._encode_context(events, encoded), events.offsets
        )

    def decode(self, panel: SequencePanel, *, first: int = 0) -> Events:
        """Return events of fresh entities.

        Parameters
        ----------
        panel : SequencePanel
            With this encoder's layout.
        first : int
            Number of the first entity, so that parts of one output never share
            an entity key, a row number or a fresh merchant name.

        Returns
        -------
        Events
            All columns of the schema in its order, with the fitted types, save
            that whole-number entity keys are 64 bits wide. Columns that are not
            modelled are null.
        """
        series = {**self._decode_columns(panel, first), **self._decode_roles(panel, first)}
        n = len(panel.values)
        columns = [
            series[name].alias(name)
            if name in series
            else pl.Series(name, [None], dtype=dtype_of(self.dtypes[name])).new_from_index(0, n)
            for name in (channel.name for channel in self.schema.channels)
        ]
        events = Events(self.schema, pl.DataFrame(columns), panel.offsets)
        opening = {
            name: codec.decode(self._context_column(panel, f"{name}.opening"))
            for name, codec in self.balances.items()
        }
        return derive(events, opening)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "schema": self.schema.model_dump(mode="json"),
            "dtypes": dict(self.dtypes),
            "columns": [column.state() for column in self.columns],
            "context": [column.state() for column in self.context],
            "balances": {name: codec.state() for name, codec in self.balances.items()},
            "clock": self.clock.state(),
            "habits": self.habits.state(),
            "key_digits": self.key_digits,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> EventEncoder:
        """Return the encoder that ``state`` was taken from."""
        return cls(
            Schema.model_validate(state["schema"]),
            state["dtypes"],
            tuple(column_from_state(item) for item in state["columns"]),
            tuple(column_from_state(item) for item in state["context"]),
            {name: Quantiles.from_state(item) for name, item in state["balances"].items()},
            CalendarClock.from_state(state["clock"]),
            Habits.from_state(state["habits"]),
            state["key_digits"],
        )

    def _context_fields(self) -> tuple[Field, ...]:
        balances = tuple(
            Field(f"{name}.opening", codec.levels, spread=True)
            for name, codec in self.balances.items()
        )
        return (*_fields(self.context), *balances, *self.clock.context_fields)

    def _encode_columns(self, events: Events) -> dict[str, Floats]:
        """Return the values of each column that varies, later ones given earlier ones."""
        known: dict[str, Ints] = {}
        encoded = {}
        for column in self.columns:
            encoded[column.name] = column.encode(events, known)
            _learn(known, column, encoded[column.name])
        return encoded

    def _encode_context(self, events: Events, encoded: Mapping[str, Floats]) -> Floats:
        heads = _heads(events)
        parts: list[Floats] = []
        if self.schema.label is not None:
            parts.append(events.entity_label().astype(np.float64))
        parts.extend(column.encode(heads, {}) for column in self.context)
        found = openings(events) if self.balances else {}
        parts.extend(codec.encode(found[name]) for name, codec in self.balances.items())
        parts.append(self.clock.encode_context(events))
        parts.append(self.habits.encode(events, self.columns, encoded))
        return np.column_stack(parts)

    def _context_column(self, panel: SequencePanel, name: str) -> Floats:
        column = self.layout.context_column(name)
        assert column is not None, name
        return np.asarray(panel.context[:, column])

    def _decode_columns(self, panel: SequencePanel, first: int) -> dict[str, pl.Series]:
        names = [item.name for item in self.layout.fields]
        owners = np.repeat(np.arange(panel.n_sequences), panel.lengths)
        known: dict[str, Ints] = {}
        result = {}
        for column in self.columns:
            start = names.index(column.fields[0].name)
            values = panel.values[:, start : start + len(column.fields)]
            result[column.name] = column.decode(values, owners, known, first)
            _learn(known, column, values)
        fixed = [item.name for item in self.layout.context_fields]
        alone = np.arange(panel.n_sequences)
        for column in self.context:
            start = fixed.index(column.fields[0].name)
            values = panel.context[:, start : start + len(column.fields)]
            result[column.name] = column.decode(values, alone, {}, first).gather(pl.Series(owners))
        return result

    def _decode_roles(self, panel: SequencePanel, first: int) -> dict[str, pl.Series]:
        """Return entity keys, times, labels and row numbers."""
        schema = self.schema
        result = {
            schema.entity: self._keys(panel, first),
            schema.time: self._times(panel),
        }
        if schema.label is not None:
            result[schema.label] = cast_back(self._labels(panel), self.dtypes[schema.label])
        start = first * max(self.clock.longest, 1)
        for channel in schema.with_role("row_id"):
            numbers = pl.Series(np.arange(start, start + len(panel.values)))
            if self.dtypes[channel.name] == "String":
                numbers = pl.select("R" + numbers.cast(pl.String).str.zfill(12)).to_series()
            result[channel.name] = numbers.cast(dtype_of(self.dtypes[channel.name]))
        return result

    def _keys(self, panel: SequencePanel, first: int) -> pl.Series:
        number = first + np.repeat(np.arange(panel.n_sequences), panel.lengths)
        if self.key_digits is None:
            text = pl.Series(number).cast(pl.String).str.zfill(9)
            return pl.select("S" + text).to_series()
        return pl.Series(10**self.key_digits + number)

    def _times(self, panel: SequencePanel) -> pl.Series:
        return seconds_column(self.clock.times(panel), dtype_of(self.dtypes[self.schema.time]))

    def _labels(self, panel: SequencePanel) -> pl.Series:
        labelled = np.repeat(panel.context[:, 0] >= 1, panel.lengths)
        if self.schema.label_level == "event":
            # An entity drawn without a label has no labelled event.
            labelled &= panel.values[:, 0] >= 1
        return pl.Series(labelled.astype(np.int8))


def _fit_columns(events: Events) -> tuple[tuple[Column, ...], dict[str, Floats]]:
    """Return the columns' codecs and values in drawing order: few levels, many, numbers."""
    channels = sorted(events.schema.with_role("channel"), key=_rank)
    wide = {channel.name for channel in channels if is_wide(events, channel)}
    known: dict[str, Ints] = {}
    columns, encoded = [], {}
    for channel in sorted(channels, key=lambda c: 2 if c.kind in NUMERIC else c.name in wide):
        column = fit_column(events, channel, known)
        encoded[channel.name] = column.encode(events, known)
        _learn(known, column, encoded[channel.name])
        columns.append(column)
    return tuple(columns), encoded


def _learn(known: dict[str, Ints], column: Column, values: Floats) -> None:
    """Add the levels of a category to what later columns may know."""
    if isinstance(column, CategoryColumn):
        known[column.name] = values[:, 0].astype(np.int64)


def _rank(channel: Channel) -> int:
    known = [*FIRST_MEANINGS, channel.meaning]
    return known.index(channel.meaning) if channel.meaning else len(known)


def _around_time(columns: tuple[Column, ...]) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Return the columns drawn before the gap and after it."""
    after = tuple(column for column in columns if isinstance(column, NumberColumn))
    return tuple(column for column in columns if column not in after), after


def _fields(columns: tuple[Column, ...]) -> tuple[Field, ...]:
    return tuple(item for column in columns for item in column.fields)


def _fit_balances(events: Events) -> dict[str, Quantiles]:
    owners = np.arange(events.n_entities)
    return {
        name: Quantiles.fit(found, owners, decimals=events.schema.channel(name).decimals)
        for name, found in openings(events).items()
    }


def _fit_clock(
    events: Events, columns: tuple[Column, ...], fixed: tuple[Column, ...]
) -> CalendarClock:
    schema = events.schema
    before, _ = _around_time(columns)
    n_balances = sum("running_sum" in (c.formula or "") for c in schema.with_role("derived"))
    return CalendarClock.fit(
        events,
        time_column=len(_fields(before)) + (schema.label_level == "event"),
        context_column=len(_fields(fixed)) + n_balances + (schema.label is not None),
    )


def _heads(events: Events) -> Events:
    """Return the first event of each entity as a table of its own."""
    rows = events.frame[pl.Series(events.offsets[:-1])]
    return Events(events.schema, rows, np.arange(events.n_entities + 1))


def _key_digits(keys: pl.Series) -> int | None:
    if not keys.dtype.is_integer():
        return None
    largest = keys.cast(pl.Int64).abs().max()
    return min(len(str(largest)), MOST_DIGITS)
