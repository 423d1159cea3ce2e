"""What a stress moves without being asked to (PROTOCOL A7c).

Distributions of the whole table before and after, beside the distance of two
halves of the base: what nobody targeted must stay within twice that noise. Counts
only, added up part by part.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.schema import Channel
from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints
from riskgen.simulate.mechanisms.stressed import Stressed

LIMIT = 2.0
"""Distance of an untargeted statistic in units of its noise (PROTOCOL A7c)."""

BUCKETS = 4096
"""Levels are counted by a hash, so that fresh names of payees do not fill the memory."""

Counts = Counter[str]
WATCHED = 10_000
"""Sequences that are counted: with ever more the noise of the base would vanish, and any
inserted event would count as damage [J]."""
_BINS_PER_OCTAVE = 2  # of sizes: a shift by half of an amount is seen [J]
_HALVES = 2


@dataclass(eq=False)
class Collateral:
    """Counts of every statistic: the two halves of the base, and the table after.

    Attributes
    ----------
    counts : dict of str to list of Counter
        By statistic: the two halves of the base, and stressed.
    """

    counts: dict[str, list[Counts]] = field(default_factory=dict)

    def add(self, base: Events, stressed: Stressed, keys: Floats) -> None:
        """Take note of one part; random keys of its entities, in [0, 1), choose their half."""
        half = (keys < 0.5).astype(np.int64)
        for part in range(_HALVES):
            self._count(base.take(np.flatnonzero(half == part)), part, 1)
        # The table after is the base but for the touched.
        touched = np.flatnonzero(stressed.touched)
        self._count(base, _HALVES, 1)
        self._count(base.take(touched), _HALVES, -1)
        self._count(stressed.events.take(touched), _HALVES, 1)

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over the :meth:`state` of another part."""
        for name, columns in state.items():
            have = self.counts.setdefault(name, _nothing())
            for counter, more in zip(have, columns, strict=True):
                counter.update(more)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`merge` takes, as JSON values."""
        return {name: [dict(c) for c in columns] for name, columns in self.counts.items()}

    def facts(self, targets: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return distance, noise and ratio of every statistic, worst first, as JSON values.

        Parameters
        ----------
        targets : tuple of str
            Statistics that the scenario means to move.
        """
        rows = [_row(name, columns, name in targets) for name, columns in self.counts.items()]
        return sorted(rows, key=lambda row: -row["ratio"])

    def worst(self, targets: tuple[str, ...]) -> float | None:
        """Return the largest ratio of an untargeted statistic; None without any."""
        rows = [row["ratio"] for row in self.facts(targets) if not row["targeted"]]
        return max(rows, default=None)

    def _count(self, events: Events, place: int, sign: int) -> None:
        if events.n_events == 0:
            return
        for name, found in _statistics(events):
            counter = self.counts.setdefault(name, _nothing())[place]
            for level, number in found.items():
                counter[level] += sign * number


def total_variation(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Return half the absolute difference of two distributions given by counts, 0 to 1."""
    n, m = max(sum(one.values()), 1), max(sum(other.values()), 1)
    levels = {*one, *other}
    # Summed exactly: whatever the order in which parts came, the number is the same.
    return math.fsum(abs(one.get(k, 0) / n - other.get(k, 0) / m) for k in levels) / 2


def _nothing() -> list[Counts]:
    return [Counter() for _ in range(_HALVES + 1)]


def _row(name: str, columns: list[Counts], targeted: bool) -> dict[str, Any]:
    one, other, after = columns
    distance, noise = total_variation(one + other, after), total_variation(one, other)
    ratio = distance / noise if noise > 0 else (0.0 if distance == 0 else np.inf)
    held = targeted or ratio <= LIMIT
    return {
        "statistic": name,
        "distance": distance,
        "noise": noise,
        # JSON knows no infinity; a thousand times the noise is far enough.
        "ratio": float(min(ratio, 1000.0)),
        "targeted": targeted,
        "status": "PASS" if held else "FAIL",
    }


def _statistics(events: Events) -> Iterator[tuple[str, Mapping[str, int]]]:
    seconds = events.seconds()
    yield "length", _tally(_octaves(events.lengths.astype(np.float64)))
    yield "weekday", _tally(np.floor(seconds / SECONDS_PER_DAY).astype(np.int64) % 7)
    if events.schema.resolution == "clock":
        yield "hour", _tally(np.floor(seconds / 3600).astype(np.int64) % 24)
    same: Flags = np.diff(events.owner) == 0
    yield "gap", _tally(_octaves(np.diff(seconds)[same]))
    for channel in events.schema.with_role("channel"):
        if channel.kind in ("amount", "number"):
            yield _named(channel), _tally(_octaves(events.numbers(channel.name)))
        elif channel.kind in ("category", "flag"):
            yield _named(channel), _levels(events, channel.name)


def _named(channel: Channel) -> str:
    """Return the meaning, by which a scenario for any table can name its target."""
    return channel.meaning or channel.name


def _octaves(values: Floats) -> Ints:
    """Return the size of each value as a signed bin of half an octave; missing is its own."""
    size = np.floor(_BINS_PER_OCTAVE * np.log2(1.0 + np.abs(np.nan_to_num(values))))
    signed = np.where(np.isnan(values), 10_000, np.sign(np.nan_to_num(values)) * size)
    return np.asarray(signed, dtype=np.int64)


def _tally(values: Ints) -> dict[str, int]:
    levels, counts = np.unique(values, return_counts=True)
    return dict(zip(map(str, levels.tolist()), counts.tolist(), strict=True))


def _levels(events: Events, name: str) -> Counts:
    codes, levels = events.codes(name)
    counts = np.bincount(codes + 1, minlength=len(levels) + 1)
    found: Counts = Counter()
    for level, number in zip(["", *levels], counts.tolist(), strict=True):  # missing is -1
        found[str(zlib.crc32(level.encode()) % BUCKETS)] += number
    return found
