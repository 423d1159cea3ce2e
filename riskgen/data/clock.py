"""The calendar of a sequence: what a generator knows of time before each event.

The clock turns drawn levels into times with the same codec as the decoder, so
that what a generator sees while it draws is what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.gaps import Gaps
from riskgen.data.panel import SequencePanel
from riskgen.data.quantiles import Quantiles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIME, DRAWN, LENGTH, START = range(4)
CALENDAR = {"clock": 13, "day": 11, "month": 3, "step": 7}  # features of the date itself
PROGRESS = 4


@dataclass(frozen=True, eq=False)
class CalendarClock:
    """Implements :class:`riskgen.data.panel.Clock` for events with dates.

    The state of a sequence holds the time of its last event in seconds since
    1970 (before the first one: midnight of the first day), events drawn so far,
    its length, and that first midnight.

    Attributes
    ----------
    gaps : Gaps
        What the gap and hour levels mean.
    starts : Quantiles
        Codec of the first event's day (or month), counted from ``origin``.
    counts : Quantiles
        Codec of the number of events.
    origin, end : float
        First and last day of the training window, seconds since 1970.
    time_columns : tuple of int
        Columns of ``gap`` (and ``hour``) in a panel's values.
    start_column, length_column : int
        Columns of ``start`` and ``length`` in a panel's context.
    """

    gaps: Gaps = field(repr=False)
    starts: Quantiles = field(repr=False)
    counts: Quantiles = field(repr=False)
    origin: float
    end: float
    time_columns: tuple[int, ...]
    start_column: int
    length_column: int

    @property
    def n_features(self) -> int:
        """Number of features."""
        return CALENDAR[self.gaps.resolution] + PROGRESS

    @property
    def longest(self) -> int:
        """Largest number of events that a length can mean."""
        highest = [1.0, *self.counts.atoms.tolist()]
        if self.counts.bins is not None:
            highest.append(self.counts.bins.high)
        return int(max(highest))

    def lengths(self, context: Floats) -> Ints:
        """Return the number of events of each sequence, shape (n,), at least 1."""
        counts = self.counts.decode(context[:, self.length_column])
        return np.maximum(counts, 1.0).astype(np.int64)

    def start(self, context: Floats) -> Floats:
        """Return the state (n, 4) before the first event."""
        state = np.zeros((len(context), 4))
        offset = self.starts.decode(context[:, self.start_column])
        first = self.gaps.midnight(self.gaps.ticks(np.array([self.origin])) + offset)
        state[:, TIME] = state[:, START] = first
        state[:, LENGTH] = self.lengths(context)
        return state

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state (n, 4) after events with ``values`` (n, n_fields)."""
        after = state.copy()
        times = values[:, list(self.time_columns)]
        after[:, TIME] = self.gaps.advance(state[:, TIME], times, state[:, DRAWN] == 0)
        after[:, DRAWN] += 1
        return after

    def features(self, state: Floats) -> Floats:
        """Return the date, what is left to draw and how much of the window has passed.

        Parameters
        ----------
        state : ndarray of shape (n, 4)

        Returns
        -------
        ndarray of shape (n, n_features)
            Time of day (sine, cosine; clock only), weekday, day of the month,
            days to its end (or month of the year), then log events left, share
            of events drawn, share of the window and log days since the start.
        """
        return np.column_stack([*self._date(state[:, TIME]), *self._progress(state)])

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
            "origin": self.origin,
            "end": self.end,
            "time_columns": list(self.time_columns),
            "start_column": self.start_column,
            "length_column": self.length_column,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> CalendarClock:
        """Return the clock that ``state`` was taken from."""
        return cls(
            Gaps.from_state(state["gaps"]),
            Quantiles.from_state(state["starts"]),
            Quantiles.from_state(state["counts"]),
            state["origin"],
            state["end"],
            tuple(state["time_columns"]),
            state["start_column"],
            state["length_column"],
        )

    def _states(self, panel: SequencePanel) -> tuple[Floats, Floats]:
        """Return the state before each event (n_events, 4) and its time (n_events,).

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

    def _date(self, seconds: Floats) -> list[Floats]:
        day = np.floor(seconds / SECONDS_PER_DAY).astype(np.int64)
        if self.gaps.resolution == "month":
            month = np.mod(day.astype("M8[D]").astype("M8[M]").astype(np.int64), 12)
            return [*_circle(month / 12.0), (month + 1) / 12.0]
        weekday = np.mod(day + 3, 7)[:, None] == np.arange(7)
        parts: list[Floats] = [weekday.astype(np.float64)]
        if self.gaps.resolution == "step":
            return parts
        parts.extend(_day_of_month(day))
        if self.gaps.resolution == "clock":
            parts.extend(_circle(np.mod(seconds, SECONDS_PER_DAY) / SECONDS_PER_DAY))
        return parts

    def _progress(self, state: Floats) -> list[Floats]:
        left = np.maximum(state[:, LENGTH] - state[:, DRAWN], 0.0)
        window = max(self.end - self.origin, SECONDS_PER_DAY)
        elapsed = np.maximum(state[:, TIME] - state[:, START], 0.0) / SECONDS_PER_DAY
        return [
            np.log1p(left) / np.log1p(self.longest),
            # A length beyond the clipped range was drawn short of the events there are.
            np.minimum(state[:, DRAWN] / np.maximum(state[:, LENGTH], 1.0), 1.0),
            (state[:, TIME] - self.origin) / window,
            np.log1p(elapsed) / np.log1p(window / SECONDS_PER_DAY),
        ]


def _circle(turn: Floats) -> list[Floats]:
    return [np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)]


def _day_of_month(day: Ints) -> list[Floats]:
    """Return sine and cosine of the day of the month, the day, and the days left; / 31."""
    date = day.astype("M8[D]")
    month = date.astype("M8[M]")
    number = (date - month.astype("M8[D]")).astype(np.float64) + 1.0
    size = ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(np.float64)
    return [*_circle((number - 1) / size), number / 31.0, (size - number) / 31.0]
