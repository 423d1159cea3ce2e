"""Each entity as one point, so that "near" can be said of two customers.

Two blocks of equal weight: what an entity does as a whole, and its first
events one by one. Scales are fitted on the generator's entities and on what it
made, never on the control. Knows neither attacks nor thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from riskgen.data.events import Events

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_EVENTS = 5  # [J] as many as the shortest sequence that counts as a copy
TOP_LEVELS = 8  # [J] levels of a category that get their own axis; the rest share one
CLIP = 5.0  # [J] robust deviations; one wild amount must not outweigh all other axes
IQR_TO_SD = 1.349  # interquartile range of a standard normal
DIGITS = 6  # distances below 1e-6 are rounding of the dot-product form of the norm


@dataclass(frozen=True, eq=False)
class EntitySpace:
    """The axes in which entities are compared; fitted on the generator's split.

    Attributes
    ----------
    numbers, levels
        Numeric columns, and the frequent levels of each category column.
    centre, scale : ndarray of shape (n_dense,)
        Median and robust deviation of the dense axes (one-hot axes have none).
    """

    numbers: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    centre: Floats = field(repr=False)
    scale: Floats = field(repr=False)

    @classmethod
    def fit(cls, events: Events, synthetic: Events | None = None) -> EntitySpace:
        """Choose axes and scales from ``events`` (the generator's entities).

        Where ``synthetic`` entities spread more, or lie elsewhere, an axis is
        scaled by that: what a generator gets wrong for everyone (months of 29
        to 32 days) must not drown what it remembers of one customer.
        """
        bare = cls(_numeric(events), _frequent(events), np.zeros(0), np.zeros(0))
        centre, scale = _location(np.hstack([bare._whole(events), bare._firsts(events)]))
        if synthetic is not None and synthetic.n_entities:
            made = np.hstack([bare._whole(synthetic), bare._firsts(synthetic)])
            other, wider = _location(made)
            scale = np.maximum(scale, np.maximum(wider, np.abs(other - centre)))
        return cls(bare.numbers, bare.levels, centre, np.where(scale > 0, scale, 1.0))

    def vectors(self, events: Events) -> Floats:
        """Return one point an entity, shape (n_entities, n_axes), in robust deviations.

        The squared distance of two entities is the mean squared difference
        over aggregate axes plus that over first-event axes; a category that
        differs counts 1 (Gower 1971's mismatch, in Euclidean form).
        """
        whole, firsts = self._whole(events), self._firsts(events)
        dense = (np.hstack([whole, firsts]) - self.centre) / self.scale
        dense = np.clip(dense, -CLIP, CLIP)
        cut = whole.shape[1]
        events_block = np.hstack([dense[:, cut:], self._first_levels(events) / np.sqrt(2.0)])
        blocks = [dense[:, :cut], events_block]
        return np.hstack([block / np.sqrt(max(block.shape[1], 1)) for block in blocks])

    def _whole(self, events: Events) -> Floats:
        gaps, seconds = _gaps(events), events.seconds()
        columns = [np.log(np.maximum(events.lengths, 1)), seconds[events.offsets[:-1]]]
        columns += _summary(np.log1p(gaps), events, ~_is_first(events))
        for name in self.numbers:
            values = signed_log(events.numbers(name))
            columns += _summary(values, events, np.isfinite(values))
        for name, levels in self.levels.items():
            columns += _shares(_level_index(events, name, levels), len(levels), events)
        return np.column_stack(columns)

    def _firsts(self, events: Events) -> Floats:
        rows, there = _first_rows(events)
        gaps = np.log1p(_gaps(events))
        columns = [np.where(there, gaps[rows], 0.0)[:, 1:], there[:, 1:].astype(float)]
        for name in self.numbers:
            values = np.nan_to_num(signed_log(events.numbers(name)))
            columns.append(np.where(there, values[rows], 0.0))
        return np.hstack(columns)

    def _first_levels(self, events: Events) -> Floats:
        rows, there = _first_rows(events)
        blocks = [np.zeros((events.n_entities, 0))]
        for name, levels in self.levels.items():
            index = np.where(there, _level_index(events, name, levels)[rows], len(levels))
            blocks.append(np.eye(len(levels) + 1)[index].reshape(events.n_entities, -1))
        return np.hstack(blocks)


def nearest(queries: Floats, base: Floats, k: int = 1) -> tuple[Floats, Ints]:
    """Return distances and indices of the ``k`` nearest points of ``base``.

    Parameters
    ----------
    queries, base : ndarray of shape (n, n_axes), (m, n_axes)
        Points; ``base`` must hold at least one.

    Returns
    -------
    distances, indices : ndarray of shape (n, min(k, m))
        Nearest first; distances are rounded to 1e-6, so that equal points have 0.
    """
    search = NearestNeighbors(n_neighbors=min(k, len(base)), algorithm="brute").fit(base)
    distances, indices = search.kneighbors(queries)
    return np.round(distances, DIGITS), indices.astype(np.int64)


def signed_log(values: Floats) -> Floats:
    """Return sign(x) log(1 + |x|), so that amounts of all sizes can be compared."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _location(dense: Floats) -> tuple[Floats, Floats]:
    """Return median and robust deviation of each axis; the plain one where that is 0."""
    quarter, centre, upper = np.quantile(dense, [0.25, 0.5, 0.75], axis=0)
    robust = (upper - quarter) / IQR_TO_SD
    return centre, np.where(robust > 0, robust, dense.std(axis=0))


def _numeric(events: Events) -> tuple[str, ...]:
    found = events.schema.with_role("channel", "context")
    return tuple(c.name for c in found if c.kind in ("amount", "number"))


def _frequent(events: Events) -> dict[str, tuple[str, ...]]:
    chosen = {}
    for channel in events.schema.with_role("channel", "context"):
        if channel.kind in ("category", "flag"):
            codes, levels = events.codes(channel.name)
            counts = np.bincount(codes[codes >= 0], minlength=len(levels))
            top = np.argsort(-counts, kind="stable")[:TOP_LEVELS]
            chosen[channel.name] = tuple(levels[i] for i in top)
    return chosen


def _level_index(events: Events, name: str, levels: tuple[str, ...]) -> Ints:
    codes, texts = events.codes(name)
    places = {text: i for i, text in enumerate(levels)}
    table = np.array([places.get(text, len(levels)) for text in texts] + [len(levels)])
    return table[codes].astype(np.int64)  # missing is -1, the last entry


def _is_first(events: Events) -> NDArray[np.bool_]:
    first = np.zeros(events.n_events, dtype=bool)
    first[events.offsets[:-1]] = True
    return first


def _gaps(events: Events) -> Floats:
    gaps = np.diff(events.seconds(), prepend=0.0)
    gaps[_is_first(events)] = 0.0
    return np.maximum(gaps, 0.0)


def _first_rows(events: Events) -> tuple[Ints, NDArray[np.bool_]]:
    steps = np.arange(FIRST_EVENTS)
    there = steps < events.lengths[:, None]
    return np.where(there, events.offsets[:-1, None] + steps, 0), there


def _summary(values: Floats, events: Events, known: NDArray[np.bool_]) -> list[Floats]:
    """Mean, deviation, smallest and largest known value of each entity; 0 where none."""
    owner, size = events.owner, events.n_entities
    kept = np.where(known, values, 0.0)
    count = np.maximum(np.bincount(owner, known, size), 1)
    mean = np.bincount(owner, kept, size) / count
    centred = np.where(known, kept - mean[owner], 0.0)
    spread = np.sqrt(np.bincount(owner, centred**2, size) / count)
    filled = np.where(known, values, mean[owner])
    starts = events.offsets[:-1]
    lowest, highest = np.minimum.reduceat(filled, starts), np.maximum.reduceat(filled, starts)
    return [mean, spread, lowest, highest]


def _shares(index: Ints, n_levels: int, events: Events) -> list[Floats]:
    owner, size = events.owner, events.n_entities
    cells = np.bincount(owner * (n_levels + 1) + index, minlength=size * (n_levels + 1))
    shares = cells.reshape(size, -1) / np.maximum(events.lengths, 1)[:, None]
    return list(shares[:, :n_levels].T)
