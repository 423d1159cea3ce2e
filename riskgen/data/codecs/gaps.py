"""Time between events as levels, and time of day where the data know it.

Calendar time, not raw seconds: a short gap counts seconds, a long one the
midnights crossed, and an hour says when on that day. A codec; it knows no column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.bins import Bins
from riskgen.data.codecs.disclosure import (
    SMALLEST_GROUP,
    Floats,
    Ints,
    guarded_range,
    round_significant,
)
from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.schema import Resolution

SHORT = 21_600.0  # seconds up to which a gap is counted in seconds: 6 hours
N_SHORT = 24  # cells of short gaps, equally wide on a log scale
N_LONG = 8  # cells of gaps beyond the exact ones [J]
EXACT = {"clock": 32, "day": 63, "step": 63, "month": 13}  # gaps of 0, 1, … ticks
CLIP = 0.999  # longer gaps than this quantile are clipped
HOURS = 24


@dataclass(frozen=True, eq=False)
class Gaps:
    """Levels of the gap since the entity's last event.

    With resolution ``clock``: 0 seconds, cells up to 6 hours, *first*, 0 to 31
    midnights, cells of midnights; then the ``hour`` field tells the time of day
    from *first* on. Otherwise: *first*, exact ticks (days, steps or months),
    cells of ticks. *First* belongs to the first event, whose day is in the
    context (``start``).

    Attributes
    ----------
    resolution : str
        As in the schema.
    long : Bins or None
        Cells of gaps beyond the exact ones; None where 11 entities never had any.
    month_day : int
        Day of the month of every event when the resolution is ``month``.
    """

    resolution: Resolution
    long: Bins | None = field(default=None, repr=False)
    month_day: int = 1

    @classmethod
    def fit(cls, seconds: Floats, offsets: Ints, resolution: Resolution) -> Gaps:
        """Learn the longest gaps from times ``seconds`` (n,) of entities ``offsets``."""
        days = (np.floor(seconds / SECONDS_PER_DAY) * SECONDS_PER_DAY).astype("M8[s]")
        in_month = (days.astype("M8[D]") - days.astype("M8[M]").astype("M8[D]")).astype(np.int64)
        # One day for all months, or the last of each: the largest serves both.
        month_day = int(in_month.max(initial=0)) + 1 if resolution == "month" else 1
        plain = cls(resolution, None, month_day)
        ticks = plain.ticks(seconds)
        gap = np.diff(ticks, prepend=ticks[:1])
        gap[offsets[:-1]] = 0
        owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        return cls(resolution, _long_bins(gap, owners, EXACT[resolution]), month_day)

    @cached_property
    def first(self) -> int:
        """Level of the first event of a sequence."""
        return 1 + _short().levels if self.resolution == "clock" else 0

    @cached_property
    def levels(self) -> int:
        """Number of levels of the gap."""
        return self.first + 1 + EXACT[self.resolution] + (self.long.levels if self.long else 0)

    def ticks(self, seconds: Floats) -> Floats:
        """Return whole days (or months) since 1970 of times in seconds."""
        days = np.floor(seconds / SECONDS_PER_DAY)
        if self.resolution != "month":
            return np.asarray(days)
        return days.astype(np.int64).astype("M8[D]").astype("M8[M]").astype(np.float64)

    def midnight(self, ticks: Floats) -> Floats:
        """Return the seconds since 1970 at which days (or months' days) begin."""
        if self.resolution != "month":
            return ticks * SECONDS_PER_DAY
        month = ticks.astype(np.int64).astype("M8[M]")
        start = month.astype("M8[D]").astype(np.float64)
        end = (month + 1).astype("M8[D]").astype(np.float64)
        return np.minimum(start + self.month_day - 1, end - 1) * SECONDS_PER_DAY

    def encode(self, seconds: Floats, offsets: Ints) -> Floats:
        """Return gap (and hour) levels with places, shape (n, 1 or 2)."""
        heads = offsets[:-1][np.diff(offsets) > 0]
        whole, ticks = np.floor(seconds), self.ticks(seconds)
        level = self._encode_ticks(np.asarray(np.maximum(np.diff(ticks, prepend=0.0), 0.0)))
        if self.resolution == "clock":
            gap = np.maximum(np.diff(whole, prepend=0.0), 0.0)
            short = np.where(gap == 0, 0.5, 1.0 + _short().encode(gap))
            level = np.where(gap < SHORT, short, level)
        level[heads] = self.first + 0.5
        if self.resolution != "clock":
            return level[:, None]
        hour = (np.mod(whole, SECONDS_PER_DAY) + 0.5) / 3600.0
        return np.column_stack([level, np.where(level >= self.first, hour, 0.0)])

    def advance(self, seconds: Floats, values: Floats, starting: NDArray[np.bool_]) -> Floats:
        """Return the times (n,) of events from the times before them.

        Parameters
        ----------
        seconds : ndarray of shape (n,)
            Time of the event before; where ``starting``, the first midnight.
        values : ndarray of shape (n, 1 or 2)
            Gap (and hour) levels with places.
        starting : ndarray of shape (n,), bool
            Whether this is the first event of its sequence.
        """
        gap = values[:, 0]
        ahead = np.where(starting, 0.0, self._decode_ticks(gap))
        moved = self.midnight(self.ticks(seconds) + ahead)
        if self.resolution != "clock":
            return np.where(starting, seconds, np.maximum(moved, seconds))
        times = _on_the_day(moved, values[:, 1], seconds)
        brief = np.flatnonzero(~starting & (gap < self.first))
        short = np.where(gap[brief] < 1.0, 0.0, _short().decode(np.maximum(gap[brief] - 1.0, 0.0)))
        times[brief] = seconds[brief] + short
        return times

    def days(self) -> Floats:
        """Return about how many days each level takes, shape (levels,)."""
        place = np.arange(self.levels, dtype=np.float64) + 0.5
        tick = 30.4 if self.resolution == "month" else 1.0  # days of a month: 365 / 12
        days = self._decode_ticks(place) * tick
        short = _short().decode(np.clip(place - 1.0, 0.0, None)) / SECONDS_PER_DAY
        days = np.where(place < self.first, short, days)
        days[0 if self.resolution == "clock" else self.first] = 0.0
        days[self.first] = 0.0
        return days

    def days_ahead(self) -> Ints:
        """Return the days ahead of each level, shape (levels,); -1 where it is no single day.

        A step is a day, but its weekday is only as good as the table's start;
        months lead to no weekday.
        """
        ahead = np.full(self.levels, -1, dtype=np.int64)
        if self.resolution in ("clock", "day"):
            exact = np.arange(EXACT[self.resolution])
            ahead[self.first + 1 + exact] = exact
            # A short gap may cross a midnight; most do not.
            ahead[: self.first] = 0
        return ahead

    def short_hours(self) -> Floats:
        """Return the hours that each short level takes; NaN where hours are drawn apart."""
        return np.where(np.arange(self.levels) < self.first, self.days() * 24.0, np.nan)

    def level_of_ticks(self, ticks: Floats) -> Ints:
        """Return the level of a gap of whole ``ticks`` that is not a short one."""
        table = self._tick_levels
        return table[np.minimum(ticks, len(table) - 1).astype(np.int64)]

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        long = None if self.long is None else self.long.state()
        return {"resolution": self.resolution, "long": long, "month_day": self.month_day}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Gaps:
        """Return the codec that ``state`` was taken from."""
        long = None if state["long"] is None else Bins.from_state(state["long"])
        return cls(state["resolution"], long, state["month_day"])

    @cached_property
    def _tick_levels(self) -> Ints:
        """Level of each whole number of ticks; the last one is also that of all longer gaps."""
        most = EXACT[self.resolution] - 1.0 if self.long is None else self.long.high
        return np.floor(self._encode_ticks(np.arange(most + 1.0))).astype(np.int64)

    def _encode_ticks(self, ticks: Floats) -> Floats:
        exact = EXACT[self.resolution]
        level = self.first + 1 + np.minimum(ticks, exact - 1) + 0.5
        if self.long is None:
            return np.asarray(level)
        far = self.first + 1 + exact + self.long.encode(ticks)
        return np.where(ticks >= exact, far, level)

    def _decode_ticks(self, level: Floats) -> Floats:
        exact = EXACT[self.resolution]
        ticks = np.floor(level) - (self.first + 1)
        # A sequence has one first event; a later one of that level comes a tick after.
        ticks = np.where(ticks < 0, 1.0, ticks)
        if self.long is None:
            return np.asarray(ticks)
        far = np.flatnonzero(ticks >= exact)
        ticks[far] = self.long.decode(level[far] - (self.first + 1 + exact))
        return ticks


@cache
def _short() -> Bins:
    return Bins.between(np.geomspace(1.0, SHORT, N_SHORT + 1).tolist())


def _on_the_day(midnight: Floats, hour: Floats, earliest: Floats) -> Floats:
    """Return the time of day ``hour`` (level with place), not before ``earliest``."""
    seconds = midnight + np.floor(hour * 3600.0)
    place = hour / HOURS
    # An impossible hour of the same day keeps its share of what is left of the day.
    left = midnight + SECONDS_PER_DAY - 1.0 - earliest
    kept = earliest + np.floor(place * np.maximum(left, 0.0))
    return np.where(seconds < earliest, kept, seconds)


def _long_bins(gap: Floats, owners: Ints, exact: int) -> Bins | None:
    """Return cells from ``exact`` ticks to the clipped longest gap, if 11 entities had one."""
    far = gap >= exact
    if len(np.unique(owners[far])) < SMALLEST_GROUP:
        return None
    _, highest = guarded_range(gap[far], owners[far])
    quantile = np.quantile(gap[gap > 0], CLIP)
    cap = max(min(highest, float(round_significant(np.array([quantile]), 2)[0])), float(exact))
    return Bins.between(np.geomspace(exact, cap + 1.0, N_LONG + 1).tolist())
