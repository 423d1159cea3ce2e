"""Pieces of sequences: which are learned from, which are set aside, and batches of them.

Knows where sequences begin and end, not what is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from riskgen.data.size.windows import longest_stretch
from riskgen.models.timegan.blocks import blocked

Indices = NDArray[np.int64]

MIN_SEQUENCES = 20
"""With fewer sequences, windows of time are set aside instead of sequences [J]."""

MOST_HELD_OUT = 1024
"""Sequences set aside at most: a mean over so many is exact enough to decide when to
stop, and a look at all of 4,000 took longer than the steps between two looks [J]."""

POOL = 16
"""Batches that are sorted by length together, so that little is padding [J]."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """Pieces of sequences that training or held-out looks may use.

    Attributes
    ----------
    sequence, start, stop : ndarray of shape (n_stretches,), int64
        Events ``start`` to ``stop`` (row numbers of the panel) of a sequence.
    """

    sequence: Indices = field(repr=False)
    start: Indices = field(repr=False)
    stop: Indices = field(repr=False)

    @property
    def lengths(self) -> Indices:
        """Events of each stretch."""
        return self.stop - self.start

    def take(self, keep: Indices) -> Stretches:
        """Return the named stretches."""
        return Stretches(self.sequence[keep], self.start[keep], self.stop[keep])


def divide(
    offsets: Indices,
    held_out: float,
    window: int,
    rng: np.random.Generator,
    spans: Indices | None = None,
) -> tuple[Stretches, Stretches, Indices]:
    """Set aside sequences, or stretches of time where sequences share one or are few.

    Returns
    -------
    training, held_out : Stretches
        Disjoint.
    sequences : ndarray of int64
        Sequences set aside whole; empty when windows of time are.
    """
    n_sequences = len(offsets) - 1
    whole = Stretches(np.arange(n_sequences), offsets[:-1], offsets[1:])
    if spans is not None:
        rest, aside = blocked(spans, held_out)
        return _nonempty(whole.take(rest)), _nonempty(whole.take(aside)), aside
    if n_sequences >= MIN_SEQUENCES:
        count = min(max(1, round(held_out * n_sequences)), MOST_HELD_OUT)
        aside = np.sort(rng.permutation(n_sequences)[:count])
        rest = np.setdiff1d(np.arange(n_sequences), aside)
        return _nonempty(whole.take(rest)), _nonempty(whole.take(aside)), aside
    return *_divide_time(offsets, held_out, window), np.empty(0, np.int64)


def _divide_time(offsets: Indices, held_out: float, window: int) -> tuple[Stretches, Stretches]:
    """Set aside every k-th window of each sequence, counted from the middle of a period."""
    every = max(2, round(1.0 / held_out))
    train: list[tuple[int, int, int]] = []
    aside: list[tuple[int, int, int]] = []
    for sequence, (first, last) in enumerate(pairwise(offsets)):
        piece = int(min(window, max(1, (last - first) // every)))
        begin = int(first)
        for start in range(int(first) + piece * (every // 2), int(last), piece * every):
            train.append((sequence, begin, start))
            begin = min(start + piece, int(last))
            aside.append((sequence, start, begin))
        train.append((sequence, begin, int(last)))
    return _nonempty(_stretches(train)), _nonempty(_stretches(aside))


def _stretches(parts: list[tuple[int, int, int]]) -> Stretches:
    table = np.array(parts, dtype=np.int64).reshape(-1, 3)
    return Stretches(table[:, 0], table[:, 1], table[:, 2])


def _nonempty(stretches: Stretches) -> Stretches:
    return stretches.take(np.flatnonzero(stretches.lengths > 0))


def shortened(stretches: Stretches, window: int) -> Stretches:
    """Return the heads of stretches that would dominate a mean over events, the others whole."""
    longest = longest_stretch(stretches.lengths, window)
    stop = np.minimum(stretches.stop, stretches.start + longest)
    return Stretches(stretches.sequence, stretches.start, stop)


def cut(stretches: Stretches, window: int) -> Stretches:
    """Cut stretches into windows of at most ``window`` events, side by side."""
    pieces = -(-stretches.lengths // window)
    owner = np.repeat(np.arange(len(pieces)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start = stretches.start[owner] + number * window
    stop = np.minimum(start + window, stretches.stop[owner])
    return Stretches(stretches.sequence[owner], start, stop)


def epoch_windows(
    stretches: Stretches, window: int, per_entity: bool, rng: np.random.Generator
) -> Stretches:
    """Return one epoch of windows at random offsets.

    With ``per_entity`` each stretch gives one window, so that each entity
    counts once; otherwise as many as its length asks for.
    """
    repeats = np.ones(len(stretches.lengths), dtype=np.int64)
    if not per_entity:
        repeats = -(-stretches.lengths // window)
    chosen = stretches.take(np.repeat(np.arange(len(repeats)), repeats))
    room = np.maximum(chosen.lengths - window, 0)
    # Offsets reach past both ends and are pulled back: first and last events would
    # otherwise be seen less often than any other.
    reach = np.where(room > 0, window // 2, 0)
    shift = np.floor(rng.random(len(room)) * (room + 2 * reach + 1)).astype(np.int64) - reach
    start = chosen.start + np.clip(shift, 0, room)
    return Stretches(chosen.sequence, start, np.minimum(start + window, chosen.stop))


def bucketed(windows: Stretches, batch: int, rng: np.random.Generator) -> list[Stretches]:
    """Shuffle windows into batches of about equal lengths."""
    order = rng.permutation(len(windows.lengths))
    batches: list[Indices] = []
    for first in range(0, len(order), batch * POOL):
        pool = order[first : first + batch * POOL]
        pool = pool[np.argsort(windows.lengths[pool], kind="stable")]
        batches += [pool[k : k + batch] for k in range(0, len(pool), batch)]
    return [windows.take(batches[k]) for k in rng.permutation(len(batches))]
