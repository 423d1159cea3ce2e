"""What a network that reads a customer's events in order is shown of each event.

Nothing is added up here: an event is its levels, its numbers, the calendar and
whether a value is new to this customer. Knows raw events; label and keys are
never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events, ranges
from riskgen.evaluate.features.per_event import (
    Levels,
    category_channels,
    hour_of_day,
    level_codes,
    main_amount,
    number_channels,
    signed_log,
    weekday,
)
from riskgen.evaluate.features.trailing import Timeline

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LAST_DAYS = 5  # days before a month's end that are told apart [J]
GRAINS = (1.0, 10.0, 100.0)  # units that a round amount is a multiple of [J]
WIDEST = 8.0  # standard deviations beyond which a number is cut: no single value may rule [J]


@dataclass(frozen=True, eq=False)
class SequenceFeatures:
    """Events as a network reads them.

    Attributes
    ----------
    codes : ndarray of shape (n_events, n_codes), int64
        Level of each categorical feature, from 0.
    sizes : tuple of int
        Levels of each categorical feature.
    numbers : ndarray of shape (n_events, n_numbers), float32
        Numeric features, not yet standardised; missing is 0 with a flag beside it.
    offsets : ndarray of shape (n_sequences + 1,), int64
        Sequence ``i`` owns events ``offsets[i]`` to ``offsets[i + 1]``.
    """

    codes: Ints = field(repr=False)
    sizes: tuple[int, ...]
    numbers: NDArray[np.float32] = field(repr=False)
    offsets: Ints = field(repr=False)

    @property
    def lengths(self) -> Ints:
        """Events of each sequence, shape (n_sequences,)."""
        return np.diff(self.offsets)

    def last(self, most: int) -> SequenceFeatures:
        """Return the last ``most`` events of each sequence: errors add up towards the end."""
        kept = np.minimum(self.lengths, most)
        rows = np.repeat(self.offsets[1:] - kept, kept) + ranges(kept)
        offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        return SequenceFeatures(self.codes[rows], self.sizes, self.numbers[rows], offsets)

    def rows(self, chosen: Ints) -> Ints:
        """Return the events of the sequences ``chosen``, one sequence after another."""
        lengths = self.lengths[chosen]
        return np.repeat(self.offsets[chosen], lengths) + ranges(lengths)

    def take(self, chosen: Ints) -> SequenceFeatures:
        """Return the sequences ``chosen`` in the given order."""
        rows = self.rows(chosen)
        offsets = np.concatenate([[0], np.cumsum(self.lengths[chosen])]).astype(np.int64)
        return SequenceFeatures(self.codes[rows], self.sizes, self.numbers[rows], offsets)

    def showing(self, numbers: NDArray[np.float32]) -> SequenceFeatures:
        """Return the same events with other numbers in place of these."""
        return SequenceFeatures(self.codes, self.sizes, numbers, self.offsets)


def sequence_features(events: Events, levels: Levels, *, dated: bool = True) -> SequenceFeatures:
    """Return what a network reads of each event.

    Parameters
    ----------
    events : Events
        Whole histories.
    levels : mapping of column to levels
        From :func:`~riskgen.evaluate.features.per_event.common_levels` of a real
        reference; other levels are one level, missing another.
    dated : bool
        Whether the day itself is shown. A detector meets later days than it was
        taught with, and must not go by them.
    """
    line = Timeline(events.offsets, events.seconds())
    coded = [*_calendar(events, line), *_levels(events, levels), *_grains(events)]
    numbers = [*_times(line, dated), *_numbers(events), *_repeats(events, line)]
    return SequenceFeatures(
        np.column_stack([codes for codes, _ in coded]),
        tuple(size for _, size in coded),
        np.column_stack(numbers).astype(np.float32),
        events.offsets,
    )


def together(first: SequenceFeatures, second: SequenceFeatures) -> SequenceFeatures:
    """Return the sequences of both, numbers standardised on both: neither side is told."""
    assert first.sizes == second.sizes, "features of two tables with other levels"
    numbers = np.concatenate([first.numbers, second.numbers]).astype(np.float64)
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return SequenceFeatures(
        np.concatenate([first.codes, second.codes]),
        first.sizes,
        np.clip(scaled, -WIDEST, WIDEST).astype(np.float32),
        np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
    )


def _calendar(events: Events, line: Timeline) -> Iterator[tuple[Ints, int]]:
    # One level in every table, so that a network always has something to look up.
    yield np.minimum(line.position, 1), 2
    if events.schema.resolution not in ("clock", "day"):
        return
    if events.schema.resolution == "clock":
        yield np.floor(hour_of_day(line.seconds)).astype(np.int64), 24
    yield weekday(line.seconds).astype(np.int64), 7
    date = np.floor(line.seconds / SECONDS_PER_DAY).astype(np.int64).astype("M8[D]")
    month = date.astype("M8[M]")
    yield (date - month.astype("M8[D]")).astype(np.int64), 31
    left = ((month + 1).astype("M8[D]") - date).astype(np.int64) - 1
    yield np.minimum(left, LAST_DAYS), LAST_DAYS + 1


def _levels(events: Events, levels: Levels) -> Iterator[tuple[Ints, int]]:
    for name, kept in levels.items():
        yield level_codes(events, name, kept) + 1, len(kept) + 2


def _grains(events: Events) -> Iterator[tuple[Ints, int]]:
    """Yield how round each amount is: a logarithm loses it."""
    for channel in events.schema.with_role("channel", "derived"):
        if channel.kind == "amount":
            values = np.abs(np.nan_to_num(events.numbers(channel.name)))
            grains = [np.isclose(np.mod(values + g / 2, g), g / 2) for g in GRAINS]
            yield np.stack(grains).sum(axis=0), len(GRAINS) + 1


def _times(line: Timeline, dated: bool) -> Iterator[Floats]:
    gap = line.seconds - line.previous(line.seconds)
    yield np.log1p(np.maximum(np.nan_to_num(gap), 0.0))
    yield np.log1p(line.position)
    if dated:
        yield line.seconds / SECONDS_PER_DAY - 20_000.0  # days, small enough for float32


def _numbers(events: Events) -> Iterator[Floats]:
    main = main_amount(events.schema)
    for channel in (*((main,) if main else ()), *number_channels(events.schema)):
        values = signed_log(events.numbers(channel.name))
        yield np.nan_to_num(values)
        yield np.isnan(values).astype(np.float64)


def _repeats(events: Events, line: Timeline) -> Iterator[Floats]:
    """Yield whether a level or the exact amount occurred before in this sequence."""
    varying = [c.name for c in category_channels(events.schema) if c.role != "context"]
    keys = [events.codes(name)[0] for name in varying]
    main = main_amount(events.schema)
    if main is not None:
        amounts = np.nan_to_num(events.numbers(main.name))
        keys.append(np.unique(amounts, return_inverse=True)[1].astype(np.int64))
    for codes in keys:
        last = line.last_same(codes)
        yield (last >= 0).astype(np.float64)
        yield (last == np.arange(line.n_events) - 1).astype(np.float64) * (last >= 0)
