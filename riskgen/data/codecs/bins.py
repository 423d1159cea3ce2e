"""Whole numbers as levels with a place inside: a monotone map and its inverse.

The building block of amounts, gaps, start and length; it knows no column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import (
    SMALLEST_GROUP,
    Floats,
    Ints,
    guarded_range,
    round_significant,
)

INNER_KNOTS = 4  # knots of the inverse distribution function inside a bin [J]
WIDE = 2.0  # a piece whose ends differ by more than this factor is cut on a log scale [J]
LAST_PLACE = 1.0 - 2.0**-40  # a place below 1 that survives being added to a level


@dataclass(frozen=True, eq=False)
class Bins:
    """Cells ``[edge, next edge)`` of whole numbers, each with equal parts inside.

    A number becomes a height: the level is its whole part, and the part after
    the decimal point says how far up the cell it lies, in probability. Pieces
    between knots are linear, or logarithmic where they are wide. Numbers
    outside are clipped to the first and the last cell.

    Attributes
    ----------
    knots : ndarray of shape (n_knots,)
        Increasing whole numbers; the last one is the first number outside.
    heights : ndarray of shape (n_knots,)
        0 to ``levels``, increasing; edges of cells have whole heights.
    """

    knots: Floats = field(repr=False)
    heights: Floats = field(repr=False)

    @classmethod
    def between(cls, edges: Sequence[float]) -> Bins:
        """Return cells with given edges; equal whole edges are merged."""
        knots: Floats = np.unique(np.round(np.asarray(edges, dtype=np.float64)))
        return cls(knots, np.arange(len(knots), dtype=np.float64))

    @classmethod
    def fit(cls, values: Floats, owners: Ints, probabilities: Floats) -> Bins:
        """Return quantile cells that each hold events of at least 11 entities.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Whole numbers; clipped to the range that 11 entities reach.
        owners : ndarray of shape (n,), int64
            Entity of each value, not falling.
        probabilities : ndarray of shape (n_inner_edges,)
            Where the inner edges lie. Edges are rounded to 3 significant digits.
        """
        low, high = guarded_range(values, owners)
        order = np.argsort(values, kind="stable")
        values, owners = np.clip(values[order], low, high), owners[order]
        # From 2^53 on, one more is no larger number.
        end = max(high + 1.0, float(np.nextafter(high, np.inf)))
        cuts = _cuts(values, low, end, probabilities)
        edges = populated(cuts, values, owners)
        pieces = [_inner(values, owners, *pair) for pair in pairwise(edges)]
        heights = [level + part for level, (_, part) in enumerate(pieces)]
        return cls(
            np.append(np.concatenate([knots for knots, _ in pieces]), edges[-1]),
            np.append(np.concatenate(heights), float(len(pieces))),
        )

    @property
    def levels(self) -> int:
        """Number of cells."""
        return int(self.heights[-1])

    @property
    def low(self) -> float:
        """Smallest number that is not clipped."""
        return float(self.knots[0])

    @property
    def high(self) -> float:
        """Largest number that is not clipped."""
        return float(self.knots[-1] - 1.0)

    def encode(self, values: Floats) -> Floats:
        """Return heights in [0, levels) of whole numbers, shape as given."""
        # The middle of the number's unit interval, so that decoding may floor.
        x = np.clip(values, self.low, self.high) + 0.5
        # From 2^53 on, half a unit above the last number is the last knot itself.
        piece = np.searchsorted(self.knots, x, side="right") - 1
        piece = np.minimum(piece, len(self.knots) - 2)
        bottom, top = self.heights[piece], self.heights[piece + 1]
        height = bottom + (top - bottom) * self._part(x, piece)
        level = np.floor(bottom)
        return np.asarray(level + np.minimum(height - level, LAST_PLACE))

    def decode(self, heights: Floats) -> Floats:
        """Return the whole numbers at ``heights``."""
        piece = np.searchsorted(self.heights, heights, side="right") - 1
        piece = np.clip(piece, 0, len(self.knots) - 2)
        bottom, top = self.heights[piece], self.heights[piece + 1]
        x = self._number((heights - bottom) / (top - bottom), piece)
        return np.clip(np.floor(x), self.knots[piece], self.knots[piece + 1] - 1.0)

    def bounds(self, levels: Ints) -> tuple[Floats, Floats]:
        """Return the smallest and the largest number of each of ``levels``."""
        edges = self.knots[np.isin(self.heights, np.arange(self.levels + 1))]
        return edges[levels], edges[levels + 1] - 1.0

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {"knots": self.knots.tolist(), "heights": self.heights.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Bins:
        """Return the bins that ``state`` was taken from."""
        return cls(np.array(state["knots"], float), np.array(state["heights"], float))

    @cached_property
    def _scales(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which pieces are wide: of positive numbers, and of negative ones."""
        low, high = self.knots[:-1], self.knots[1:]
        return (low >= 1.0) & (high > WIDE * low), (high <= -1.0) & (low < WIDE * high)

    def _part(self, x: Floats, piece: Ints) -> Floats:
        low, high = self.knots[piece], self.knots[piece + 1]
        rising, falling = (scale[piece] for scale in self._scales)
        part = (x - low) / (high - low)
        part[rising] = np.log(x[rising] / low[rising]) / np.log(high[rising] / low[rising])
        ratio = np.log(low[falling] / high[falling])
        part[falling] = 1.0 - np.log(x[falling] / high[falling]) / ratio
        return np.asarray(part)

    def _number(self, part: Floats, piece: Ints) -> Floats:
        low, high = self.knots[piece], self.knots[piece + 1]
        rising, falling = (scale[piece] for scale in self._scales)
        x = low + part * (high - low)
        x[rising] = low[rising] * (high[rising] / low[rising]) ** part[rising]
        ratio = low[falling] / high[falling]
        x[falling] = high[falling] * ratio ** (1.0 - part[falling])
        return np.asarray(x)


def _cuts(values: Floats, low: float, end: float, probabilities: Floats) -> Floats:
    """Return rounded quantiles strictly inside (low, end), with both ends."""
    if len(values) == 0:
        return np.array([low, end])
    # The number after a quantile starts the next cell, so that a heavy value closes its own.
    found = round_significant(np.floor(np.quantile(values, probabilities)) + 1.0)
    inside = np.unique(found[(found > low) & (found < end)])
    return np.concatenate([[low], inside, [end]])


def populated(cuts: Floats, values: Floats, owners: Ints) -> Floats:
    """Drop inner cuts until each cell holds events of at least 11 entities.

    ``cuts`` has both ends; ``values`` are in increasing order.
    """
    rows = np.searchsorted(values, cuts)

    def enough(first: int, last: int) -> bool:
        return len(np.unique(owners[rows[first] : rows[last]])) >= SMALLEST_GROUP

    kept, end = [0], len(cuts) - 1
    for cut in range(1, end):
        if enough(kept[-1], cut):
            kept.append(cut)
    while len(kept) > 1 and not enough(kept[-1], end):
        kept.pop()
    return cuts[[*kept, end]]


def _inner(values: Floats, owners: Ints, low: float, end: float) -> tuple[Floats, Floats]:
    """Return the knots of one cell, its end left out, and their heights in [0, 1)."""
    first, last = np.searchsorted(values, [low, end])
    values, owners = values[first:last], owners[first:last]
    parts = np.arange(1, INNER_KNOTS + 1) / (INNER_KNOTS + 1)
    knots = populated(_cuts(values, low, end, parts), values, owners)[:-1]
    return knots, np.searchsorted(values, knots) / max(len(values), 1)
