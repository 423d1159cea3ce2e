"""What a sequence can come back to: nobody returns to a third merchant before there were three.

Ranks among earlier values exist only as far as a sequence has come. Told which ones
do not, a generator wastes nothing on them, and a decoder need not turn them into
something new. Implements :class:`riskgen.data.panel.Steering`. Knows codecs, no networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.categories import RecencyColumn
from riskgen.data.codecs.recency import RANKS
from riskgen.data.codecs.record import Record
from riskgen.data.panel import Field, SequencePanel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[Any]
"""Whole numbers up to ``ENOUGH``, a byte each: a sequence has thousands of kinds."""

ENOUGH = RANKS + 1
"""Distinct values from which on every rank is there."""

ABSENT = 20.0
"""Nats by which a rank that nothing stands at is held back when training begins: out of
the question, but not impossible, since a clipped memory may be wrong [J]."""

MOST_KINDS = 4_096
"""Kinds that are counted apart in each sequence; more would make states large [J]."""


@dataclass(frozen=True, eq=False)
class Repertoire:
    """Distinct values so far of one column, among events of each kind.

    Attributes
    ----------
    record : Record
        Codecs of the event columns.
    fields : tuple of Field
        Of the panel.
    column : RecencyColumn
        What is come back to.
    """

    record: Record = field(repr=False)
    fields: tuple[Field, ...] = field(repr=False)
    column: RecencyColumn = field(repr=False)

    @classmethod
    def all_of(cls, record: Record, fields: tuple[Field, ...]) -> Iterator[Repertoire]:
        """Yield the repertoires of a record's columns that are not too many kinds to count."""
        for column in record.columns:
            if isinstance(column, RecencyColumn) and column.kind.number <= MOST_KINDS:
                yield cls(record, fields, column)

    @property
    def n_features(self) -> int:
        """Number of features: distinct levels so far are told for every field."""
        return 0

    @property
    def steers(self) -> str:
        """Name of the field whose ranks may not be there yet."""
        return self.column.fields[0].name

    @property
    def n_signals(self) -> int:
        """Signals for each level."""
        return 1

    @property
    def prior(self) -> tuple[float, ...]:
        """Weight that training starts from."""
        return (-ABSENT,)

    def start(self, context: Floats) -> Counts:
        """Return the state (n, n_kinds) before the first event: nothing yet."""
        return np.zeros((len(context), self.column.kind.number), dtype=np.uint8)

    def advance(self, state: Counts, values: Floats) -> Counts:
        """Return the state after events with ``values`` (n, n_fields)."""
        rows, kinds = np.arange(len(state)), self._kinds(values)
        after, held = state.copy(), state[rows, kinds]
        after[rows, kinds] = np.minimum(held + self._is_new(values, held), ENOUGH)
        return after

    def features(self, state: Counts) -> Floats:
        """Return nothing, shape (n, 0)."""
        return np.zeros((len(state), 0))

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return nothing, shape (n_events, 0)."""
        return np.zeros((len(panel.values), 0))

    def known(self, state: Counts) -> Counts:
        """Return the whole state: the kind of the next event is not known yet."""
        return state

    def known_of(self, panel: SequencePanel) -> Floats:
        """Return distinct values so far among events of each event's own kind, (n_events, 1)."""
        owner = np.repeat(np.arange(panel.n_sequences), panel.lengths)
        group = owner * self.column.kind.number + self._kinds(panel.values)
        order = np.argsort(group, kind="stable")
        # In real sequences a rank is always there: only what is new counts.
        new = self._is_new(panel.values, np.ones(len(group)))[order]
        before: Ints = np.cumsum(new) - new
        first = np.searchsorted(group[order], group[order])
        result = np.zeros((len(group), 1))
        result[order, 0] = before - before[first]
        return result

    def signals(self, known: Counts, values: Floats) -> Floats:
        """Return 1 for each rank that nothing stands at, shape (n, 1, n_levels)."""
        rows = np.arange(len(values))
        held = known[:, 0] if known.shape[1] == 1 else known[rows, self._kinds(values)]
        rank = np.arange(self.column.recency.levels) - self.column.recency.first_rank
        return (rank[None, None, :] >= held[:, None, None]).astype(np.float64) * (rank >= 0)

    def _kinds(self, values: Floats) -> Ints:
        names = [item.name for item in self.fields]
        apart = self.record.told_apart(values, names)
        return self.column.kind.codes(self.record.categories(apart, names), len(values))

    def _is_new(self, values: Floats, held: Counts) -> NDArray[np.bool_]:
        """Return where an event brings a value that its sequence did not have."""
        first = self.column.recency.first_rank
        level = np.floor(values[:, [item.name for item in self.fields].index(self.steers)])
        fresh = (level == first - 1) | (level == first - 2)
        return np.asarray(fresh | ((level >= first) & (held == 0)))
