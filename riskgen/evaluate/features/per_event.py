"""What a detector sees of each event: the event itself and the customer's past.

Trailing and causal (PROTOCOL B5, L6): the features of an event do not change
when later events are cut off. Knows raw events; label, row numbers, keys and
dropped columns are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.schema import Channel, Schema
from riskgen.evaluate.features.habits import flows, night_to_usual
from riskgen.evaluate.features.trailing import Timeline

Levels = Mapping[str, list[str]]
Column = tuple[str, NDArray[np.float64]]

HELD_BY = 11  # smallest number of entities that a level may stand for [C: cell-size rule]
MOST_LEVELS = 12  # levels a column is described by, the most widely held first [J]
NIGHT_ENDS = 6.0  # hour; 0:00-6:00 counts as night (Fraud Detection Handbook, ch. 3)

_HOUR, _DAY = 3_600.0, SECONDS_PER_DAY
WINDOWS: dict[str, dict[str, float]] = {
    "clock": {"1h": _HOUR, "24h": _DAY, "7d": 7 * _DAY},
    "day": {"1d": _DAY, "7d": 7 * _DAY, "30d": 30 * _DAY},
    "month": {"1m": 27 * _DAY, "3m": 88 * _DAY, "6m": 180 * _DAY},
    "step": {"1": _DAY, "7": 7 * _DAY, "30": 30 * _DAY},
}
"""Look-back windows in seconds for each resolution of time (a step counts as a day)."""


def common_levels(
    events: Events, *, most: int = MOST_LEVELS, held_by: int = HELD_BY
) -> dict[str, list[str]]:
    """Return the levels of each category that enough entities hold, widest held first.

    Parameters
    ----------
    events : Events
        The events that a detector is trained on.
    most : int
        Levels kept for a column.
    held_by : int
        Entities that must hold a level for it to be kept.
    """
    kept = {}
    for channel in category_channels(events.schema):
        codes, levels = events.codes(channel.name)
        pairs = np.unique(events.owner[codes >= 0] * (len(levels) + 1) + codes[codes >= 0])
        holders = np.bincount(pairs % (len(levels) + 1), minlength=len(levels))
        widest = np.lexsort((np.arange(len(levels)), -holders))[:most]
        kept[channel.name] = [levels[i] for i in widest if holders[i] >= held_by]
    return kept


def event_features(
    events: Events, levels: Levels | None = None
) -> tuple[NDArray[np.float32], list[str]]:
    """Return one row of trailing features for each event.

    Parameters
    ----------
    events : Events
        Whole histories; rows of an entity lie together in time order.
    levels : mapping of column to levels, or None
        From :func:`common_levels` of the training events; adds the level of each
        category. Without it the features need no reference at all.

    Returns
    -------
    tuple of (ndarray of shape (n_events, k), float32; list of k names)
        Missing is NaN. Amounts in the table's unit or natural logs, gaps in log
        seconds, shares as fractions.
    """
    line = Timeline(events.offsets, events.seconds())
    columns = [
        *_when(line, events.schema),
        *_amounts(events, line),
        *(part for c in number_channels(events.schema) for part in _number(events, line, c)),
        *(part for c in category_channels(events.schema) for part in _category(events, line, c)),
        *flows(events, line, WINDOWS[events.schema.resolution]),
        *_levels(events, levels or {}),
    ]
    names = [name for name, _ in columns]
    matrix = np.empty((events.n_events, len(columns)), dtype=np.float32)
    for place, (_, values) in enumerate(columns):
        matrix[:, place] = values
    return matrix, names


def main_amount(schema: Schema) -> Channel | None:
    """Return the column that says how much was moved, if there is one."""
    named = schema.meaning("amount") or schema.meaning("signed_amount")
    if named is not None:
        return named
    amounts = (c for c in schema.with_role("channel") if c.kind == "amount")
    return next((c for c in amounts if c.meaning != "balance"), None)


def category_channels(schema: Schema) -> tuple[Channel, ...]:
    """Return the columns that hold categories or flags."""
    seen = schema.with_role("channel", "context", "derived")
    return tuple(c for c in seen if c.kind in ("category", "flag", "identifier"))


def number_channels(schema: Schema) -> tuple[Channel, ...]:
    """Return the numeric columns other than the main amount."""
    main = main_amount(schema)
    seen = schema.with_role("channel", "context", "derived")
    numeric = (c for c in seen if c.kind in ("amount", "number"))
    return tuple(c for c in numeric if main is None or c.name != main.name)


def hour_of_day(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the hour, 0 to 24, of times in seconds since 1970."""
    return np.asarray(np.mod(seconds, SECONDS_PER_DAY) / _HOUR)


