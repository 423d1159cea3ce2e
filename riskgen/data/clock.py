"""The calendar of a sequence: what a generator knows of time before each event.

The clock turns drawn levels into times with the same codec as the decoder, so
that what a generator sees while it draws is what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import shared_span
from riskgen.data.codecs.gaps import Gaps
from riskgen.data.codecs.quantiles import Quantiles
from riskgen.data.events import SECONDS_PER_DAY, Events, edges
from riskgen.data.panel import Field, SequencePanel
from riskgen.data.times.dayparts import date_features

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIME, DRAWN, LENGTH, START, FINISH = range(5)
CALENDAR = {"clock": 13, "day": 11, "month": 3, "step": 7}  # features of the date itself
PROGRESS, OPEN = 6, 4  # features of how far a sequence has come, with a known end and without
GUIDED_FROM = 400  # entities; fewer do not teach how length and last day go together [J]
MOMENT = 0.25  # days: pace and gaps shorter than a quarter of a day look alike [J]
LENGTH_BINS, DATE_BINS = 32, 24  # levels of a length, a first and a last day [J]


@dataclass(frozen=True, eq=False)
class CalendarClock:
    """Implements :class:`riskgen.data.panel.Clock` for events with dates.

    The state of a sequence holds the time of its last event in seconds since
    1970 (before the first one: midnight of the first day), events drawn so far,
    its length, that first midnight, and the end of its last day. Without the
    last day a generator cannot pace itself: small errors of the gaps add up and
    sequences run past the end of the data.

    Attributes
    ----------
    gaps : Gaps
        What the gap and hour levels mean.
    starts : Quantiles
        Codec of the first event's day (or month), counted from ``origin``.
    counts : Quantiles
        Codec of the number of events.
    finishes : Quantiles
        Codec of the last event's day (or month), counted from ``origin``.
    origin, end : float
        First and last day that at least 11 entities reach, seconds since 1970.
    time_columns : tuple of int
        Columns of ``gap`` (and ``hour``) in a panel's values.
    context_column : int
        Column of ``start`` in a panel's context; ``length`` and ``finish`` follow.
    guided : bool
        Whether the last day bounds and paces the gaps.
    open_ended : bool
        Whether number of events and last day are unknown: sequences then go on to
        the last observed day, or end before it.
    outcomes : tuple of str
        Context fields that the events decide.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("length", "finish")

    gaps: Gaps = field(repr=False)
    starts: Quantiles = field(repr=False)
    counts: Quantiles = field(repr=False)
    finishes: Quantiles = field(repr=False)
    origin: float
    end: float
    time_columns: tuple[int, ...]
    context_column: int
    guided: bool = True
    open_ended: bool = False

    @classmethod
    def fit(cls, events: Events, time_column: int, context_column: int) -> CalendarClock:
        """Learn the calendar of ``events``; the columns say where its fields will stand."""
        seconds, resolution = events.seconds(), events.schema.resolution
        gaps = Gaps.fit(seconds, events.offsets, resolution)
        opening, closing = shared_span(seconds, events.owner)
        origin = float(gaps.midnight(gaps.ticks(np.array([opening])))[0])
        end = float((np.floor(closing / SECONDS_PER_DAY) + 1) * SECONDS_PER_DAY)
        owners, first = np.arange(events.n_entities), gaps.ticks(np.array([origin]))
        starts, finishes = (
            Quantiles.fit(gaps.ticks(edge) - first, owners, decimals=0, n_bins=DATE_BINS)
            for edge in edges(events)
        )
        lengths = events.lengths.astype(np.float64)
        counts = Quantiles.fit(lengths, owners, decimals=0, n_bins=LENGTH_BINS)
        times = (time_column, time_column + 1)[: 2 if resolution == "clock" else 1]
        guided = events.n_entities >= GUIDED_FROM
        return cls(gaps, starts, counts, finishes, origin, end, times, context_column, guided)

    @property
    def context_fields(self) -> tuple[Field, ...]:
        """First day, number of events and last day of a sequence."""
        codecs = {"start": self.starts, "length": self.counts, "finish": self.finishes}
        return tuple(Field(name, codec.levels, spread=True) for name, codec in codecs.items())

    def encode_context(self, events: Events) -> Floats:
        """Return first day, number of events and last day, shape (n_entities, 3)."""
        origin = self.gaps.ticks(np.array([self.origin]))
        first, last = (self.gaps.ticks(edge) - origin for edge in edges(events))
        lengths = events.lengths.astype(np.float64)
        return np.column_stack(
            [self.starts.encode(first), self.counts.encode(lengths), self.finishes.encode(last)]
        )

    @property
    def n_features(self) -> int:
        """Number of features."""
        return CALENDAR[self.gaps.resolution] + (OPEN if self.open_ended else PROGRESS)

    @property
    def longest(self) -> int:
        """Largest number of events that a length can mean."""
        return int(max(self.counts.highest, 1.0))

    @property
    def last_day(self) -> int:
        """Last day that is observed, since 1970."""
        return round(self.end / SECONDS_PER_DAY) - 1

    def opened(self) -> CalendarClock:
        """Return the same calendar without knowledge of the outcomes."""
        return replace(self, open_ended=True, guided=False)

    def concluded(self, context: Floats, lengths: Ints, state: Floats) -> Floats:
        """Return ``context`` with the outcomes of sequences that ended in ``state``."""
        told = context.copy()
        origin = self.gaps.ticks(np.array([self.origin]))
        told[:, self.context_column + 1] = self.counts.encode(lengths.astype(np.float64))
        last = self.gaps.ticks(state[:, TIME]) - origin
        told[:, self.context_column + 2] = self.finishes.encode(last)
        return told

    def lengths(self, context: Floats) -> Ints:
        """Return the number of events of each sequence, shape (n,), at least 1."""
        counts = self.counts.decode(context[:, self.context_column + 1])
        return np.maximum(counts, 1.0).astype(np.int64)

    def start(self, context: Floats) -> Floats:
        """Return the state (n, 5) before the first event."""
        state = np.zeros((len(context), 5))
        origin = self.gaps.ticks(np.array([self.origin]))
        first = self.starts.decode(context[:, self.context_column])
        last = self.finishes.decode(context[:, self.context_column + 2])
        state[:, TIME] = state[:, START] = self.gaps.midnight(origin + first)
        state[:, LENGTH] = self.lengths(context)
        state[:, FINISH] = self.gaps.midnight(origin + np.maximum(first, last) + 1)
        if self.open_ended:
            state[:, LENGTH], state[:, FINISH] = self.longest, self.end
        return state

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state (n, 5) after events with ``values`` (n, n_fields)."""
        after = state.copy()
        times = values[:, list(self.time_columns)]
        after[:, TIME] = self.gaps.advance(state[:, TIME], times, state[:, DRAWN] == 0)
        after[:, DRAWN] += 1
        return after

    def features(self, state: Floats) -> Floats:
        """Return date and progress, shape (n, n_features), of states (n, 5).

        See :func:`date_features`; then log events left, share of events drawn, share
        of the window, log days since the start, log days to the last day and log of
        the days left for each event left. Open-ended: log events drawn, share of the
        window, log days since the start and to the last observed day.
        """
        date = date_features(state[:, TIME], self.gaps.resolution)
        return np.column_stack([*date, *self._progress(state)])

    def bounds(self, state: Floats) -> Ints:
        """Return the lowest and highest possible gap level of the next event, shape (n, 2).

        No event lies after the sequence's last day, and the last event lies on it.
        """
        ticks = self.gaps.ticks
        to_go = np.maximum(ticks(state[:, FINISH] - 1.0) - ticks(state[:, TIME]), 0.0)
        highest = self.gaps.level_of_ticks(to_go)
        # A short gap may cross one midnight, so up to one day nothing is ruled out below.
        last = (state[:, LENGTH] - state[:, DRAWN] <= 1) & (to_go > 1)
        bounds = np.column_stack([np.where(last, highest, 0), highest])
        if self.open_ended:
            bounds[:, 0] = 0
        elif not self.guided:
            bounds[:] = [0, self.gaps.levels - 1]
        bounds[state[:, DRAWN] == 0] = self.gaps.first
        return bounds

    def pace(self, state: Floats) -> Floats:
        """Return log of the days left for each event left, shape (n,)."""
        left = np.maximum(state[:, LENGTH] - state[:, DRAWN], 1.0)
        to_go = np.maximum(state[:, FINISH] - state[:, TIME], 0.0) / SECONDS_PER_DAY
        return np.asarray(np.log((to_go + MOMENT) / left)) * self.guided

    def gap_sizes(self) -> Floats:
        """Return log of the days that each gap level takes, shape (n_levels,)."""
        return np.asarray(np.log(self.gaps.days() + MOMENT)) * self.guided

    def gap_days(self) -> Ints:
        """Return the days ahead of each gap level; -1 where it is no single day."""
        return self.gaps.days_ahead()

    def gap_hours(self) -> Floats:
        """Return the hours that each short gap level takes; NaN where hours are drawn apart."""
        return self.gaps.short_hours()

    def now(self, state: Floats) -> Floats:
        """Return the moment of the event before, in days since 1970, shape (n,)."""
        return np.asarray(state[:, TIME] / SECONDS_PER_DAY)

    def day(self, state: Floats) -> Ints:
        """Return the day of the event before, since 1970, shape (n,)."""
        return np.floor(self.now(state)).astype(np.int64)

    def guide_of(self, panel: SequencePanel) -> tuple[Ints, Floats, Floats]:
        """Return bounds (n_events, 2), pace and moment (n_events,) before each event."""
        before = self._states(panel)[0]
        return self.bounds(before), self.pace(before), self.now(before)

    def times(self, panel: SequencePanel) -> Floats:
        """Return the time of each event in seconds since 1970, shape (n_events,)."""
        return self._states(panel)[1]

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return the features before each event, shape (n_events, n_features)."""
        return self.features(self._states(panel)[0])

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "gaps": self.gaps.state(),
            "starts": self.starts.state(),
            "counts": self.counts.state(),
            "finishes": self.finishes.state(),
            "origin": self.origin,
            "end": self.end,
            "time_columns": list(self.time_columns),
            "context_column": self.context_column,
            "guided": self.guided,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> CalendarClock:
        """Return the clock that ``state`` was taken from."""
        return cls(
            Gaps.from_state(state["gaps"]),
            Quantiles.from_state(state["starts"]),
            Quantiles.from_state(state["counts"]),
            Quantiles.from_state(state["finishes"]),
            state["origin"],
            state["end"],
            tuple(state["time_columns"]),
            state["context_column"],
            state["guided"],
        )

    def _states(self, panel: SequencePanel) -> tuple[Floats, Floats]:
        """Return the state before each event (n_events, 5) and its time (n_events,).

        One pass over steps, all sequences at once: hours are absolute, so a
        time follows from the one before it only.
        """
        before = np.repeat(self.start(panel.context), panel.lengths, axis=0)
        before[:, DRAWN] = np.arange(len(before)) - np.repeat(panel.offsets[:-1], panel.lengths)
        times = np.zeros(len(before))
        order = np.argsort(-panel.lengths, kind="stable")
        lengths, firsts = panel.lengths[order], panel.offsets[:-1][order]
        values = panel.values[:, list(self.time_columns)]
        for step in range(int(lengths.max(initial=0))):
            rows = firsts[: np.searchsorted(-lengths, -step, side="left")] + step
            if step > 0:
                before[rows, TIME] = times[rows - 1]
            starting = np.full(len(rows), step == 0)
            times[rows] = self.gaps.advance(before[rows, TIME], values[rows], starting)
        return before, times

    def _progress(self, state: Floats) -> list[Floats]:
        window = max(self.end - self.origin, SECONDS_PER_DAY)
        whole = np.log1p(window / SECONDS_PER_DAY)
        since = (state[:, TIME] - self.origin) / window
        days = np.diff(state[:, [START, TIME, FINISH]], axis=1)
        elapsed, to_go = (np.log1p(np.maximum(days, 0.0) / SECONDS_PER_DAY) / whole).T
        most = np.log1p(self.longest)
        if self.open_ended:
            return [np.log1p(state[:, DRAWN]) / most, since, elapsed, to_go]
        left = np.maximum(state[:, LENGTH] - state[:, DRAWN], 0.0)
        # A length beyond the clipped range was drawn short of the events there are.
        drawn = np.minimum(state[:, DRAWN] / np.maximum(state[:, LENGTH], 1.0), 1.0)
        pace = self.pace(state) / whole
        return [np.log1p(left) / most, drawn, since, elapsed, to_go * self.guided, pace]
