"""What a customer's whole history looks like, as one row of numbers.

Used to tell real from simulated customers and to predict labels of entities.
Knows raw events and their trailing features; never looks at the label.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.evaluate.features.per_event import (
    NIGHT_ENDS,
    Levels,
    category_channels,
    common_levels,
    event_features,
    hour_of_day,
    level_codes,
    main_amount,
    number_channels,
    signed_log,
    weekday,
)
from riskgen.evaluate.features.trailing import Timeline

Floats = NDArray[np.float64]
Column = tuple[str, Floats]

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def entity_features(
    events: Events, levels: Levels | None = None
) -> tuple[NDArray[np.float32], list[str]]:
    """Return one row of aggregates for each entity.

    Parameters
    ----------
    events : Events
        Whole histories.
    levels : mapping of column to levels, or None
        From :func:`~riskgen.evaluate.features.per_event.common_levels`. Pass the levels
        of one reference when features of several tables are to be compared;
        without it the table's own are used.

    Returns
    -------
    tuple of (ndarray of shape (n_entities, k), float32; list of k names)
        Missing (too short a history) is NaN. Amounts as sign · log(1 + |x|) of
        the table's unit, gaps in log seconds, days since 1970, shares as fractions.
    """
    known = common_levels(events) if levels is None else levels
    group = Group(events.offsets)
    line = Timeline(events.offsets, events.seconds())
    columns = [
        *_lengths(events, group, line),
        *_numbers(events, group, line),
        *_categories(events, group, line, known),
        *_dynamics(events, group),
    ]
    names = [name for name, _ in columns]
    matrix = np.empty((events.n_entities, len(columns)), dtype=np.float32)
    for place, (_, values) in enumerate(columns):
        matrix[:, place] = values
    return matrix, names


class Group:
    """Aggregates over the rows of each entity; NaN values are left out.

    Parameters
    ----------
    offsets : ndarray of shape (n_entities + 1,), int64
        Entity ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``, at least one.
    """

    def __init__(self, offsets: NDArray[np.int64]) -> None:
        self.offsets = offsets
        self.lengths = np.diff(offsets)
        self.owner = np.repeat(np.arange(len(self.lengths)), self.lengths)

    def sum(self, values: Floats) -> Floats:
        """Return the sum for each entity, shape (n_entities,)."""
        known = np.nan_to_num(values)
        return np.bincount(self.owner, known, len(self.lengths)).astype(np.float64)

    def count(self, values: Floats) -> Floats:
        """Return how many values are not missing, shape (n_entities,)."""
        return self.sum((~np.isnan(values)).astype(np.float64))

    def mean(self, values: Floats) -> Floats:
        """Return the mean for each entity; NaN where nothing is known."""
        count = self.count(values)
        return np.where(count > 0, self.sum(values) / np.maximum(count, 1), np.nan)

    def std(self, values: Floats) -> Floats:
        """Return the standard deviation for each entity; NaN below two values."""
        centred = values - self.mean(values)[self.owner]
        count = self.count(values)
        return np.where(count > 1, np.sqrt(self.sum(centred**2) / np.maximum(count, 1)), np.nan)

    def correlation(self, x: Floats, y: Floats) -> Floats:
        """Return the correlation of two columns within each entity; 0 if one is constant."""
        usable = ~(np.isnan(x) | np.isnan(y))
        x, y = np.where(usable, x, np.nan), np.where(usable, y, np.nan)
        dx, dy = x - self.mean(x)[self.owner], y - self.mean(y)[self.owner]
        scale = np.sqrt(self.sum(dx**2) * self.sum(dy**2))
        enough = self.count(x) > 2
        value = np.where(scale > 1e-12, self.sum(dx * dy) / np.maximum(scale, 1e-12), 0.0)
        return np.where(enough, value, np.nan)

    def quantiles(self, values: Floats, levels: tuple[float, ...]) -> list[Floats]:
        """Return nearest-rank quantiles for each entity; missing sorts last."""
        order = np.lexsort((values, self.owner))
        count = self.count(values).astype(np.int64)
        ordered = values[order]
        found = []
        for level in levels:
            place = np.floor(level * np.maximum(count - 1, 0) + 0.5).astype(np.int64)
            found.append(np.where(count > 0, ordered[self.offsets[:-1] + place], np.nan))
        return found

    def smallest(self, values: Floats) -> Floats:
        """Return the smallest value of each entity; NaN where nothing is known."""
        return np.asarray(np.fmin.reduceat(values, self.offsets[:-1]))

    def largest(self, values: Floats) -> Floats:
        """Return the largest value of each entity; NaN where nothing is known."""
        return np.asarray(np.fmax.reduceat(values, self.offsets[:-1]))

    def first(self, values: Floats) -> Floats:
        """Return the first value of each entity."""
        return values[self.offsets[:-1]]

    def last(self, values: Floats) -> Floats:
        """Return the last value of each entity."""
        return values[self.offsets[1:] - 1]


def _lengths(events: Events, group: Group, line: Timeline) -> Iterator[Column]:
    gap = line.seconds - line.previous(line.seconds)
    log_gap = np.log1p(np.maximum(gap, 0.0))
    days = np.floor(line.seconds / SECONDS_PER_DAY)
    fresh_day = (days != line.previous(days, first=-1.0)).astype(np.float64)
    yield "n_events", group.lengths.astype(np.float64)
    yield "first_day", group.first(line.seconds) / SECONDS_PER_DAY
    yield "last_day", group.last(line.seconds) / SECONDS_PER_DAY
    yield "span_days", (group.last(line.seconds) - group.first(line.seconds)) / SECONDS_PER_DAY
    yield "active_days", group.sum(fresh_day)
    yield "gap.burstiness", burstiness(group.mean(gap), group.std(gap))
    yield "gap.memory", group.correlation(log_gap, line.previous(log_gap))
    yield from _spread("log_gap", log_gap, group)
    yield from _calendar(events, group, line)


def _calendar(events: Events, group: Group, line: Timeline) -> Iterator[Column]:
    if events.schema.resolution == "clock":
        hour = hour_of_day(line.seconds)
        yield "night_share", group.mean((hour < NIGHT_ENDS).astype(np.float64))
        for start in (6, 10, 14, 18):  # parts of the day [J]
            inside = (hour >= start) & (hour < start + 4)
            yield f"hour_{start}_share", group.mean(inside.astype(np.float64))
    if events.schema.resolution in ("clock", "day"):
        day = weekday(line.seconds)
        yield "weekend_share", group.mean((day >= 5).astype(np.float64))
        yield "weekday_mean", group.mean(day)
        of_month = day_of_month(line.seconds)
        yield "early_month_share", group.mean((of_month <= 5).astype(np.float64))
        yield "late_month_share", group.mean((of_month >= 26).astype(np.float64))


def _numbers(events: Events, group: Group, line: Timeline) -> Iterator[Column]:
    main = main_amount(events.schema)
    for channel in (*((main,) if main else ()), *number_channels(events.schema)):
        raw = events.numbers(channel.name)
        values, name = signed_log(raw), channel.name
        if channel.role == "context":
            yield name, group.first(values)
            continue
        yield from _spread(name, values, group)
        yield f"{name}.sum", signed_log(group.sum(raw))
        yield f"{name}.first", group.first(values)
        yield f"{name}.last", group.last(values)
        yield f"{name}.trend", group.correlation(values, line.position.astype(np.float64))
        yield f"{name}.memory", group.correlation(values, line.previous(values))
        yield f"{name}.round_share", group.mean((np.mod(raw, 1.0) == 0.0).astype(np.float64))
        yield f"{name}.tens_share", group.mean((np.mod(raw, 10.0) == 0.0).astype(np.float64))
        yield f"{name}.zero_share", group.mean((raw == 0.0).astype(np.float64))
        yield f"{name}.negative_share", group.mean((raw < 0.0).astype(np.float64))
        yield f"{name}.missing_share", group.mean(np.isnan(raw).astype(np.float64))


def _spread(name: str, values: Floats, group: Group) -> Iterator[Column]:
    yield f"{name}.mean", group.mean(values)
    yield f"{name}.std", group.std(values)
    yield f"{name}.min", group.smallest(values)
    yield f"{name}.max", group.largest(values)
    for level, quantile in zip(QUANTILES, group.quantiles(values, QUANTILES), strict=True):
        yield f"{name}.q{round(level * 100)}", quantile


def _categories(events: Events, group: Group, line: Timeline, known: Levels) -> Iterator[Column]:
    for channel in category_channels(events.schema):
        name, kept = channel.name, known.get(channel.name, [])
        place = level_codes(events, name, kept)
        for code, level in enumerate(kept):
            yield f"{name}={level}", group.mean((place == code).astype(np.float64))
        yield f"{name}.other_share", group.mean((place == len(kept)).astype(np.float64))
        yield f"{name}.missing_share", group.mean((place < 0).astype(np.float64))
        if channel.role != "context":
            yield from _variety(events, group, line, name)


def _variety(events: Events, group: Group, line: Timeline, name: str) -> Iterator[Column]:
    codes, _ = events.codes(name)
    before = line.times_before(codes)
    again = (codes == line.previous(codes.astype(np.float64), first=-2.0)).astype(np.float64)
    favourite = group.largest(before + 1.0)
    # Twice the sum of earlier occurrences plus n is the sum of squared counts.
    squares = 2.0 * group.sum(before) + group.lengths
    yield f"{name}.distinct", group.sum((before == 0).astype(np.float64))
    yield f"{name}.favourite_share", favourite / group.lengths
    yield f"{name}.concentration", squares / group.lengths**2
    yield f"{name}.repeat_share", group.sum(again) / np.maximum(group.lengths - 1, 1)


def _dynamics(events: Events, group: Group) -> Iterator[Column]:
    """Mean and largest trailing feature: how the events of an entity hang together."""
    matrix, names = event_features(events)
    for place, name in enumerate(names):
        values = matrix[:, place].astype(np.float64)
        yield f"mean({name})", group.mean(values)
        yield f"max({name})", group.largest(values)


def burstiness(mean: Floats, std: Floats) -> Floats:
    """Return (σ − μ) / (σ + μ) of gaps: −1 regular, 0 Poisson, 1 bursty (Goh & Barabási 2008)."""
    total = std + mean
    return np.asarray(np.where(total > 0, (std - mean) / np.where(total > 0, total, 1.0), np.nan))


def day_of_month(seconds: Floats) -> Floats:
    """Return the day of the month, 1 to 31, of times in seconds since 1970."""
    days = np.floor(seconds / SECONDS_PER_DAY).astype("datetime64[D]")
    return np.asarray((days - days.astype("datetime64[M]")).astype(np.float64) + 1.0)