def weekday(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the day of the week, 0 for Monday (1 January 1970 was a Thursday)."""
    return np.asarray(np.mod(np.floor(seconds / SECONDS_PER_DAY) + 3, 7))


def signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sign(x) · log(1 + |x|), which keeps order and tames tails."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _when(line: Timeline, schema: Schema) -> Iterator[Column]:
    gap = line.seconds - line.previous(line.seconds)
    log_gap = np.log1p(np.maximum(gap, 0.0))
    known = np.where(np.isnan(log_gap), 0.0, log_gap)
    usual = line.previous(line.running_sum(known)) / np.maximum(line.position - 1, 1)
    yield "events_before", line.position.astype(np.float64)
    yield "tenure_days", (line.seconds - line.seconds[line.start]) / SECONDS_PER_DAY
    yield "log_gap", log_gap
    yield "log_gap_to_usual", log_gap - usual
    for name, width in WINDOWS[schema.resolution].items():
        first = line.window_first(width)
        yield f"count_{name}", (np.arange(line.n_events) - first + 1).astype(np.float64)
    if schema.resolution == "clock":
        hour = hour_of_day(line.seconds)
        yield "hour", hour
        night = (hour < NIGHT_ENDS).astype(np.float64)
        yield "night", night
        yield night_to_usual(line, night)
    if schema.resolution in ("clock", "day"):
        yield "weekday", weekday(line.seconds)


def _amounts(events: Events, line: Timeline) -> Iterator[Column]:
    channel = main_amount(events.schema)
    if channel is None:
        return
    signed = events.numbers(channel.name)
    size = np.abs(np.nan_to_num(signed))
    log_size = np.log1p(size)
    before = np.maximum(line.position, 1)
    usual = line.previous(line.running_sum(log_size)) / before
    squares = line.previous(line.running_sum(log_size**2)) / before
    spread = np.sqrt(np.maximum(squares - usual**2, 0.0))
    yield "amount", size
    yield "log_amount", log_size
    yield "log_amount_to_mean", log_size - usual
    yield "log_amount_z", (log_size - usual) / (spread + 0.1)
    yield "log_amount_to_median", log_size - line.recent_median(log_size)
    yield "log_amount_to_max", log_size - line.previous(line.running_max(log_size))
    yield "log_amount_to_last", log_size - line.previous(log_size)
    yield "round_amount", (np.mod(size, 10.0) == 0.0).astype(np.float64)
    yield "is_debit", (signed < 0).astype(np.float64)
    daily = line.previous(line.running_sum(size)) / before
    for name, width in WINDOWS[events.schema.resolution].items():
        total = line.sum_since(size, line.window_first(width))
        yield f"log_sum_{name}", np.log1p(np.maximum(total, 0.0))
        yield f"sum_{name}_to_mean", total / (daily + 1.0)
    yield from _balance(events, line, size)


def _balance(events: Events, line: Timeline, size: NDArray[np.float64]) -> Iterator[Column]:
    channel = events.schema.meaning("balance")
    if channel is None:
        return
    held = line.previous(events.numbers(channel.name))
    yield "share_of_balance", size / (np.abs(held) + size + 1.0)


def _number(events: Events, line: Timeline, channel: Channel) -> Iterator[Column]:
    values = signed_log(events.numbers(channel.name))
    yield f"{channel.name}.value", values
    if channel.role != "context":
        known = np.nan_to_num(values)
        usual = line.previous(line.running_sum(known)) / np.maximum(line.position, 1)
        yield f"{channel.name}.change", values - line.previous(values)
        yield f"{channel.name}.to_mean", values - usual


def _category(events: Events, line: Timeline, channel: Channel) -> Iterator[Column]:
    if channel.role == "context":
        return
    codes, _ = events.codes(channel.name)
    seen = line.times_before(codes)
    fresh = (seen == 0).astype(np.float64)
    last = line.last_same(codes)
    age = np.where(last >= 0, line.seconds - line.seconds[np.maximum(last, 0)], np.nan)
    yield f"{channel.name}.new", fresh
    yield f"{channel.name}.share_before", seen / np.maximum(line.position, 1)
    yield f"{channel.name}.distinct", line.running_sum(fresh)
    yield f"{channel.name}.log_age", np.log1p(np.maximum(age, 0.0))
    repeated = (last >= 0) & (last == np.arange(line.n_events) - 1)
    yield f"{channel.name}.repeated", repeated.astype(np.float64)
    second = list(WINDOWS[events.schema.resolution].items())[1]
    yield f"{channel.name}.new_{second[0]}", line.sum_since(fresh, line.window_first(second[1]))


def _levels(events: Events, levels: Levels) -> Iterator[Column]:
    for name, kept in levels.items():
        yield f"{name}.level", level_codes(events, name, kept).astype(np.float64)


def level_codes(events: Events, name: str, kept: list[str]) -> NDArray[np.int64]:
    """Return each event's place in ``kept``; len(kept) for others, -1 for missing."""
    codes, found = events.codes(name)
    places = {level: place for place, level in enumerate(kept)}
    table = np.array([places.get(level, len(kept)) for level in found] + [-1], dtype=np.int64)
    return table[codes]
