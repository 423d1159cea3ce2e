"""Events as panels and back: the one place where a table meets its codecs.

Everything is fitted on the generator's split and remembers no single customer.
Knows no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.account_search import find_account
from riskgen.data.clock import CalendarClock
from riskgen.data.codecs.decimals import own_decimals
from riskgen.data.codecs.disclosure import Floats
from riskgen.data.codecs.habits import Habits
from riskgen.data.codecs.quantiles import Quantiles
from riskgen.data.codecs.record import Record
from riskgen.data.derived.derivation import derive, openings, parse_formula
from riskgen.data.dtypes import cast_back, dtype_name, dtype_of
from riskgen.data.events import Events, seconds_column
from riskgen.data.freshkeys import entity_keys, key_digits, row_keys
from riskgen.data.nearby import Nearby
from riskgen.data.panel import Field, Layout, SequencePanel, Tracker
from riskgen.data.persistence import Persistence
from riskgen.data.repertoire import Repertoire
from riskgen.data.schema import Schema
from riskgen.data.standing import StandingAmounts
from riskgen.errors import DataError


@dataclass(frozen=True, eq=False)
class EventEncoder:
    """Turns events into a panel of levels and back.

    Attributes
    ----------
    schema : Schema
        Of the events that it was fitted on.
    dtypes : mapping of str to str
        Type of each column in the fitted events' frame.
    record, context : Record
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
    record: Record = field(repr=False)
    context: Record = field(repr=False)
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
        # Decimals were counted on the whole table; what is fitted sees its own rows only.
        events = replace(events, schema=own_decimals(events))
        schema = events.schema
        record, fixed = Record.fit(events), Record.fit_fixed(_heads(events))
        dtypes = {name: dtype_name(events.frame[name].dtype) for name in events.frame.columns}
        return cls(
            schema,
            dtypes,
            record,
            fixed,
            _fit_balances(events),
            _fit_clock(events, record, fixed),
            Habits.fit(events, record.columns, record.encode(events)),
            key_digits(events.frame[schema.entity]),
        )

    @cached_property
    def layout(self) -> Layout:
        """What the columns of an encoded panel are."""
        label = () if self.schema.label is None else (Field("label", 2),)
        own = label if self.schema.label_level == "event" else ()
        gap = Field("gap", self.clock.gaps.levels, spread=True)
        hour = Field("hour", 24, spread=True, requires=("gap", self.clock.gaps.first))
        time = (gap, hour)[: len(self.clock.time_columns)]
        fixed = (*self._context_fields(), *self.habits.fields)
        fields = (*own, *self.record.before.fields, *time, *self.record.after.fields)
        names = [item.name for item in (*label, *fixed)]
        account = find_account(
            self.schema, self.record, fields, self.balances, self.habits, names.index
        )
        held: tuple[Tracker, ...] = () if account is None else (account,)
        if account is not None and account.amount.repeats is not None:
            held = (account, StandingAmounts(account))
        near = tuple(Persistence(fields, c) for c in self.record.persistent)
        kept = tuple(Repertoire.all_of(self.record, fields))
        numbers = tuple(Nearby.all_of(self.record, fields))
        trackers = (*held, *near, *kept, *numbers)
        return Layout(fields, (*label, *fixed), self.clock, trackers, self.record.kind)

    def encode(self, events: Events) -> SequencePanel:
        """Return the panel of ``events``, which have the fitted schema."""
        encoded, record = self.record.encode(events), self.record
        own = [events.event_label()] if self.schema.label_level == "event" else []
        time = self.clock.gaps.encode(events.seconds(), events.offsets)
        parts = [*own, *record.before.stack(encoded), time, *record.after.stack(encoded)]
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
            "record": self.record.state(),
            "context": self.context.state(),
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
            Record.from_state(state["record"]),
            Record.from_state(state["context"]),
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
        return (*self.context.fields, *balances, *self.clock.context_fields)

    def _encode_context(self, events: Events, encoded: Mapping[str, Floats]) -> Floats:
        heads = _heads(events)
        parts: list[Floats] = []
        if self.schema.label is not None:
            parts.append(events.entity_label().astype(np.float64))
        parts.extend(self.context.stack(self.context.encode(heads)))
        found = openings(events) if self.balances else {}
        parts.extend(codec.encode(found[name]) for name, codec in self.balances.items())
        parts.append(self.clock.encode_context(events))
        parts.append(self.habits.encode(events, self.record.columns, encoded))
        return np.column_stack(parts)

    def _context_column(self, panel: SequencePanel, name: str) -> Floats:
        column = self.layout.context_column(name)
        assert column is not None, name
        return np.asarray(panel.context[:, column])

    def _decode_columns(self, panel: SequencePanel, first: int) -> dict[str, pl.Series]:
        layout, alone = self.layout, np.arange(panel.n_sequences)
        owners = np.repeat(alone, panel.lengths)
        varying = self.record.decode(panel.values, layout.fields, owners, first)
        fixed = self.context.decode(panel.context, layout.context_fields, alone, first)
        rows = pl.Series(owners)
        return {**varying, **{name: column.gather(rows) for name, column in fixed.items()}}

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
            dtype = self.dtypes[channel.name]
            result[channel.name] = row_keys(start, len(panel.values), dtype)
        return result

    def _keys(self, panel: SequencePanel, first: int) -> pl.Series:
        number = first + np.repeat(np.arange(panel.n_sequences), panel.lengths)
        return entity_keys(number, self.key_digits)

    def _times(self, panel: SequencePanel) -> pl.Series:
        return seconds_column(self.clock.times(panel), dtype_of(self.dtypes[self.schema.time]))

    def _labels(self, panel: SequencePanel) -> pl.Series:
        labelled = np.repeat(panel.context[:, 0] >= 1, panel.lengths)
        if self.schema.label_level == "event":
            # An entity drawn without a label has no labelled event.
            labelled &= panel.values[:, 0] >= 1
        return pl.Series(labelled.astype(np.int8))


def _fit_balances(events: Events) -> dict[str, Quantiles]:
    owners = np.arange(events.n_entities)
    return {
        name: Quantiles.fit(found, owners, decimals=events.schema.channel(name).decimals)
        for name, found in openings(events).items()
    }


def _fit_clock(events: Events, record: Record, fixed: Record) -> CalendarClock:
    schema = events.schema
    n_balances = sum(parse_formula(c).is_running for c in schema.with_role("derived"))
    return CalendarClock.fit(
        events,
        time_column=len(record.before.fields) + (schema.label_level == "event"),
        context_column=len(fixed.fields) + n_balances + (schema.label is not None),
    )


def _heads(events: Events) -> Events:
    """Return the first event of each entity as a table of its own."""
    rows = events.frame[pl.Series(events.offsets[:-1])]
    return Events(events.schema, rows, np.arange(events.n_entities + 1))
