"""The tensor contract between data and generators.

Ragged: memory grows with events, not with the longest entity. A generator
sees nothing but this; it does not know what a merchant or an asset is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """One column of an encoded panel.

    Attributes
    ----------
    name : str
        Unique within events or within the context.
    levels : int
        Number of levels; 0 means a continuous value, standardised.
    spread : bool
        The part of a value after the decimal point is its place inside the
        level, in [0, 1): uniform given the level, by construction, so that a
        generator draws the level and adds a uniform number.
    requires : tuple of (str, int) or None
        The field applies only where an earlier field's level is at least
        this; elsewhere its value is 0 and carries no information.
    rests : bool
        A continuous value that is exactly 0 with a probability of its own: a
        gauge that does not move.
    """

    name: str
    levels: int
    spread: bool = False
    requires: tuple[str, int] | None = None
    rests: bool = False


class Tracker(Protocol):
    """Tells what a sequence has come to from the values drawn so far.

    A running balance, the level of a series, the date. A state has shape
    (n, state_size); features have shape (n, n_features) and say what is known
    *before* the next event is drawn.
    """

    @property
    def n_features(self) -> int:
        """Number of features."""

    def start(self, context: Floats) -> Floats:
        """Return the state before the first event, from context values."""

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state after events with ``values`` (n, n_fields)."""

    def features(self, state: Floats) -> Floats:
        """Return what the state says, each number in about [-1, 1]."""

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return the features before each event of a panel, shape (n_events, n_features).

        Equal to stepping through each sequence with :meth:`start`,
        :meth:`features` and :meth:`advance`.
        """


@runtime_checkable
class Steering(Tracker, Protocol):
    """A tracker that also weighs the levels of one field: what would each one lead to."""

    @property
    def steers(self) -> str:
        """Name of the field."""

    @property
    def n_signals(self) -> int:
        """Signals for each level."""

    @property
    def prior(self) -> tuple[float, ...]:
        """Weight of each signal that training starts from."""

    def known(self, state: Floats) -> Floats:
        """Return the part of a state that signals need, shape (n, n_known)."""

    def known_of(self, panel: SequencePanel) -> Floats:
        """Return the same before each event of a panel, shape (n_events, n_known)."""

    def signals(self, known: Floats, values: Floats) -> NDArray[np.floating]:
        """Return what each level would lead to, shape (n, n_signals, n_levels).

        ``values`` (n, n_fields) are right for the fields drawn before.
        """


class Clock(Tracker, Protocol):
    """Tells the calendar of a sequence: a tracker that also guides the gaps.

    Its features say time of day, weekday, day of month and how much of the
    window has passed.
    """

    @property
    def time_columns(self) -> tuple[int, ...]:
        """Columns of ``values`` that move the clock; the first is the gap."""

    def pace(self, state: Floats) -> Floats:
        """Return log of the days left for each event left, shape (n,)."""

    def gap_sizes(self) -> Floats:
        """Return log of the days that each gap level takes, on the scale of the pace."""

    def bounds(self, state: Floats) -> NDArray[np.int64]:
        """Return lowest and highest possible level of the next gap, shape (n, 2)."""

    def gap_days(self) -> NDArray[np.int64]:
        """Return the days ahead of each gap level; -1 where it is no single day."""

    def gap_hours(self) -> Floats:
        """Return the hours that each short gap level takes; NaN where hours are drawn apart."""

    def now(self, state: Floats) -> Floats:
        """Return the moment of the event before, in days since 1970, shape (n,)."""

    def day(self, state: Floats) -> NDArray[np.int64]:
        """Return the day of the event before, since 1970, shape (n,)."""

    def guide_of(self, panel: SequencePanel) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Return bounds (n_events, 2), pace and moment (n_events,) before each event."""

    def lengths(self, context: Floats) -> NDArray[np.int64]:
        """Return how many events each sequence has, shape (n,), from context values."""

    @property
    def longest(self) -> int:
        """Largest number of events that a length can mean."""

    @property
    def last_day(self) -> int:
        """Last day that is observed, since 1970."""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Context fields that the events decide: their number, the last day."""

    def opened(self) -> Clock:
        """Return the same calendar without knowledge of the outcomes."""

    def concluded(self, context: Floats, lengths: NDArray[np.int64], state: Floats) -> Floats:
        """Return ``context`` with the outcomes of sequences that ended in ``state``."""


@dataclass(frozen=True, eq=False)
class Layout:
    """What the columns of a panel are; shared by a panel, its encoder and its generator.

    Attributes
    ----------
    fields : tuple of Field
        Columns of ``values``, in the order in which a step is drawn.
    context_fields : tuple of Field
        Columns of ``context``, in the order in which they are drawn. The first
        is ``label`` (2 levels) when the data have a label. ``length`` is among
        them, and ``clock.lengths`` turns it into a number of events, unless all
        sequences are windows of one long path.
    clock : Clock or None
        None where steps are equally spaced and no calendar matters.
    trackers : tuple of Tracker
        What else is fed back to the generator: balances, levels.
    kind : str or None
        Field that says what kind of event this is: kinds have rhythms of their own.
    """

    fields: tuple[Field, ...]
    context_fields: tuple[Field, ...]
    clock: Clock | None = field(default=None, repr=False)
    trackers: tuple[Tracker, ...] = field(default=(), repr=False)
    kind: str | None = None

    @property
    def tracked(self) -> tuple[Tracker, ...]:
        """The clock, if there is one, and all other trackers."""
        return self.trackers if self.clock is None else (self.clock, *self.trackers)

    @property
    def steerings(self) -> tuple[Steering, ...]:
        """The trackers that weigh levels, one for a field at most."""
        found = {item.steers: item for item in self.trackers if isinstance(item, Steering)}
        return tuple(found.values())

    def context_column(self, name: str) -> int | None:
        """Return the column of the context field ``name``, or None."""
        names = [item.name for item in self.context_fields]
        return names.index(name) if name in names else None


@dataclass(frozen=True, eq=False)
class SequencePanel:
    """Encoded sequences of many entities.

    Attributes
    ----------
    layout : Layout
        What the columns are.
    values : ndarray of shape (n_events, n_fields), float64
        Levels (plus the place inside the level) or standardised numbers.
    context : ndarray of shape (n_sequences, n_context_fields), float64
        The same, once for a sequence.
    offsets : ndarray of shape (n_sequences + 1,), int64
        Sequence ``i`` owns events ``offsets[i]`` to ``offsets[i + 1]``.
    spans : ndarray of shape (n_sequences, 2) or None
        First step and step after the last of one long history that each
        sequence was cut from: sequences whose spans overlap may not be on two
        sides of a comparison. None where sequences have nothing in common.
    """

    layout: Layout
    values: Floats = field(repr=False)
    context: Floats = field(repr=False)
    offsets: NDArray[np.int64] = field(repr=False)
    spans: NDArray[np.int64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the contract once; an AssertionError is a fault of riskgen."""
        n_events, n_sequences = len(self.values), len(self.offsets) - 1
        assert self.values.shape == (n_events, len(self.layout.fields)), "values"
        assert self.context.shape == (n_sequences, len(self.layout.context_fields)), "context"
        assert self.offsets[0] == 0, "offsets"
        assert self.offsets[-1] == n_events, "offsets"
        assert bool(np.all(np.diff(self.offsets) >= 0)), "offsets fall"
        assert self.spans is None or self.spans.shape == (n_sequences, 2), "spans"
        _check_levels(self.layout.fields, self.values)
        _check_levels(self.layout.context_fields, self.context)

    @property
    def n_sequences(self) -> int:
        """Number of sequences."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events per sequence, shape (n_sequences,)."""
        return np.diff(self.offsets)

    def take(self, sequences: NDArray[np.int64]) -> SequencePanel:
        """Return the named sequences in the given order; repeats are allowed."""
        lengths = self.lengths[sequences]
        starts = np.cumsum(lengths) - lengths
        inside = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
        rows = np.repeat(self.offsets[sequences], lengths) + inside
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        spans = None if self.spans is None else self.spans[sequences]
        return SequencePanel(
            self.layout, self.values[rows], self.context[sequences], offsets, spans
        )

    def context_codes(self, name: str) -> NDArray[np.int64]:
        """Return the levels of one context field, shape (n_sequences,)."""
        column = self.layout.context_column(name)
        assert column is not None, name
        return np.floor(self.context[:, column]).astype(np.int64)

    def matching(self, condition: Mapping[str, int]) -> NDArray[np.int64]:
        """Return the sequences whose context has the wanted levels."""
        keep = np.ones(self.n_sequences, dtype=bool)
        for name, level in condition.items():
            keep &= self.context_codes(name) == level
        return np.flatnonzero(keep)


def concatenate_panels(parts: Sequence[SequencePanel]) -> SequencePanel:
    """Return the sequences of all parts, one part after another."""
    lengths = np.concatenate([part.lengths for part in parts])
    return SequencePanel(
        parts[0].layout,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.context for part in parts]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def _check_levels(fields: tuple[Field, ...], values: Floats) -> None:
    assert bool(np.isfinite(values).all()), "a panel holds no NaN and no infinity"
    for column, item in enumerate(fields):
        if item.levels and len(values):
            codes = values[:, column]
            assert codes.min() >= 0, item.name
            assert codes.max() < item.levels, item.name
